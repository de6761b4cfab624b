"""The hosted form from the page to the confirmed contact in a browser that runs no scripts."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import expect

from tests.e2e.conftest import Watched, contact_status, mailed_link
from tests.servers import Service


def test_a_hosted_form_works_without_javascript(shop: Service, person: Callable[..., Watched]) -> None:
    visitor = person(java_script_enabled=False)
    page = visitor.page()
    page.goto(f"{shop.url}/f/{shop.demo['site_key']}/{shop.demo['forms']['subscription']}")
    page.fill("[name=email]", "erin@example.net")
    box = page.locator("[name=consent]").first
    expect(box).not_to_be_checked()
    box.check()
    page.locator("form [type=submit]").first.click()
    expect(page.locator("main")).to_contain_text("erin@example.net")

    text = shop.wait_for_email("erin@example.net").get_body(("plain",)).get_content()
    link = re.search(rf"{re.escape(shop.url)}/confirm/\S+", text).group()
    page.goto(link)
    page.locator("form [type=submit]").click()
    confirmed = page.locator("main h1").inner_text()
    page.goto(link)
    if page.locator("form [type=submit]").count():
        page.locator("form [type=submit]").click()
    assert page.locator("main h1").inner_text() == confirmed, "again is the same success"
    exported = shop.run("contacts", "export", "--site", shop.demo["site_key"]).stdout
    assert exported.count("erin@example.net") == 1
    assert visitor.complaints == []


def test_a_question_on_its_own_page_works_without_javascript(shop: Service, person: Callable[..., Watched]) -> None:
    visitor = person(java_script_enabled=False)
    page = visitor.page()
    page.goto(f"{shop.url}/f/{shop.demo['site_key']}/{shop.demo['forms']['offline']}")
    page.fill("[name=name]", "Frank")
    page.fill("[name=email]", "frank-asks@example.net")
    page.locator("[data-lc=submit]").click()
    expect(page.locator("main")).to_contain_text("Write your question.")
    page.fill("[name=message]", "Is the shop open on Friday?")
    page.locator("[data-lc=submit]").click()
    expect(page.locator("main")).to_contain_text("frank-asks@example.net")
    page.goto(mailed_link(shop, "frank-asks@example.net", r"confirm/\S+"))
    page.locator("form [type=submit]").click()
    expect(page.locator("main h1")).to_contain_text("your question has arrived")
    assert contact_status(shop, "frank-asks@example.net") == "confirmed"
    assert [one for one in visitor.complaints if "422" not in one] == [], "but for the form that was sent half empty"
