"""Finding contacts by any part of their name, address or phone number, however many there are.

What is looked for in stands folded in `contact_words` (migration 20261122_16). On SQLite the trigrams of the words lead
to the few that may be meant, newest first; PostgreSQL's planner does that by itself. Where few come into question
anyway they are read one after the other.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from sqlalchemy import ColumnElement, Engine, column, event, exists, func, literal_column, select, table
from sqlalchemy.orm import Session

from leadcapture import sets
from leadcapture.contacts.models import Contact, ContactWords
from leadcapture.folding import folded

PAGE = 50
STATUSES = ("confirmed", "unsubscribed", "suppressed")
LONGEST_SEARCH = 200  # characters
MOST_WORDS = 12
MOST_TRIGRAMS = 20  # of one word: more make nothing more certain, for what is found is compared with the whole word
MOST_BEGINNINGS = 64  # trigrams that begin with a word of one or two characters
FEW = 10_000  # contacts that are read one after the other within some milliseconds

_index = table("contact_search", column("rowid"), column("contact_search"))
_terms = table("contact_search_terms", column("term"))
# The plus sign keeps SQLite from beginning with the other table.
_found: ColumnElement[int] = literal_column("+contact_search.rowid")


@event.listens_for(Engine, "connect")
def _search_fold(connection: object, _record: object) -> None:
    """The triggers of the table of contacts call it, so every connection to SQLite has it."""
    if isinstance(connection, sqlite3.Connection):
        connection.create_function("search_fold", 1, folded, deterministic=True)


def page(
    session: Session,
    site_id: int,
    *,
    before_id: int | None = None,
    search: str = "",
    status: str | None = None,
    where: ColumnElement[bool] | None = None,
    among: Sequence[int] = (),
    limit: int = PAGE,
) -> tuple[Sequence[Contact], int | None]:
    """The newest contacts of the site before that internal id, and the `before_id` of the next page (None: that was
    all).

    `search` is looked for anywhere in name, address and phone number, each of its words, whatever its capitals, accents
    and Arabic marks. `where` is a condition of a slice above, such as what they agree to; with it come, in `among`, the
    internal ids of the newest FEW + 1 who fulfil it before `before_id`.
    """
    asked: list[ColumnElement[bool]] = [Contact.site_id == site_id]
    if before_id is not None:
        asked.append(Contact.id < before_id)
    if status in STATUSES:
        asked.append(Contact.status == status)
    wanted = words(search)
    alone = not wanted and status not in STATUSES
    if where is not None and (len(among) <= FEW or (alone and len(among) > limit)):
        asked.append(sets.among(session, Contact.id, among[: limit + 1] if alone else among))
    elif where is not None:
        asked.append(where)
    ids = select(Contact.id).order_by(Contact.id.desc()).limit(limit + 1)
    if wanted:
        query = _query(session, wanted) if _many(session, asked) else ""
        if query is None:
            return [], None
        if query:
            ids = ids.join(_index, Contact.id == _found).where(_index.c.contact_search.op("MATCH")(query))
            ids = ids.order_by(None).order_by(_index.c.rowid.desc())
            if before_id is not None:
                ids = ids.where(_index.c.rowid < before_id)
        said = (ContactWords.words.contains(word, autoescape=True) for word in wanted)
        asked.append(exists().where(ContactWords.site_id == site_id, ContactWords.contact_id == Contact.id, *said))
    newest = session.scalars(ids.where(*asked)).all()
    found = session.scalars(select(Contact).where(Contact.id.in_(newest[:limit])).order_by(Contact.id.desc())).all()
    return found, newest[limit - 1] if len(newest) > limit else None


def words(search: str) -> list[str]:
    """What is looked for, folded: each of these must stand somewhere."""
    return list(dict.fromkeys(folded(search[:LONGEST_SEARCH].replace("\0", " ")).split()))[:MOST_WORDS]


def _many(session: Session, asked: Sequence[ColumnElement[bool]]) -> bool:
    """Whether it is SQLite, and more contacts come into question than should be read one after the other."""
    if session.get_bind().dialect.name != "sqlite":
        return False
    some = select(Contact.id).where(*asked).limit(FEW + 1).subquery()
    return (session.scalar(select(func.count()).select_from(some)) or 0) > FEW


def _query(session: Session, wanted: Sequence[str]) -> str | None:
    """The words in the language of FTS5, so that all that are meant are found, and few others; nothing where so many
    are meant that reading the newest finds them; None where nobody can be meant."""
    must: list[str] = []
    for word in wanted:
        if len(word) >= 3:
            trigrams = dict.fromkeys(word[at : at + 3] for at in range(len(word) - 2))
            must += [_quoted(trigram) for trigram in list(trigrams)[:MOST_TRIGRAMS]]
            continue
        # Whatever stands anywhere is the beginning of a trigram: the index ends each text with two spaces.
        within = _terms.c.term >= word, _terms.c.term < word + "\U0010ffff"
        beginnings = session.scalars(select(_terms.c.term).where(*within).limit(MOST_BEGINNINGS + 1)).all()
        if not beginnings:
            return None
        if len(beginnings) <= MOST_BEGINNINGS:
            must.append("(" + " OR ".join(map(_quoted, beginnings)) + ")")
    return " AND ".join(must)


def _quoted(trigram: str) -> str:
    return '"' + trigram.replace('"', '""') + '"'
