"""Gettext, also where there is no request: mails, operations, the terminal.

The language of the moment is a context variable; the edges set it for a request, mail rendering for one mail.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import Any

from babel.support import LazyProxy, NullTranslations, Translations

LANGUAGES = ("en", "ar")
RIGHT_TO_LEFT = frozenset({"ar", "he", "fa", "ur"})
CATALOGUES = Path(__file__).parent / "translations"

_language: ContextVar[str] = ContextVar("language", default="en")


def language() -> str:
    """The language of the moment, one of LANGUAGES."""
    return _language.get()


def direction(code: str) -> str:
    """`rtl` or `ltr`, as HTML's dir wants it."""
    return "rtl" if code in RIGHT_TO_LEFT else "ltr"


def best(*wanted: str | None) -> str:
    """The first of the wanted codes that we speak (`ar-EG` counts as `ar`), else English."""
    for code in wanted:
        short = (code or "").replace("_", "-").split("-")[0].lower()
        if short in LANGUAGES:
            return short
    return "en"


def use(code: str) -> None:
    """Speak this language for the rest of the context (a request, a greenlet)."""
    _language.set(best(code))


@contextmanager
def speaking(code: str) -> Iterator[None]:
    """Speak this language inside the block."""
    token = _language.set(best(code))
    try:
        yield
    finally:
        _language.reset(token)


@cache
def _catalogue(code: str) -> NullTranslations:
    return Translations.load(CATALOGUES, [code])


def gettext(message: str, **values: Any) -> str:
    """The message in the language of the moment; `%(name)s` is filled from the keywords."""
    text: str = _catalogue(language()).ugettext(message)
    return text % values if values else text


def ngettext(one: str, many: str, number: int, **values: Any) -> str:
    """As gettext, in the plural form for `number`, which also fills `%(num)d`."""
    text: str = _catalogue(language()).ungettext(one, many, number)
    return text % {"num": number, **values}


def lazy_gettext(message: str, **values: Any) -> Any:
    """A text that is looked up when it is shown: for what is declared at import, such as a form's labels."""
    return LazyProxy(gettext, message, enable_cache=False, **values)
