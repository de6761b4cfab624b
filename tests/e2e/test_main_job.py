"""The main job in a real browser: the host page is on another origin, under a strict Content-Security-Policy."""

from __future__ import annotations

import csv
import io
import re
import urllib.request
from collections.abc import Callable

from playwright.sync_api import expect

from tests.e2e.conftest import HostSite, Watched, snippet
from tests.e2e.console import open_conversation, open_inbox, reply, sign_in
from tests.servers import Service

ADDRESS = "dora@example.net"


def exported(service: Service) -> list[dict[str, str]]:
    lines = service.run("contacts", "export", "--site", service.demo["site_key"]).stdout
    return list(csv.DictReader(io.StringIO(lines)))


def test_from_the_pasted_line_to_a_consented_contact(
    make_service: Callable[..., Service], host_site: HostSite, person: Callable[..., Watched]
) -> None:
    service = make_service(OPERATOR_GRACE="1")
    service.seed_demo()
    service.start()
    host_site.strict(service.url)
    address = host_site.put("/", snippet(service.url, service.demo["site_key"]))

    # An operator is there; a visitor opens the chat and both write.
    operator, visitor = person(), person()
    inbox = operator.page()
    sign_in(inbox, service.url, service.operator("owner"))
    open_inbox(inbox, service.url)

    page = visitor.page()
    page.goto(address)
    launcher = page.locator("[data-lc=launcher]")
    expect(launcher).to_be_visible()
    service_requests = [url for url in visitor.requests if url.startswith(service.url)]
    assert service_requests == [f"{service.url}/widget/{service.demo['site_key']}.js"], "one request before a click"
    assert page.evaluate("() => localStorage.length + sessionStorage.length + document.cookie.length") == 0

    launcher.click()
    composer = page.locator("[data-lc=composer]")
    composer.fill("Do you deliver on Saturdays?")
    page.locator("[data-lc=send]").click()
    open_conversation(inbox, "Do you deliver on Saturdays?")
    reply(inbox, "Yes, until noon.")
    expect(page.locator("[data-lc=message][data-author=operator]")).to_contain_text("Yes, until noon.")
    composer.fill("And on Sundays?")
    page.locator("[data-lc=send]").click()
    expect(inbox.locator("[data-lc=log] [data-lc=message]", has_text="And on Sundays?")).to_be_visible()
    expect(page.locator("[data-lc=message][data-author=visitor]").first).to_have_attribute(
        "data-state", re.compile("seen|delivered")
    )

    # The last operator leaves in mid-chat: the same thread offers the offline form.
    composer.fill("I wonder whether")
    operator.context.close()
    form = page.locator("[data-lc=form]")
    expect(form).to_be_visible(timeout=20_000)
    expect(form.locator("[name=message]")).to_have_value(re.compile("I wonder whether|And on Sundays"))
    form.locator("[name=name]").fill("Dora")
    form.locator("[name=email]").fill(ADDRESS)
    form.locator("[name=message]").fill("Do you deliver on Sundays?")
    for box in form.locator("[name=consent]").all():
        assert not box.is_checked(), "consent is never pre-checked"
        box.check()
    form.locator("[data-lc=submit]").click()
    expect(page.locator("[data-lc=done]")).to_be_visible()

    # The question is in the inbox at once; the person is no contact before the address is confirmed.
    second = person()
    inbox = second.page()
    sign_in(inbox, service.url, service.operator("owner"))
    open_inbox(inbox, service.url)
    open_conversation(inbox, "Do you deliver on Sundays?")
    expect(inbox.locator("[data-lc=visitor]")).to_contain_text(re.compile("not confirmed", re.IGNORECASE))
    assert ADDRESS not in {row["email"] for row in exported(service)}

    mail = service.wait_for_email(ADDRESS)
    text = mail.get_body(("plain",)).get_content()
    link = re.search(rf"{re.escape(service.url)}/confirm/\S+", text).group()
    assert re.search(r"^\d{6}\r?$", text, re.MULTILINE), "the code stands on a line of its own"

    # Looking at the link changes nothing, however often; pressing the button does.
    for _ in range(3):
        with urllib.request.urlopen(link, timeout=10) as answer:
            assert answer.status == 200
    assert ADDRESS not in {row["email"] for row in exported(service)}
    mail_reader = person()
    confirmation = mail_reader.page()
    confirmation.goto(link)
    confirmation.locator("form [type=submit]").click()
    confirmation.wait_for_load_state()
    row = next(row for row in exported(service) if row["email"] == ADDRESS)
    assert row["status"] == "confirmed"
    assert row["name"] == "Dora"

    # The contact with its consent is in the console.
    inbox.goto(f"{service.url}/console/contacts?q={ADDRESS}")
    inbox.locator("main tr", has_text=ADDRESS).locator("a").first.click()
    expect(inbox.locator("main")).to_contain_text(ADDRESS)
    expect(inbox.locator("main")).to_contain_text(address)

    for watched in (visitor, mail_reader, second):
        assert watched.complaints == []
