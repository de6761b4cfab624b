"""Turns a template and its values into subject, text and HTML, in the language of the person who gets it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import (
    Environment,
    FileSystemLoader,
    StrictUndefined,
    Template,
    TemplateNotFound,
    UndefinedError,
    select_autoescape,
)

from leadcapture import i18n
from leadcapture.errors import LeadCaptureError
from leadcapture.mail import rules

TEMPLATES = Path(__file__).parent.parent / "templates" / "mail"


@dataclass(frozen=True)
class Rendered:
    """A mail as it will be read."""

    subject: str
    text: str
    html: str


def render(name: str, *, language: str, values: Mapping[str, Any]) -> Rendered:
    """The mail `templates/mail/NAME.txt` and `.html`; the text template's block `subject` is the subject.

    Raises LeadCaptureError with code "unresolved_field" when a template asks for a value that is not there, or is None:
    nobody shall ever read "Dear {{ name }}".
    """
    with i18n.speaking(language):
        # None is no value: left out, it stops the mail like any other that is missing.
        given = {key: value for key, value in values.items() if value is not None}
        shared = {"language": i18n.language(), "dir": i18n.direction(i18n.language()), **given}
        try:
            text = _environment.get_template(f"{name}.txt")
            subject = rules.one_line(_block(text, "subject", shared), 200)
            return Rendered(
                subject=subject,
                text=_tidy(text.render(shared)),
                html=_environment.get_template(f"{name}.html").render(shared, subject=subject),
            )
        except UndefinedError as error:
            raise LeadCaptureError(f"The mail “{name}” lacks a value: {error}.", code="unresolved_field") from error
        except TemplateNotFound as error:
            raise LeadCaptureError(f"There is no mail template {error}.", code="no_template") from error


def _line(value: Any) -> str:
    """Filter: something a visitor typed, kept from breaking out of its line."""
    return rules.one_line(str(value), 300)


def _quoted(value: Any) -> str:
    """Filter: a visitor's words in a plain text mail, each line marked as theirs."""
    lines = (rules.one_line(line, 5000) for line in str(value).splitlines())
    return "\n".join(f"> {line}".rstrip() for line in lines)


def _paragraphs(value: Any) -> list[str]:
    """Filter: a visitor's words as lines without control characters, for HTML that prints each one."""
    return [rules.one_line(line, 5000) for line in str(value).splitlines()]


def _block(template: Template, name: str, values: Mapping[str, Any]) -> str:
    return "".join(template.blocks[name](template.new_context(dict(values))))


def _tidy(text: str) -> str:
    # "-- " alone on a line parts the signature: the one blank at a line's end that means something.
    lines = [line if line == "-- " else line.rstrip() for line in text.strip().splitlines()]
    kept = [line for line, before in zip(lines, ["x", *lines], strict=False) if line or before]
    return "\n".join(kept) + "\n"


def _make_environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        autoescape=select_autoescape(["html"]),
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.install_gettext_callables(i18n.gettext, i18n.ngettext, newstyle=True)  # type: ignore[attr-defined]  # of the extension
    environment.filters.update(line=_line, quoted=_quoted, paragraphs=_paragraphs)
    return environment


_environment = _make_environment()
