"""Search over every message of an operator's sites, and over who wrote: newest first, a page at a time.

The index is the database's own (FTS5 or GIN; migration 20261122_11): it knows what was edited and what was deleted.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, bindparam, text
from sqlalchemy.orm import Session

from leadcapture import clock
from leadcapture.chat import summaries, words
from leadcapture.chat.words import Term
from leadcapture.db import UtcDateTime
from leadcapture.errors import Invalid
from leadcapture.folding import folded

HITS = 30  # in one answer
PEOPLE = 5  # conversations found by who wrote, before the messages

_MESSAGES = """
    SELECT m.id, m.public_id, m.seq, m.body, m.author_kind, m.author_name, m.created_at, c.public_id AS conversation
    FROM {source} JOIN conversations c ON c.id = m.conversation_id
    WHERE {found} AND m.id < :before AND c.site_id IN :site_ids AND m.kind <> 'system' AND m.deleted_at IS NULL
    ORDER BY {order} DESC LIMIT :limit
"""
_PEOPLE = """
    SELECT c.public_id FROM conversations c
    WHERE c.site_id IN :site_ids AND c.id IN ({found}) ORDER BY c.active_at DESC, c.id DESC LIMIT :limit
"""
_SQLITE = (
    _MESSAGES.format(
        source="message_search s JOIN messages m ON m.id = s.rowid",
        found="s.message_search MATCH :query AND s.rowid < :before",
        order="s.rowid",
    ),
    _PEOPLE.format(found="SELECT rowid FROM conversation_search WHERE conversation_search MATCH :query"),
)
# PostgreSQL takes any condition on words for one that a few rows fulfil. What many said is found among the newest
# messages; what few said is found in the index, all of it first, and put in order then.
NEWEST = 300
_POSTGRESQL_NEWEST = _MESSAGES.format(
    source="(SELECT * FROM messages WHERE id < :before ORDER BY id DESC LIMIT :newest) m",
    found="search_words(m.body) @@ to_tsquery('simple', :query)",
    order="m.id",
)
_POSTGRESQL = (
    "WITH found AS MATERIALIZED (SELECT * FROM messages WHERE search_words(body) @@ to_tsquery('simple', :query))"  # noqa: S608 our own words alone
    + _MESSAGES.format(source="found m", found="true", order="m.id"),
    _PEOPLE.format(
        found="""
        SELECT id FROM conversations
        WHERE search_words(name || ' ' || coalesce(email, '') || ' ' || subject) @@ to_tsquery('simple', :query)
        UNION SELECT o.id FROM conversations o JOIN visitors v ON v.id = o.visitor_id
        WHERE search_words(v.name) @@ to_tsquery('simple', :query)"""
    ),
)


def search(
    session: Session, site_ids: Sequence[int], looked_for: str, *, before: str | None = None
) -> tuple[list[dict[str, Any]], str | None]:
    """What is found on these sites, and the cursor of the next page (None: no more).

    A hit is {"conversation": Summary, "message": {id, seq, at, author, snippet}}; a conversation found by the name, the
    address or the subject comes first and has None for a message. Snippets are pieces of text with whether each was
    looked for, never HTML. Raises Invalid for a cursor that is not ours.
    """
    wanted = words.terms(looked_for)
    last = _read_cursor(before)
    if not wanted or not site_ids:
        return [], None
    postgresql = session.get_bind().dialect.name == "postgresql"
    of_messages, of_people = _POSTGRESQL if postgresql else _SQLITE
    asked = {"query": _tsquery(wanted) if postgresql else _fts5(wanted), "site_ids": list(site_ids)}
    page = asked | {"before": last, "limit": HITS + 1}
    rows = _rows(session, _POSTGRESQL_NEWEST, page | {"newest": NEWEST}) if postgresql else []
    if len(rows) <= HITS:
        rows = _rows(session, of_messages, page)
    people: list[str] = []
    if before is None:
        by_name = text(of_people).bindparams(bindparam("site_ids", expanding=True))
        people = list(session.scalars(by_name, asked | {"limit": PEOPLE}))
    found = [*dict.fromkeys([*people, *(row.conversation for row in rows[:HITS])])]
    known = {summary["id"]: summary for _site, summary in summaries.several(session, found)}
    hits = [{"conversation": known[public_id], "message": None} for public_id in people]
    hits += [
        {
            "conversation": known[row.conversation],
            "message": {
                "id": row.public_id,
                "seq": row.seq,
                "at": clock.wire(row.created_at),
                "author": {"kind": row.author_kind, "name": row.author_name or None},
                "snippet": [list(piece) for piece in words.snippet(row.body, wanted)],
            },
        }
        for row in rows[:HITS]
    ]
    return hits, str(rows[HITS - 1].id) if len(rows) > HITS else None


def _rows(session: Session, said: str, asked: dict[str, Any]) -> Sequence[Row[Any]]:
    statement = text(said).bindparams(bindparam("site_ids", expanding=True)).columns(created_at=UtcDateTime())
    return session.execute(statement, asked).all()


def _fts5(wanted: Sequence[Term]) -> str:
    """The terms in the language of FTS5; the words are letters and figures alone, so nothing of them is an operator."""
    return " AND ".join(f'"{" ".join(term.words)}"{"*" if term.open else ""}' for term in wanted)


def _tsquery(wanted: Sequence[Term]) -> str:
    """The terms in the language of to_tsquery."""

    def phrase(term: Term) -> str:
        parts = [f"'{folded(word)}'" for word in term.words]
        return "(" + " <-> ".join(parts) + (":*" if term.open else "") + ")"

    return " & ".join(phrase(term) for term in wanted)


def _read_cursor(cursor: str | None) -> int:
    if cursor is None:
        return 2**62
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) < 19):
        raise Invalid("This cursor is not ours.", code="bad_request")
    return int(cursor)
