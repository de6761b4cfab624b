"""The demo's club in a real browser: from the panel to the member page to the shop that checks the proof."""

from __future__ import annotations

import json
import re
import sqlite3
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import HostSite, Watched, snippet
from tests.servers import Service


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with Service(tmp_path_factory.mktemp("registration")) as service:
        service.seed_demo()
        service.start()
        yield service


def link_to(service: Service, address: str, number: int, what: str) -> str:
    text = service.wait_for_email(address, number).get_body(("plain",)).get_content()
    found = re.search(rf"{re.escape(service.url)}/{what}\S+", text)
    assert found
    return found.group()


def checked(service: Service, proof: str) -> dict[str, object]:
    """What the shop's program is told of a proof."""
    request = urllib.request.Request(
        f"{service.url}/api/v1/members/check?token={proof}",
        headers={"Authorization": f"Bearer {service.demo['api_token']}"},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        return dict(json.load(answer))


def contact_status(service: Service, address: str) -> str:
    """Out of the service's own database: a command would take longer to start than all the rest."""
    with sqlite3.connect(service.folder / "instance" / "leadcapture.db") as connection:
        (status,) = connection.execute("SELECT status FROM contacts WHERE email = ?", (address,)).fetchone()
    return str(status)


def test_a_visitor_becomes_a_member_and_the_shop_knows_it(
    service: Service, host_site: HostSite, person: Callable[..., Watched], screenshots: Path
) -> None:
    host_site.strict(service.url)
    visitor = person()
    page = visitor.page()
    page.goto(host_site.put("/", snippet(service.url, service.demo["site_key"])))
    page.wait_for_function("() => window.leadcapture?.show")
    slug = service.demo["forms"]["registration"]
    page.evaluate("slug => leadcapture.show(slug)", slug)
    form = page.locator(f"[data-lc=form][data-slug={slug}]")
    form.locator("[name=name]").fill("Erin")
    form.locator("[name=email]").fill("erin@example.net")
    page.screenshot(path=screenshots / "registration-panel.png")
    form.locator("[data-lc=submit]").click()
    done = page.locator("[data-lc=done]")
    expect(done).to_contain_text("erin@example.net", timeout=15_000)
    expect(done).not_to_contain_text("member page")
    confirmation = person().page()
    confirmation.goto(link_to(service, "erin@example.net", 1, "confirm/"))
    confirmation.locator("form [type=submit]").click()
    expect(done).to_contain_text("You are a member")
    page.screenshot(path=screenshots / "registration-panel-done.png")

    member = person()
    page = member.page()
    page.goto(link_to(service, "erin@example.net", 2, r"f/\S+/member/"))
    expect(page.locator("[data-lc=perk]")).to_have_count(2)
    expect(page.locator("main")).to_contain_text("CLUB10")
    home = page.locator("[data-lc=link]").get_attribute("href") or ""
    (proof,) = parse_qs(urlsplit(home).query)["leadcapture_member"]
    answer = checked(service, proof)
    assert (answer["member"], answer["name"], answer["form"]) == (True, "Erin", service.demo["forms"]["registration"])
    assert contact_status(service, "erin@example.net") == "confirmed"
    page.screenshot(path=screenshots / "registration-member.png", full_page=True)
    page.locator("summary").click()
    page.locator("[data-lc=leave]").click()
    expect(page.locator("main h1")).to_have_text("Your membership has ended")
    assert checked(service, proof) == {"member": False, "reason": "ended"}
    assert contact_status(service, "erin@example.net") == "unsubscribed"
    assert [said for said in (*visitor.complaints, *member.complaints) if "410" not in said] == []


def test_a_member_is_made_on_the_hosted_page_without_javascript(
    service: Service, person: Callable[..., Watched], screenshots: Path
) -> None:
    visitor = person(java_script_enabled=False)
    page = visitor.page()
    hosted = f"{service.url}/f/{service.demo['site_key']}/{service.demo['forms']['registration']}"
    page.goto(hosted)
    page.locator("[name=email]").fill("frida@example.net")
    page.screenshot(path=screenshots / "registration-hosted.png", full_page=True)
    page.locator("[data-lc=submit]").click()
    expect(page.locator("main")).to_contain_text("frida@example.net")
    page.goto(link_to(service, "frida@example.net", 1, "confirm/"))
    page.locator("form [type=submit]").click()
    page.locator("[data-lc=link]").click()
    expect(page.locator("main")).to_contain_text("CLUB10")
    mine = page.url

    page.goto(hosted)
    page.get_by_role("link", name="Already a member?").click()
    page.locator("[name=email]").fill("frida@example.net")
    page.locator("form [type=submit]").click()
    expect(page.locator("main")).to_contain_text("is on its way there")
    assert link_to(service, "frida@example.net", 3, r"f/\S+/member/") == mine
    assert visitor.complaints == []
