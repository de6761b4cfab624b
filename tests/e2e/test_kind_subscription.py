"""A subscription, from the form in a page to the confirmed contact and the welcome."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import expect

from tests.e2e.conftest import HostSite, Watched, confirm, send, snippet
from tests.servers import Service


def test_a_subscriber_is_welcomed_once_the_address_is_confirmed(
    shop: Service, host_site: HostSite, person: Callable[..., Watched]
) -> None:
    host_site.strict(shop.url)
    visitor = person()
    page = visitor.page()
    place = '<div data-leadcapture-form="newsletter"></div>'
    page.goto(host_site.put("/", snippet(shop.url, shop.demo["site_key"]), place))
    form = page.locator("[data-lc=form]")
    form.locator("[name=email]").fill("sub@example.net")
    form.locator("[data-lc=submit]").click()
    expect(form.locator("[data-lc=error]")).to_be_visible()
    form.locator("[name=consent]").check()
    send(form, page.locator("[data-lc=done]"), "sub@example.net")
    confirm(person().page(), shop, "sub@example.net")
    expect(page.locator("[data-lc=done]")).to_contain_text("You're subscribed")
    welcome = shop.wait_for_email("sub@example.net", 2)
    assert welcome["List-Unsubscribe"]
    assert visitor.complaints == []
