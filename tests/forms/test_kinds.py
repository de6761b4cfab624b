"""A new form kind is one module; a bad one stops the start and says why."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from flask import url_for

from leadcapture.forms import kinds
from leadcapture.forms.description import describe_fields
from leadcapture.forms.kind import BadKind

GUESTBOOK = """
from leadcapture.forms.kind import Ask, FormKind
KIND = FormKind(
    name={name!r}, title="Guest book", description="", purpose="guestbook",
    texts={texts!r},
    asks=lambda settings: (Ask("guestbook", "statement"),),
    on_confirmed=lambda session, now, filled, contact, effects: {{"title": "Thank you", "text": ""}},
)
"""
TEXTS = {"title": "Guest book", "intro": "", "button": "Sign", "statement": "I agree to be named."}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Path:
    """An empty package `kinds_of_this_test` that can be imported."""
    monkeypatch.syspath_prepend(tmp_path)
    for name in [name for name in sys.modules if name.startswith("kinds_of_this_test")]:
        monkeypatch.delitem(sys.modules, name)
    package = tmp_path / "kinds_of_this_test"
    package.mkdir()
    (package / "__init__.py").touch()
    return package


def discover(folder: Path) -> dict:
    return kinds.discover([str(folder)], folder.name)


def test_a_kind_dropped_into_the_folder_is_there(folder):
    (folder / "guestbook.py").write_text(GUESTBOOK.format(name="guestbook", texts=TEXTS))
    found = discover(folder)
    assert list(found) == ["guestbook"]
    kind = found["guestbook"]
    assert [field["name"] for field in describe_fields(kind.fields({}))] == ["email"]
    assert [statement.statement for statement in kind.statements({}, 1, "Demo shop")] == ["I agree to be named."]


def test_a_kind_may_be_a_package(folder):
    (folder / "guestbook").mkdir()
    (folder / "guestbook" / "__init__.py").write_text(GUESTBOOK.format(name="guestbook", texts=TEXTS))
    assert list(discover(folder)) == ["guestbook"]


def test_two_kinds_of_one_name_stop_the_start(folder):
    (folder / "one.py").write_text(GUESTBOOK.format(name="guestbook", texts=TEXTS))
    (folder / "two.py").write_text(GUESTBOOK.format(name="guestbook", texts=TEXTS))
    with pytest.raises(BadKind, match=r"two: there already is a form kind 'guestbook'"):
        discover(folder)


def test_a_module_without_a_kind_stops_the_start(folder):
    (folder / "forgotten.py").write_text("KIND = None")
    with pytest.raises(BadKind, match="forgotten exposes no KIND"):
        discover(folder)


def test_a_kind_that_asks_for_consent_without_words_stops_the_start(folder):
    (folder / "mute.py").write_text(GUESTBOOK.format(name="mute", texts={"title": "x"}))
    with pytest.raises(BadKind, match="lacks the texts: intro, button, statement"):
        discover(folder)


def test_a_kind_with_an_impossible_name_stops_the_start(folder):
    (folder / "bad.py").write_text(GUESTBOOK.format(name="Guest Book", texts=TEXTS))
    with pytest.raises(BadKind, match="is no name"):
        discover(folder)


def test_the_kinds_we_bring_are_found():
    assert {"offline", "subscription"} <= set(kinds.registry())


@pytest.mark.parametrize("kind", [kind.name for kind in kinds.registry().values() if kind.manage])
def test_the_page_of_a_kind_opens_for_those_it_says(kind: str, make_form, signed_in, app):
    form = make_form(kind, publish=False)
    with app.test_request_context():
        page = url_for(kinds.by_name(kind).manage, public_id=form.public_id)
    role = kinds.by_name(kind).manage_role
    assert signed_in("alice").get(page).status_code == 200
    assert signed_in("bob").get(page).status_code == (200 if role == "operator" else 403)
