"""Wrong input of each kind of field gets a sentence at the field, in the visitor's language, and stays as it was typed:
in the panel, and on the hosted page without scripts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from tests.e2e.conftest import HostSite, Watched, snippet
from tests.e2e.every_field import SLUG
from tests.servers import Service

# What is wrong with each field, and what is said about it in English: by the panel, by the page without scripts.
TYPED = {"email": "alice", "field_billing": "bob@", "field_phone": "12", "field_width": "5", "name": "Alice"}
SAID = {
    "email": "e-mail address",
    "field_street": "Fill this in",
    "field_about": "Fill this in",
    "field_billing": "e-mail address",
    "field_width": "10",
    "field_day": "Fill this in",
    "field_wood": "Choose one",
    "field_floor": "Choose one",
    "field_extras": "Choose at least one",
    "field_terms": "Tick this box",
}
RIGHT = {
    "email": "alice@example.net",
    "field_street": "High Street 1",
    "field_about": "A table",
    "field_billing": "bob@example.net",
    "field_width": "120.5",
    "field_day": "2026-12-24",
}
ARABIC = re.compile("[\u0600-\u06ff]")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The demo with one form more, which asks a question of every kind."""
    with Service(tmp_path_factory.mktemp("fields")) as service:
        service.seed_demo()
        service.run_module("tests.e2e.every_field", service.demo["site_key"])
        service.start()
        yield service


def hosted(shop: Service, slug: str = SLUG, language: str = "en") -> str:
    return f"{shop.url}/f/{shop.demo['site_key']}/{slug}?lang={language}"


def in_panel(shop: Service, host_site: HostSite, watched: Watched, slug: str = SLUG, language: str = "en") -> Locator:
    host_site.strict(shop.url)
    line = snippet(shop.url, shop.demo["site_key"], **{"data-lang": language})
    page = watched.page()
    page.goto(host_site.put("/", line) + "?utm_source=letter")
    page.wait_for_function("() => window.leadcapture")
    page.evaluate("slug => leadcapture.show(slug)", slug)
    form = page.locator(f"[data-lc=panel] [data-lc=form][data-slug={slug}]")
    expect(form).to_be_visible()
    return form


def error_at(form: Locator, name: str) -> Locator:
    """The sentence at the field, found as a screen reader finds it."""
    field = form.locator(f"[name={name}]").first
    group = field.locator("xpath=ancestor::fieldset[1]")
    described = (group if group.count() else field).get_attribute("aria-describedby") or ""
    ids = [one for one in described.split() if one.endswith("-error")]
    assert ids, f"nothing is said at {name}"
    return form.locator(f"[id='{ids[0]}']")


def fill_wrongly(form: Locator) -> None:
    for name, text in TYPED.items():
        form.locator(f"[name={name}]").fill(text)
    form.locator("[name=field_lift]").check()


def fill_rightly(form: Locator) -> None:
    for name, text in RIGHT.items():
        form.locator(f"[name={name}]").fill(text)
    form.locator("[name=field_phone]").fill("+44 20 7946 0958")
    for name, value in (("field_wood", "2"), ("field_extras", "1"), ("field_extras", "2")):
        form.locator(f"[name={name}][value='{value}']").check()
    form.locator("[name=field_floor]").select_option("1")
    form.locator("[name=field_terms]").check()
    form.locator("[name=consent]").check()


def kept(form: Locator) -> dict[str, Any]:
    return {name: form.locator(f"[name={name}]").input_value() for name in TYPED}


def test_the_panel_says_at_each_field_what_is_wrong_and_keeps_what_was_typed(
    shop: Service, host_site: HostSite, person: Callable[..., Watched]
) -> None:
    visitor = person()
    form = in_panel(shop, host_site, visitor)
    expect(form.locator("[name=field_size]")).to_be_hidden()
    fill_wrongly(form)
    expect(form.locator("[name=field_size]")).to_be_visible()
    form.locator("[data-lc=submit]").click()
    for name, sentence in {**SAID, "field_size": "Fill this in"}.items():
        expect(error_at(form, name)).to_contain_text(sentence)
    assert kept(form) == TYPED
    assert form.page.evaluate("() => document.querySelector('#leadcapture').shadowRoot.activeElement.name") == "email"

    # What only the service can judge is said at its field too.
    fill_rightly(form)
    form.locator("[name=field_lift]").uncheck()
    form.locator("[name=field_phone]").fill("12")
    form.locator("[data-lc=submit]").click()
    expect(form.locator("[data-lc=error]")).to_contain_text("phone number")
    assert form.locator("[name=field_phone]").input_value() == "12"
    assert form.locator("[name=field_extras]:checked").count() == 2

    form.locator("[name=field_phone]").fill("+44 20 7946 0958")
    form.locator("[data-lc=submit]").click()
    expect(form.page.locator("[data-lc=done]")).to_contain_text("alice@example.net")
    assert [one for one in visitor.complaints if "422" not in one] == []


def test_the_panel_says_it_in_arabic(shop: Service, host_site: HostSite, person: Callable[..., Watched]) -> None:
    form = in_panel(shop, host_site, person(), language="ar")
    fill_wrongly(form)
    form.locator("[data-lc=submit]").click()
    for name in SAID:
        expect(error_at(form, name)).to_have_text(ARABIC)
    assert kept(form) == TYPED


@pytest.mark.parametrize("language", ["en", "ar"])
def test_the_page_without_scripts_says_it_too(shop: Service, person: Callable[..., Watched], language: str) -> None:
    page = person(java_script_enabled=False).page()
    page.goto(hosted(shop, language=language))
    form = page.locator("[data-lc=form]")
    fill_wrongly(form)
    form.locator("[name=field_width]").fill("wide")
    form.locator("[name=field_extras][value='2']").check()
    form.locator("[data-lc=submit]").click()
    for name in [*SAID.keys() - {"field_extras"}, "field_phone", "field_size"]:
        expect(error_at(form, name)).to_have_text(re.compile(".") if language == "en" else ARABIC)
    assert kept(form) == {**TYPED, "field_width": "wide"}
    assert form.locator("[name=field_extras]:checked").input_value() == "2"
    assert form.locator("[name=field_lift]").is_checked()
    expect(form.locator("[id='when-field_size']")).to_be_visible()

    fill_rightly(form)
    form.locator("[name=field_lift]").uncheck()
    form.locator("[data-lc=submit]").click()
    expect(page.locator("main")).to_contain_text("alice@example.net")


def test_stars_are_chosen_by_the_keyboard(shop: Service, host_site: HostSite, person: Callable[..., Watched]) -> None:
    form = in_panel(shop, host_site, person(), shop.demo["forms"]["review"])
    form.locator("[data-lc=submit]").click()
    group = form.locator("[role=radiogroup]").first
    expect(group.locator("[data-lc=error]")).to_contain_text("stars")
    group.locator("input").first.focus()
    form.page.keyboard.press("Space")
    form.page.keyboard.press("ArrowRight")
    form.page.keyboard.press("ArrowRight")
    expect(group.locator("input:checked")).to_have_value("3")
    expect(group.locator("[data-lc=error]")).to_have_count(0)


def test_a_slip_in_the_address_is_pointed_out_and_never_refused(
    shop: Service, host_site: HostSite, person: Callable[..., Watched]
) -> None:
    form = in_panel(shop, host_site, person(), shop.demo["forms"]["subscription"])
    form.locator("[name=email]").fill("erin@gmal.com")
    form.locator("[name=consent]").first.check()
    expect(form.locator("[data-lc=suggestion]")).to_have_text("erin@gmail.com")
    form.locator("[data-lc=submit]").click()
    done = form.page.locator("[data-lc=done]")
    expect(done).to_contain_text("erin@gmal.com")
    done.locator("[data-lc=suggestion]").click()
    expect(form.locator("[name=email]")).to_have_value("erin@gmail.com")
    form.locator("[data-lc=submit]").click()
    expect(done).to_contain_text("erin@gmail.com")


def test_the_hosted_page_with_scripts_shows_fields_as_they_matter(
    shop: Service, person: Callable[..., Watched]
) -> None:
    visitor = person()
    page = visitor.page()
    page.goto(hosted(shop) + "&utm_source=letter")
    form = page.locator("[data-lc=form]")
    expect(form.locator("[name=field_source]")).to_have_value("letter")
    expect(form.locator("[name=field_size]")).to_be_hidden()
    form.locator("[name=field_lift]").check()
    expect(form.locator("[name=field_size]")).to_be_visible()
    form.locator("[name=field_lift]").uncheck()
    fill_rightly(form)
    form.locator("[name=email]").fill("dora@hotmial.com")
    form.locator("[name=field_street]").focus()
    form.locator("[data-lc=suggestion]").click()
    expect(form.locator("[name=email]")).to_have_value("dora@hotmail.com")
    form.locator("[data-lc=submit]").click()
    expect(page.locator("main")).to_contain_text("dora@hotmail.com")
    assert visitor.complaints == []
