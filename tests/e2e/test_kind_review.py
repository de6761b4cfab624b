"""The demo shop's reviews in a real browser: written in the panel, approved by alice, read on a page of the shop."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import HostSite, Watched, snippet
from tests.e2e.console import sign_in
from tests.servers import Service

WORDS = "Friendly people, and the honey tastes of </script> summer."


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with Service(tmp_path_factory.mktemp("review")) as service:
        service.seed_demo()
        service.start()
        yield service


def mail_text(service: Service, address: str, number: int) -> str:
    return service.wait_for_email(address, number).get_body(("plain",)).get_content()


def confirm(service: Service, page: Page, address: str) -> None:
    link = re.search(rf"{re.escape(service.url)}/confirm/\S+", mail_text(service, address, 1))
    assert link
    page.goto(link.group())
    page.locator("form [type=submit]").click()


def test_a_review_goes_from_the_panel_over_alice_to_a_page_of_the_shop(
    service: Service, host_site: HostSite, person: Callable[..., Watched], screenshots: Path
) -> None:
    host_site.strict(service.url)
    visitor, mail_reader, operator = person(), person(), person()
    key, slug = service.demo["site_key"], service.demo["forms"]["review"]
    lines = f'<script async src="{service.url}/f/{key}/{slug}/reviews.js"></script>'
    place = f'<h1>Our shop</h1><div data-leadcapture-reviews="{slug}"></div>'
    page = visitor.page()
    page.goto(host_site.put("/", snippet(service.url, key) + lines, place))
    reviews = page.locator("[data-lc=review]")
    expect(reviews).to_have_count(1)  # the demo's
    page.evaluate("slug => leadcapture.show(slug)", slug)
    form = page.locator(f"[data-lc=form][data-slug={slug}]")
    form.locator("[name=stars][value='4']").check(force=True)
    form.locator("[name=text]").fill(WORDS)
    form.locator("[name=name]").fill("Erin")
    form.locator("[name=email]").fill("erin@example.net")
    form.locator("[name=consent][value=review]").check()
    page.screenshot(path=screenshots / "review-panel.png")
    form.locator("[data-lc=submit]").click()
    done = page.locator(f"[data-lc=done][data-slug={slug}]")
    expect(done).to_contain_text("erin@example.net")
    confirm(service, mail_reader.page(), "erin@example.net")
    expect(done).to_contain_text("Thank you for your review")

    # Confirmed, it waits for alice, who finds it by the mail.
    told = re.search(rf"{re.escape(service.url)}/console/\S+/reviews", mail_text(service, "alice@example.org", 1))
    assert told
    desk = operator.page()
    sign_in(desk, service.url, service.operator("owner"))
    desk.goto(told.group())
    card = desk.locator("[data-lc=review]", has_text="Friendly people")
    desk.screenshot(path=screenshots / "review-console.png", full_page=True)
    card.locator("button[value=approved]").click()
    expect(desk.locator(".banner.good")).to_be_visible()

    # A page of another origin under a strict policy shows it, and tells search engines.
    reader = person()
    shop = reader.page()
    shop.goto(host_site.url + "/")
    first = shop.locator("[data-lc=review]").first
    expect(first).to_contain_text(WORDS)
    expect(shop.locator("[data-lc=reviews]")).to_contain_text("from 2 reviews")
    shop.screenshot(path=screenshots / "review-list.png")
    told_engines = json.loads(shop.locator("script[type='application/ld+json']").text_content() or "")
    assert told_engines["aggregateRating"] == {
        "@type": "AggregateRating",
        "ratingValue": "4.5",
        "reviewCount": 2,
        "bestRating": 5,
        "worstRating": 1,
    }
    assert told_engines["review"][0]["reviewBody"] == WORDS

    # The author is told, and takes it away again by the link in the mail.
    published = mail_text(service, "erin@example.net", 2)
    withdraw = re.search(rf"{re.escape(service.url)}/f/\S+/reviews/withdraw/\S+", published)
    assert withdraw
    away = mail_reader.page()
    away.goto(withdraw.group())
    away.locator("form [type=submit]").click()
    expect(away.locator("main h1")).to_contain_text("withdrawn")
    for watched in (visitor, mail_reader, operator, reader):
        assert watched.complaints == []


def test_a_review_and_the_list_without_javascript(
    service: Service, person: Callable[..., Watched], screenshots: Path
) -> None:
    visitor = person(java_script_enabled=False)
    page = visitor.page()
    address = f"{service.url}/f/{service.demo['site_key']}/{service.demo['forms']['review']}"
    page.goto(f"{address}/reviews")
    expect(page.locator("[data-lc=review]").first).to_contain_text("Ingrid")
    page.screenshot(path=screenshots / "review-page.png", full_page=True)
    page.get_by_role("link", name="Write a review").click()
    page.locator("[name=text]").fill("Quick")
    page.locator("[data-lc=submit]").click()
    expect(page.locator("main")).to_contain_text("Choose how many stars.")
    expect(page.locator("[name=text]")).to_have_value("Quick")
    page.locator("[name=stars][value='5']").check(force=True)
    page.locator("[name=text]").fill("Quick and kind, I will come again.")
    page.locator("[name=name]").fill("Frida")
    page.locator("[name=email]").fill("frida@example.net")
    page.locator("[name=consent][value=review]").check()
    page.screenshot(path=screenshots / "review-hosted.png", full_page=True)
    page.locator("[data-lc=submit]").click()
    confirm(service, page, "frida@example.net")
    expect(page.locator("main h1")).to_contain_text("Thank you for your review")
    assert "frida@example.net" in service.run("contacts", "export", "--site", service.demo["site_key"]).stdout
    page.goto(f"{address}/reviews")
    expect(page.locator("main")).not_to_contain_text("Quick and kind")
    assert [said for said in visitor.complaints if "422" not in said] == []
