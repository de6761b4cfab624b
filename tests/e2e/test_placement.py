"""Forms that show themselves on a host page: at their moment, one at a time, never over a chat or before consent."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect
from sqlalchemy import select

from leadcapture import clock, db
from leadcapture.forms import operations
from leadcapture.forms.models import Form
from leadcapture.forms.placement import NOTHING
from leadcapture.sites import queries as sites
from tests.e2e.conftest import HostSite, Watched, snippet
from tests.e2e.console import open_conversation, open_inbox, sign_in
from tests.servers import Service

TALL = "<h1>A page of some shop</h1>" + "<p>Something to read.</p>" * 200


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with Service(tmp_path_factory.mktemp("placement")) as service:
        service.seed_demo()
        service.start()
        yield service


@pytest.fixture
def place(service: Service, host_site: HostSite) -> Callable[..., None]:
    """`place(subscription={"where": "popup", "delay": 3}, …)`: these kinds' forms show themselves, and no others."""
    host_site.strict(service.url)

    def put(**placements: dict[str, Any]) -> None:
        def change(session: Any) -> None:
            site = sites.by_key(session, service.demo["site_key"])
            for form in session.scalars(select(Form).where(Form.site_id == site.id)):
                kept = {**NOTHING, **placements.get(form.kind, {})}
                operations.place(
                    session, clock.now(), site_id=site.id, public_id=form.public_id, inline=True, placement=kept
                )

        db.connect(f"sqlite:///{service.folder / 'instance' / 'leadcapture.db'}")
        db.write(change)
        db.close()

    return put


@pytest.fixture
def paste(service: Service) -> Callable[..., str]:
    return lambda **attributes: snippet(service.url, service.demo["site_key"], **attributes)


def arrive(visitor: Watched, address: str) -> Page:
    """A page whose clock runs as fast as the test wants."""
    page = visitor.page()
    page.clock.install()
    page.goto(address)
    expect(page.locator("[data-lc=launcher]")).to_be_visible()
    return page


def placed(page: Page, where: str) -> Locator:
    return page.locator(f"[data-lc=placed][data-where={where}]")


def expect_none(page: Page, visitor: Watched, seconds: int = 600) -> None:
    """However long the person waits, no form is even asked for."""
    page.clock.fast_forward(seconds * 1000)
    page.clock.run_for(2_000)
    page.evaluate("() => new Promise(requestAnimationFrame)")
    assert [url for url in visitor.requests if re.search(r"/v1/.*/forms/", url)] == []
    assert page.locator("[data-lc=placed]:visible").count() == 0


def leave_through_the_top(page: Page) -> None:
    page.mouse.move(300, 200)
    page.mouse.move(300, -5)


def test_a_pop_up_costs_nothing_before_its_moment_and_ends_in_a_mail(
    service: Service, host_site: HostSite, person: Callable[..., Watched], place: Callable[..., None], paste: Any
) -> None:
    place(subscription={"where": "popup", "delay": 8})
    host_site.put("/about", paste())
    visitor = person()
    visitor.context.add_init_script(
        "window.shifts = 0; new PerformanceObserver((list) => { for (const entry of list.getEntries()) "
        "window.shifts += entry.value; }).observe({ type: 'layout-shift', buffered: true });"
    )
    page = arrive(visitor, host_site.put("/", paste(), '<a href="/about">About</a>'))
    page.locator("a").focus()
    page.clock.run_for(2_000)
    assert len([url for url in visitor.requests if url.startswith(service.url)]) == 1, "one request before the moment"

    page.clock.fast_forward(8_000)
    popup = placed(page, "popup")
    expect(popup).to_be_visible()
    expect(popup).to_be_focused()
    assert page.evaluate("() => [window.shifts, localStorage.length + sessionStorage.length]") == [0, 0]
    page.keyboard.press("Escape")
    expect(popup).to_have_count(0)
    expect(page.locator("a")).to_be_focused()
    assert page.evaluate("() => Object.keys(localStorage)") == [f"leadcapture:{service.demo['site_key']}:forms"]
    page.goto(host_site.url + "/about")
    page.mouse.move(5, 5)
    page.clock.fast_forward(600_000)
    page.clock.run_for(2_000)
    assert page.locator("[data-lc=placed]").count() == 0, "closing is remembered over pages"

    page.evaluate("() => localStorage.clear()")
    page.goto(host_site.url + "/")
    page.clock.fast_forward(9_000)
    popup.locator("[name=email]").fill("popup@example.net")
    popup.locator("[name=consent]").check()
    popup.locator("[data-lc=submit]").click()
    expect(popup.locator("[data-lc=done]")).to_contain_text("popup@example.net")
    service.wait_for_email("popup@example.net")
    popup.locator("[data-lc=placed-close]").click()
    assert '"sent":true' in page.evaluate("() => Object.values(localStorage).join()")
    assert visitor.complaints == []


def test_a_slide_in_comes_with_scrolling_and_takes_nobody_out_of_what_they_do(
    host_site: HostSite, person: Callable[..., Watched], place: Callable[..., None], paste: Any
) -> None:
    place(subscription={"where": "slide", "scroll": 50})
    visitor = person()
    page = arrive(visitor, host_site.put("/", paste(), f'<input name="q">{TALL}'))
    page.locator("[name=q]").focus()
    scroll = "(share) => scrollTo(0, share * (document.documentElement.scrollHeight - innerHeight))"
    page.evaluate(scroll, 0.4)
    expect_none(page, visitor)
    page.evaluate(scroll, 0.6)
    slide = placed(page, "slide")
    expect(slide).to_be_visible()
    expect(page.locator("[name=q]")).to_be_focused()

    # What was typed is still there after a look into the chat, over which nothing stands.
    slide.locator("[name=email]").fill("half@exam")
    # The browser is slow: an Escape that comes at once still closes the panel.
    cpu = page.context.new_cdp_session(page)
    cpu.send("Emulation.setCPUThrottlingRate", {"rate": 10})
    page.evaluate("() => leadcapture.open()")
    panel = page.locator("[data-lc=panel]")
    expect(panel).to_be_visible()
    expect(slide).to_be_hidden()
    page.keyboard.press("Escape")
    cpu.send("Emulation.setCPUThrottlingRate", {"rate": 1})
    expect(panel).to_be_hidden()
    expect(slide.locator("[name=email]")).to_have_value("half@exam")
    expect(slide).to_be_visible()

    # So it does where the page keeps the focus to itself; but once the person types there, Escape is the page's own.
    for typed, still_open in (("", 0), ("chairs", 1)):
        page.evaluate("() => leadcapture.open()")
        expect(panel).to_be_visible()
        page.locator("[name=q]").focus()
        page.keyboard.type(typed)
        page.keyboard.press("Escape")
        expect(page.locator("[data-lc=panel]:visible")).to_have_count(still_open)
    page.evaluate("() => leadcapture.close()")
    slide.locator("[data-lc=placed-close]").click()
    expect(slide).to_have_count(0)
    assert visitor.complaints == []


def test_a_pop_up_for_who_leaves_takes_the_place_of_a_bar_on_the_pages_it_is_for(
    host_site: HostSite, person: Callable[..., Watched], place: Callable[..., None], paste: Any
) -> None:
    place(subscription={"where": "bar"}, calculator={"where": "popup", "exit": True, "urls": ["/shop/*"]})
    for path in ("/", "/shop/chairs"):
        host_site.put(path, paste(), TALL)
    visitor = person()
    page = arrive(visitor, host_site.url + "/")
    bar, popup = placed(page, "bar"), placed(page, "popup")
    expect(bar).to_be_visible()
    leave_through_the_top(page)
    page.clock.run_for(2_000)
    expect(bar).to_be_visible()
    assert popup.count() == 0, "not on this page"

    page.goto(host_site.url + "/shop/chairs?from=start")
    expect(bar).to_be_visible()
    leave_through_the_top(page)
    expect(popup).to_be_visible()
    expect(bar).to_be_hidden()
    popup.locator("[data-lc=placed-close]").click()
    expect(popup).to_have_count(0)
    page.clock.run_for(7_000)
    expect(bar).to_be_visible()
    bar.locator("[data-lc=placed-open]").click()
    slide = placed(page, "slide")
    expect(slide.locator("[data-lc=form]")).to_be_visible()
    expect(bar).to_have_count(0)
    assert visitor.complaints == []


def test_nothing_shows_itself_before_consent_and_withdrawing_it_takes_all_away(
    service: Service, host_site: HostSite, person: Callable[..., Watched], place: Callable[..., None], paste: Any
) -> None:
    place(subscription={"where": "slide", "delay": 1, "visits": 2})
    visitor = person()
    page = visitor.page()
    page.clock.install()
    page.goto(host_site.put("/", paste(**{"data-consent": "required"}), TALL))
    page.wait_for_function("() => !!window.leadcapture")
    page.mouse.wheel(0, 400)
    expect_none(page, visitor)
    assert len([url for url in visitor.requests if url.startswith(service.url)]) == 1
    assert page.evaluate("() => localStorage.length") == 0

    page.evaluate("() => leadcapture.consent(true)")
    expect_none(page, visitor, seconds=60)
    page.clock.fast_forward(3_600_000)
    page.reload()
    page.wait_for_function("() => !!window.leadcapture")
    page.evaluate("() => leadcapture.consent(true)")
    page.mouse.move(9, 9)
    page.clock.fast_forward(2_000)
    expect(placed(page, "slide")).to_be_visible()
    page.evaluate("() => leadcapture.consent(false)")
    expect(page.locator("[data-lc=placed], [data-lc=launcher]")).to_have_count(0)
    assert page.evaluate("() => localStorage.length") == 0
    assert visitor.complaints == []


def test_forms_are_offered_in_the_chat_and_one_comes_after_it_has_ended(
    service: Service,
    host_site: HostSite,
    person: Callable[..., Watched],
    place: Callable[..., None],
    paste: Any,
    screenshots: Path,
) -> None:
    place(
        subscription={"menu": True, "where": "popup", "delay": 0, "urls": ["/about"]},
        calculator={"menu": True, "where": "slide", "after_chat": True},
    )
    operator, visitor = person(), person()
    inbox = operator.page()
    sign_in(inbox, service.url, service.operator("owner"))
    open_inbox(inbox, service.url)
    page = visitor.page()
    about = host_site.put("/about", paste())
    page.goto(host_site.put("/", paste()))
    page.locator("[data-lc=launcher]").click()
    offer = page.locator(f"[data-lc=offer][data-slug={service.demo['forms']['subscription']}]")
    expect(page.locator("[data-lc=offer]:visible")).to_have_count(2)
    page.screenshot(path=screenshots / "menu-greeting.png")
    offer.click()
    expect(page.locator("[data-lc=panel] [data-lc=form]:visible [name=email]")).to_be_visible()
    page.locator("[data-lc=back]").click()

    composer = page.locator("[data-lc=composer]")
    composer.fill("Are you there?")
    page.locator("[data-lc=send]").click()
    expect(offer).to_have_count(0)
    page.locator("[data-lc=menu-open]").click()
    expect(offer).to_be_visible()
    page.locator("[data-lc=back]").click()

    # On the next page the chat stands open again, and what would show itself there waits.
    page.keyboard.press("Escape")
    page.locator("[data-lc=launcher]").click()
    asked = [url for url in visitor.requests if "/forms/" in url]
    with page.expect_response(lambda response: "/static/placement-" in response.url):
        page.goto(about)
    expect(composer).to_be_visible()
    assert [url for url in visitor.requests if "/forms/" in url] == asked
    page.locator("[data-lc=close]").click()
    expect(placed(page, "popup")).to_be_visible()
    page.goto(host_site.url + "/")
    page.locator("[data-lc=launcher]").click()

    open_conversation(inbox, "Are you there?")
    inbox.locator("[data-lc=close-conversation]").click()
    expect(page.locator("[data-lc=status]")).to_have_text("This chat has ended")
    assert placed(page, "slide").count() == 0, "never over an open chat"
    page.keyboard.press("Escape")
    expect(placed(page, "slide").locator("[data-lc=form]")).to_be_visible()
    assert visitor.complaints == []
