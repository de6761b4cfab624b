"""Tags on conversations. A site's tags are those that have been used; of two that differ in capitals alone the first
stays."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from leadcapture.chat.models import Conversation, ConversationTag, Tag
from leadcapture.errors import Conflict
from leadcapture.i18n import gettext as _

MOST_TAGS = 500  # of one site


def change(session: Session, rows: Sequence[tuple[int, int]], *, add: Sequence[str], remove: Sequence[str]) -> None:
    """Put tags on conversations and take others off; `rows` are the internal ids of conversation and site.

    Tags are as `filters.tags` gives them. Raises Conflict when a site would have more than MOST_TAGS.
    """
    for site_id in {site_id for _row, site_id in rows}:
        theirs = [row for row, its_site in rows if its_site == site_id]
        unwanted = {tag.casefold() for tag in remove}
        if unwanted:
            off = [tag for tag in _known(session, site_id).values() if tag.casefold() in unwanted]
            session.execute(
                delete(ConversationTag).where(ConversationTag.conversation_id.in_(theirs), ConversationTag.tag.in_(off))
            )
        if add:
            values = [{"conversation_id": row, "tag": tag} for tag in _named(session, site_id, add) for row in theirs]
            dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
            session.execute(dialect.insert(ConversationTag).on_conflict_do_nothing(), values)


def of(session: Session, conversation: str) -> list[str]:
    """The tags of the conversation with that public id, by name."""
    wanted = select(ConversationTag.tag).join(Conversation, Conversation.id == ConversationTag.conversation_id)
    return list(session.scalars(wanted.where(Conversation.public_id == conversation).order_by(ConversationTag.tag)))


def _named(session: Session, site_id: int, tags: Sequence[str]) -> list[str]:
    """The tags as the site spells them; new ones become known."""
    known = _known(session, site_id)
    new = [tag for tag in tags if tag.casefold() not in known]
    if new:
        if len(known) + len(new) > MOST_TAGS:
            raise Conflict(_("There are %(count)d tags already. Use one of them.", count=MOST_TAGS))
        dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
        session.execute(
            dialect.insert(Tag).on_conflict_do_nothing(), [{"site_id": site_id, "name": tag} for tag in new]
        )
    return [known.get(tag.casefold(), tag) for tag in tags]


def _known(session: Session, site_id: int) -> dict[str, str]:
    """The site's tags by how they are told apart."""
    names = session.scalars(select(Tag.name).where(Tag.site_id == site_id).order_by(func.lower(Tag.name), Tag.id))
    known: dict[str, str] = {}
    for name in names:
        known.setdefault(name.casefold(), name)
    return known
