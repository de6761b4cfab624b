"""The demo shop's reviews in a real browser: written in the panel, approved by alice, read on a page of the shop."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import (
    HostSite,
    Watched,
    confirm,
    hosted,
    mailed_link,
    send,
    send_without_scripts,
    show_in_panel,
)
from tests.e2e.console import sign_in
from tests.servers import Service

WORDS = "Friendly people, and the honey tastes of </script> summer."


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with Service(tmp_path_factory.mktemp("review")) as service:
        service.seed_demo()
        service.start()
        yield service


def test_a_review_goes_from_the_panel_over_alice_to_a_page_of_the_shop(
    service: Service, host_site: HostSite, person: Callable[..., Watched], screenshots: Path
) -> None:
    visitor, mail_reader, operator = person(), person(), person()
    lines = f'<script async src="{hosted(service, "review")}/reviews.js"></script>'
    place = f'<h1>Our shop</h1><div data-leadcapture-reviews="{service.demo["forms"]["review"]}"></div>'
    page = visitor.page()
    form, done = show_in_panel(page, service, host_site, "review", more=lines, body=place)
    expect(page.locator("[data-lc=review]")).to_have_count(1)  # the demo's
    form.locator("[name=stars][value='4']").check(force=True)
    form.locator("[name=text]").fill(WORDS)
    form.locator("[name=name]").fill("Erin")
    form.locator("[name=email]").fill("erin@example.net")
    form.locator("[name=consent][value=review]").check()
    page.screenshot(path=screenshots / "review-panel.png")
    send(form, done, "erin@example.net")
    confirm(mail_reader.page(), service, "erin@example.net")
    expect(done).to_contain_text("Thank you for your review")

    # Confirmed, it waits for alice, who finds it by the mail.
    desk = operator.page()
    sign_in(desk, service.url, service.operator("owner"))
    desk.goto(mailed_link(service, "alice@example.org", r"console/\S+/reviews"))
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
    away = mail_reader.page()
    away.goto(mailed_link(service, "erin@example.net", r"f/\S+/reviews/withdraw/\S+", 2))
    away.locator("form [type=submit]").click()
    expect(away.locator("main h1")).to_contain_text("withdrawn")
    for watched in (visitor, mail_reader, operator, reader):
        assert watched.complaints == []


def test_a_review_and_the_list_without_javascript(
    service: Service, person: Callable[..., Watched], screenshots: Path
) -> None:
    visitor = person(java_script_enabled=False)
    page = visitor.page()
    page.goto(f"{hosted(service, 'review')}/reviews")
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
    page.locator("[name=consent][value=review]").check()
    page.screenshot(path=screenshots / "review-hosted.png", full_page=True)
    send_without_scripts(page, service, "frida@example.net")
    expect(page.locator("main h1")).to_contain_text("Thank you for your review")
    assert "frida@example.net" in service.run("contacts", "export", "--site", service.demo["site_key"]).stdout
    page.goto(f"{hosted(service, 'review')}/reviews")
    expect(page.locator("main")).not_to_contain_text("Quick and kind")
    assert [said for said in visitor.complaints if "422" not in said] == []
