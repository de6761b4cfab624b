"""Turns a template and its values into subject, text and HTML, in the language of the person who gets it.

A form that is posted waits for its mail to be written, so that templates are compiled once for each language, with the
language's words already in them: what is left to do is to put the values in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import (
    Environment,
    FileSystemLoader,
    StrictUndefined,
    Template,
    TemplateNotFound,
    UndefinedError,
    nodes,
    select_autoescape,
)
from jinja2.visitor import NodeTransformer

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
        spoken = i18n.language()
        environment = _environment(spoken)
        # None is no value: left out, it stops the mail like any other that is missing.
        given = {key: value for key, value in values.items() if value is not None}
        shared = {**environment.globals, "language": spoken, "dir": i18n.direction(spoken), **given}
        try:
            text = environment.get_template(f"{name}.txt")
            subject = rules.one_line(_written(text, shared, "subject"), 200)
            html = environment.get_template(f"{name}.html")
            return Rendered(
                subject=subject,
                text=_tidy(_written(text, shared)),
                html=_written(html, {**shared, "subject": subject}),
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


def _written(template: Template, values: dict[str, Any], block: str | None = None) -> str:
    """The whole template, or one block of it, with these values, the environment's globals among them."""
    context = template.new_context(values, shared=True)
    return "".join((template.blocks[block] if block else template.root_render_func)(context))


def _tidy(text: str) -> str:
    # "-- " alone on a line parts the signature: the one blank at a line's end that means something.
    lines = [line if line == "-- " else line.rstrip() for line in text.strip().splitlines()]
    kept = [line for line, before in zip(lines, ["x", *lines], strict=False) if line or before]
    return "\n".join(kept) + "\n"


class _Environment(Environment):
    """Compiles templates in one language."""

    def __init__(self, language: str) -> None:
        super().__init__(
            loader=FileSystemLoader(TEMPLATES),
            undefined=StrictUndefined,
            autoescape=select_autoescape(["html"]),
            extensions=["jinja2.ext.i18n"],
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
            cache_size=-1,
        )
        self.language = language
        self.install_gettext_callables(i18n.gettext, i18n.ngettext, newstyle=True)  # type: ignore[attr-defined]  # of the extension
        self.filters.update(line=_line, quoted=_quoted, paragraphs=_paragraphs)

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        with i18n.speaking(self.language):
            parsed: nodes.Template = _Speaking(self).visit(super()._parse(source, name, filename))
        return parsed


class _Speaking(NodeTransformer):
    """Puts the translation in place of every `_("…")`, as the i18n extension would look it up with each mail: always a
    format, whose values are escaped where the template's are."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment

    def visit_Call(self, call: nodes.Call) -> nodes.Node:
        self.generic_visit(call)
        match call:
            case nodes.Call(node=nodes.Name(name="_"), args=[nodes.Const(value=str(words))], dyn_kwargs=None):
                given = [nodes.Pair(nodes.Const(one.key), one.value) for one in call.kwargs]
                said = i18n.gettext(words)
                spoken: nodes.Expr = nodes.MarkSafeIfAutoescape(nodes.Const(said if given else said % {}))
                if given:
                    spoken = nodes.Mod(spoken, nodes.Dict(given))
                return spoken.set_lineno(call.lineno).set_environment(self._environment)
        return call


_environment = cache(_Environment)
