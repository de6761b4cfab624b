"""What a person gets: shown in the panel that is still open and on the page after confirming, and said in a mail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

Pairs = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Outcome:
    """Every text in the reader's language. `rows` are items with what each comes to, `total` is their sum, `code`
    something to copy, `links` go somewhere (label, address), `note` is small print."""

    title: str
    text: str = ""
    rows: Pairs = ()
    total: tuple[str, str] | None = None
    code: str = ""
    links: Pairs = ()
    note: str = ""

    def result(self) -> dict[str, Any]:
        """As the widget and the pages read it; what is empty is left out, but for title and text."""
        found = {
            "rows": [{"label": label, "value": value} for label, value in self.rows],
            "total": self.total and {"label": self.total[0], "value": self.total[1]},
            "code": self.code,
            "links": [{"label": label, "url": url} for label, url in self.links],
            "note": self.note,
        }
        return {"title": self.title, "text": self.text, **{name: value for name, value in found.items() if value}}
