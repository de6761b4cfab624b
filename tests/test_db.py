"""Writing is durable, all or nothing for each caller, and shared in groups."""

from __future__ import annotations

from datetime import UTC, datetime

import gevent
import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import func, insert, select, text
from sqlalchemy.exc import IntegrityError, StatementError
from sqlalchemy.orm import Session

from leadcapture import db, i18n, tables
from leadcapture.forms.models import Form
from leadcapture.mail.models import Suppression
from leadcapture.sites.models import Site

NOW = datetime(2026, 3, 4, 10, 30, tzinfo=UTC)
SEARCH = ("message_search", "conversation_search", "contact_search", "ix_search_")


def add_site(session: Session, key: str, *, then: Exception | None = None) -> str:
    session.execute(insert(Site).values(key=key, name=key, sender_name="", created_at=NOW, updated_at=NOW))
    if then is not None:
        raise then
    return key


def keys() -> list[str]:
    with db.read() as session:
        return list(session.scalars(select(Site.key).order_by(Site.key)))


def test_what_an_operation_returns_comes_back_and_what_it_wrote_is_there(either_database: db.Database) -> None:
    assert db.write(add_site, "a") == "a"
    assert keys() == ["a"]


def test_an_operation_that_raises_leaves_nothing_behind(either_database: db.Database) -> None:
    with pytest.raises(RuntimeError, match="no"):
        db.write(add_site, "a", then=RuntimeError("no"))
    assert keys() == []


def test_of_a_group_only_the_failing_operation_is_undone(either_database: db.Database) -> None:
    waiting = [
        gevent.spawn(db.write, add_site, f"{number:02}", then=ValueError("odd") if number % 2 else None)
        for number in range(40)
    ]
    gevent.joinall(waiting)
    assert keys() == [f"{number:02}" for number in range(0, 40, 2)]
    assert all(isinstance(one.exception, ValueError) for one in waiting[1::2])


def test_a_broken_rule_of_the_database_is_told_to_the_one_who_broke_it(either_database: db.Database) -> None:
    first, second = gevent.spawn(db.write, add_site, "same"), gevent.spawn(db.write, add_site, "same")
    gevent.joinall([first, second])
    assert isinstance(second.exception, IntegrityError)
    assert first.value == "same"


def test_an_error_of_the_database_carries_none_of_the_values_it_happened_with(database: db.Database) -> None:
    db.write(add_site, "alice@example.org")
    with pytest.raises(IntegrityError) as error:
        db.write(add_site, "alice@example.org")
    assert "alice" not in str(error.value)


def test_many_writers_share_few_commits(database: db.Database) -> None:
    commits = 0
    writer = database._writer
    assert writer is not None
    commit = writer._commit

    def counted(operations):  # type: ignore[no-untyped-def]
        nonlocal commits
        commits += 1
        return commit(operations)

    writer._commit = counted  # type: ignore[method-assign]
    gevent.joinall([gevent.spawn(db.write, add_site, f"{number:03}") for number in range(300)])
    assert len(keys()) == 300
    assert commits < 30


def test_reading_never_writes(either_database: db.Database) -> None:
    with db.read() as session:
        add_site(session, "a")
    assert keys() == []


def test_a_naive_moment_is_refused(either_database: db.Database) -> None:
    with pytest.raises(StatementError, match="naive"), db.read() as session:
        session.scalar(
            select(func.count()).select_from(Suppression).where(Suppression.created_at > datetime(2026, 1, 1))
        )


def test_moments_come_back_in_utc(either_database: db.Database) -> None:
    db.write(add_site, "a")
    with db.read() as session:
        stored = session.scalars(select(Site)).one().created_at
    assert stored == NOW
    assert stored.utcoffset().total_seconds() == 0


def test_an_operation_speaks_the_language_of_its_caller(either_database: db.Database) -> None:
    with i18n.speaking("ar"):
        assert db.write(lambda session: i18n.language()) == "ar"


def test_migrations_make_exactly_the_tables_of_the_models(either_database: db.Database) -> None:
    def ours(name: str | None, kind: str, _parent: object) -> bool:
        # What search is made of belongs to one database or the other and is no model's.
        return not (name and kind in ("table", "index") and name.startswith(SEARCH))

    with either_database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_name": ours})
        difference = compare_metadata(context, tables.metadata)
    assert difference == []
    assert not tables.pending(either_database.engine)


def test_migrating_again_changes_nothing(either_database: db.Database) -> None:
    db.write(add_site, "a")
    tables.upgrade(either_database.engine)
    assert keys() == ["a"]


def test_a_migration_that_makes_a_table_anew_keeps_what_refers_to_it(either_database: db.Database) -> None:
    engine = either_database.engine
    tables.metadata.drop_all(engine)
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE alembic_version"))
        if engine.dialect.name == "postgresql":
            connection.execute(text("DROP FUNCTION IF EXISTS consents_refuse"))
    tables.upgrade(engine, "20261122_9")
    at = "'2026-03-04 10:30:00.000000'"
    with engine.begin() as connection:
        for statement in (
            "INSERT INTO sites (id, key, name, allowed_origins, timezone, language, accent, position, reply_time, "
            f"sender_name, created_at, updated_at) VALUES (1, 'site_a', 'A', '[]', 'UTC', 'en', '#000000', 'end', "
            f"'day', 'A', {at}, {at})",
            "INSERT INTO visitors (id, public_id, site_id, name, language, page_url, created_at, seen_at) "
            f"VALUES (1, 'vis_a', 1, '', 'en', '', {at}, {at})",
            "INSERT INTO conversations (id, public_id, site_id, visitor_id, kind, status, last_seq, visitor_seen, "
            "visitor_delivered, operator_seen, operator_delivered, name, page_url, comment, created_at, active_at) "
            f"VALUES (1, 'cnv_a', 1, 1, 'chat', 'waiting', 1, 0, 0, 0, 0, '', '', '', {at}, {at})",
            "INSERT INTO messages (public_id, conversation_id, client_id, seq, after_seq, kind, author_kind, "
            f"author_name, body, created_at) VALUES ('msg_a', 1, 'c', 1, 0, 'reply', 'visitor', '', 'Hello', {at})",
        ):
            connection.execute(text(statement))
    tables.upgrade(engine)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT body FROM messages")).scalars().all() == ["Hello"]


def test_forms_made_before_there_were_short_links_get_one_each(either_database: db.Database) -> None:
    """What the first release left behind is brought up to this one, its data with it."""
    engine = either_database.engine
    tables.metadata.drop_all(engine)
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE alembic_version"))
        if engine.dialect.name == "postgresql":
            connection.execute(text("DROP FUNCTION IF EXISTS consents_refuse"))
    tables.upgrade(engine, "20261122_1")
    at = "2026-03-04 10:30:00.000000"
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO sites (id, key, name, allowed_origins, timezone, language, accent, position, reply_time, "
                f"sender_name, created_at, updated_at) VALUES (1, 'site_a', 'A', '[]', 'UTC', 'en', '#000000', 'end', "
                f"'day', 'A', '{at}', '{at}')"
            )
        )
        for number in (1, 2):
            connection.execute(
                text(
                    "INSERT INTO forms (id, public_id, site_id, kind, slug, title, settings, version, published, "
                    f"inline, created_at, updated_at) VALUES ({number}, 'frm_{number}', 1, 'subscription', "
                    f"'f{number}', 'F', '{{}}', 1, true, true, '{at}', '{at}')"
                )
            )
    tables.upgrade(engine)
    with db.read() as session:
        shorts = session.scalars(select(Form.short)).all()
    assert len(set(shorts)) == 2
    assert all(len(short) == 8 for short in shorts)
