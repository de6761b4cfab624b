"""A form made from scratch in the console: seen before it is saved, published, and there for visitors."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import expect

from tests.e2e.conftest import Watched
from tests.e2e.console import sign_in
from tests.servers import Service


def test_a_form_is_seen_while_it_is_made_and_then_stands_on_its_page(
    service: Service, person: Callable[..., Watched]
) -> None:
    alice = person(viewport={"width": 1280, "height": 900})
    page = alice.page()
    sign_in(page, service.url, service.demo["operators"][0])
    page.goto(f"{service.url}/console/forms/new")
    page.locator("form.kind", has=page.locator("[value=subscription]")).locator("[name=preset][value='']").click()
    preview = page.locator("[data-preview]")
    expect(preview.locator("[name=email]")).to_be_visible()
    requests = len(alice.requests)

    page.fill("[name=title]", "Spring is near")
    expect(preview.locator(".title")).to_have_text("Spring is near")
    page.locator("[data-press=add][value='add:fields']").click()
    page.fill("[name=fields-0-label]", "Favourite colour")
    expect(page.locator("[name=fields-0-options]")).to_be_hidden()
    page.select_option("[name=fields-0-type]", "radio")
    page.fill("[name=fields-0-options]", "Red\nBlue")
    expect(preview.get_by_label("Blue")).to_be_visible()
    assert not any("/v1/" in url for url in alice.requests[requests:]), "the preview sends nothing"

    preview.locator("[name=email]").fill("erin@example.net")
    preview.locator("[name=consent]").check()
    preview.locator("[data-lc=submit]").click()
    expect(page.locator("[data-preview-says]")).to_contain_text("nothing was sent")
    page.locator(".save [type=submit]").click()
    expect(page.locator(".banner.good")).to_be_visible()
    expect(preview.get_by_label("Blue")).to_be_visible()
    page.locator("form[action$='/publish'] button").click()

    with alice.context.expect_page() as opened:
        page.locator("a[target=_blank]", has_text=re.compile("own page")).first.click()
    hosted = opened.value
    expect(hosted.locator("h1")).to_have_text("Spring is near")
    expect(hosted.get_by_label("Blue")).to_be_visible()
    assert alice.complaints == []
