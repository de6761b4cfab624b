"""A form kind dropped into a folder is in the registry, the editor, the panel and the hosted page, with nothing else
changed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import expect

from tests.e2e.conftest import HostSite, Watched, confirm, send, snippet
from tests.e2e.console import sign_in
from tests.servers import Service

GUESTBOOK = '''
"""A guest book."""

from wtforms import StringField
from wtforms.validators import DataRequired

from leadcapture.forms.kind import Ask, FormKind, NamedVisitorForm, Outcome, SettingsForm


class Visitor(NamedVisitorForm):
    words = StringField("Your words", [DataRequired("Write something.")])


class Owner(SettingsForm):
    answer = StringField("What we answer")


def on_confirmed(session, now, filled, contact, effects):
    return Outcome(title="You are in the book", text=filled.settings.get("answer", "") + " " + filled.data["words"])


KIND = FormKind(
    name="guestbook",
    title="Guest book",
    description="Visitors leave a word.",
    purpose="guestbook",
    texts={"title": "Sign our book", "intro": "", "button": "Sign", "statement": "I agree to be named."},
    asks=lambda settings: (Ask("guestbook", "statement"),),
    on_confirmed=on_confirmed,
    visitor_form=Visitor,
    settings_form=Owner,
)
'''


def test_a_kind_of_ones_own_is_one_file_in_a_folder(
    tmp_path: Path,
    make_service: Callable[..., Service],
    person: Callable[..., Watched],
    host_site: HostSite,
) -> None:
    folder = tmp_path / "kinds"
    folder.mkdir()
    (folder / "guestbook.py").write_text(GUESTBOOK)
    (folder / "guestbook.html").write_text(
        '{% extends "forms/form.html" %}{% block fields %}<p>Its own page.</p>{{ super() }}{% endblock %}'
    )
    service = make_service(FORM_KINDS=str(folder))
    service.seed_demo()
    service.start()
    key = service.demo["site_key"]

    # In the registry and the editor: alice makes one, sets it and publishes it.
    owner = person()
    console = owner.page()
    sign_in(console, service.url, service.operator("owner"))
    console.goto(f"{service.url}/console/forms/new")
    console.locator("form", has=console.locator("[name=kind][value=guestbook]")).locator("button").first.click()
    console.fill("[name=answer]", "We thank you for:")
    console.get_by_role("button", name="Save").click()
    console.get_by_role("button", name="Publish").click()
    expect(console.locator(".badge", has_text="Published").first).to_be_visible()

    # On its own page, without scripts.
    plain = person(java_script_enabled=False).page()
    plain.goto(f"{service.url}/f/{key}/guest-book")
    expect(plain.locator("main")).to_contain_text("Its own page.")
    plain.fill("[name=email]", "plain@example.net")
    plain.check("[name=consent]")
    plain.locator("main [data-lc=submit]").click()
    expect(plain.locator("main")).to_contain_text("Write something.")
    plain.fill("[name=words]", "a plain day")
    plain.locator("main [data-lc=submit]").click()
    confirm(plain, service, "plain@example.net")
    expect(plain.locator("main")).to_contain_text("We thank you for: a plain day")

    # In the panel.
    visitor = person()
    page = visitor.page()
    page.goto(host_site.put("/", snippet(service.url, key)))
    expect(page.locator("[data-lc=launcher]")).to_be_visible()
    page.evaluate("leadcapture.show('guest-book')")
    form = page.locator("[data-lc=panel] [data-lc=form]")
    form.locator("[name=email]").fill("panel@example.net")
    form.locator("[name=words]").fill("a fine shop")
    form.locator("[name=consent]").check()
    send(form, page.locator("[data-lc=done]"), "panel@example.net")
    confirm(person().page(), service, "panel@example.net")
    expect(page.locator("[data-lc=done]")).to_contain_text("We thank you for: a fine shop")
    assert visitor.complaints == []
