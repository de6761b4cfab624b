"""The catalogues: whatever a person sees can be read in every language we speak.

`make messages` collects the texts, brings the catalogues up to date and compiles them; translating is done by hand.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po

from leadcapture import i18n

ROOT = Path(__file__).parent.parent
KEYWORDS = {**DEFAULT_KEYWORDS, "lazy_gettext": None}
METHODS = [
    ("leadcapture/**.py", "python"),
    ("leadcapture/templates/**.html", "jinja2"),
    ("leadcapture/templates/**.txt", "jinja2"),
]
TRANSLATED = [code for code in i18n.LANGUAGES if code != "en"]
PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]|%%")
TAG = re.compile(r"</?[a-z]+[^>]*>")


@cache
def extracted() -> frozenset[str | tuple[str, ...]]:
    """Every text of the sources that goes through gettext."""
    found = extract_from_dir(str(ROOT), METHODS, keywords=KEYWORDS, strip_comment_tags=False)
    return frozenset(tuple(message) if isinstance(message, list | tuple) else message for _, _, message, *_ in found)


@cache
def catalogue(code: str) -> Catalog:
    with (i18n.CATALOGUES / code / "LC_MESSAGES" / "messages.po").open("rb") as file:
        return read_po(file, locale=code)


def translated(code: str) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Every message of a catalogue: what it is in English, and what in that language, each in all its plural forms."""
    for message in catalogue(code):
        if message.id:
            yield _forms(message.id), _forms(message.string)


def _forms(text: str | tuple[str, ...] | list[str]) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else tuple(text)


def test_the_sources_speak_through_gettext() -> None:
    assert len(extracted()) > 300


@pytest.mark.parametrize("code", TRANSLATED)
def test_every_text_is_translated(code: str) -> None:
    known = catalogue(code)
    missing = []
    for text in extracted():
        message = known.get(text[0] if isinstance(text, tuple) else text)
        if message is None or message.fuzzy or not all(_forms(message.string)):
            missing.append(text)
    assert missing == [], "run `make messages` and translate these"


@pytest.mark.parametrize("code", TRANSLATED)
def test_nothing_is_translated_that_nobody_sees(code: str) -> None:
    ids = {text[0] if isinstance(text, tuple) else text for text in extracted()}
    assert [forms[0] for forms, _ in translated(code) if forms[0] not in ids] == [], "run `make messages`"


@pytest.mark.parametrize("code", TRANSLATED)
def test_every_plural_form_is_there(code: str) -> None:
    number = catalogue(code).num_plurals
    for english, other in translated(code):
        if len(english) > 1:
            assert len(other) == number, english


@pytest.mark.parametrize("code", TRANSLATED)
def test_translations_fill_the_same_placeholders(code: str) -> None:
    for english, other in translated(code):
        wanted = set(PLACEHOLDER.findall(english[-1]))
        for text in other:
            found = set(PLACEHOLDER.findall(text))
            # One and two are words in some languages: their plural forms need no number.
            assert found == wanted or (len(english) > 1 and found == wanted - {"num"}), (english[-1], text)


@pytest.mark.parametrize("code", TRANSLATED)
def test_translations_carry_the_same_markup(code: str) -> None:
    for english, other in translated(code):
        for text in other:
            assert sorted(TAG.findall(text)) == sorted(TAG.findall(english[-1])), (english[-1], text)


@pytest.mark.parametrize("code", TRANSLATED)
def test_the_compiled_catalogue_says_what_the_source_says(code: str) -> None:
    path = i18n.CATALOGUES / code / "LC_MESSAGES" / "messages.mo"
    with path.open("rb") as file:
        compiled = {_forms(message.id)[0]: _forms(message.string) for message in read_mo(file) if message.id}
    source = {english[0]: other for english, other in translated(code)}
    assert compiled == source, "run `make messages`"


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (1, "يعمل ليوم واحد"),
        (2, "يعمل ليومين"),
        (7, "لمدة 7 أيام"),
        (14, "لمدة 14 يومًا"),
        (100, "لمدة 100 يوم."),
    ],
)
def test_arabic_counts_as_arabic_does(number: int, words: str) -> None:
    with i18n.speaking("ar"):
        said = i18n.ngettext(
            "We've sent a link to %(email)s. It works for %(num)d day.",
            "We've sent a link to %(email)s. It works for %(num)d days.",
            number,
            email="alice@example.org",
        )
    assert words in said


def test_no_text_hides_inside_an_f_string():
    """There the collector does not see it, and it would stay English."""
    hidden = [
        f"{path.relative_to(ROOT)}:{call.lineno}"
        for path in (ROOT / "leadcapture").rglob("*.py")
        for string in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(string, ast.JoinedStr)
        for call in ast.walk(string)
        if isinstance(call, ast.Call) and getattr(call.func, "id", "") in {"_", "_n", "gettext", "lazy_gettext"}
    ]
    assert hidden == []
