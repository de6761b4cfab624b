"""The ledger: every consent an event, chained to the one before"""

from __future__ import annotations

import secrets
from typing import Any

import sqlalchemy as sa
from alembic import op

from leadcapture.consent import keys, rules
from leadcapture.db import UtcDateTime

revision = "20261122_15"
down_revision = "20261122_14"

BATCH = 500  # rows read at once

# What is said of a consent beside the columns of the ledger; what is empty is left out.
SAID = (
    "statement",
    "method",
    "form_slug",
    "form_version",
    "page_url",
    "email_public_id",
    "email_subject",
    "email_text",
)


def upgrade() -> None:
    _tables()
    _refuse_changes()
    _take_over()
    op.drop_table("consents")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION consents_refuse")


def _tables() -> None:
    op.create_table(
        "ledger",
        sa.Column("site_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.String(length=27), nullable=False),
        sa.Column("event", sa.String(length=13), nullable=False),
        sa.Column("subject", sa.String(length=40), nullable=False),
        sa.Column("submission", sa.String(length=40), nullable=False),
        sa.Column("purpose", sa.String(length=60), nullable=False),
        sa.Column("version", sa.String(length=40), nullable=False),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("body_salt", sa.String(length=64), nullable=True),
        sa.Column("body_hash", sa.String(length=64), nullable=False),
        sa.Column("trace", sa.Text(), nullable=True),
        sa.Column("trace_salt", sa.String(length=64), nullable=True),
        sa.Column("trace_hash", sa.String(length=64), nullable=False),
        sa.Column("prev", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name=op.f("fk_ledger_site_id")),
        sa.PrimaryKeyConstraint("site_id", "seq", name=op.f("pk_ledger")),
    )
    op.create_index("ix_ledger_subject", "ledger", ["site_id", "subject", "purpose", "seq", "event"])
    traced = sa.text("trace IS NOT NULL")
    op.create_index("ix_ledger_traces", "ledger", ["site_id", "seq"], sqlite_where=traced, postgresql_where=traced)
    op.create_table(
        "ledger_heads",
        sa.Column("site_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("checkpoints", sa.Integer(), nullable=False),
        sa.Column("seal", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name=op.f("fk_ledger_heads_site_id")),
        sa.PrimaryKeyConstraint("site_id", name=op.f("pk_ledger_heads")),
    )
    op.create_table(
        "ledger_checkpoints",
        sa.Column("site_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("at", sa.String(length=27), nullable=False),
        sa.Column("public_key", sa.String(length=64), nullable=False),
        sa.Column("signature", sa.String(length=128), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name=op.f("fk_ledger_checkpoints_site_id")),
        sa.PrimaryKeyConstraint("site_id", "seq", name=op.f("pk_ledger_checkpoints")),
    )
    op.create_table(
        "agreements",
        sa.Column("contact_id", sa.Integer(), nullable=False),
        sa.Column("purpose", sa.String(length=60), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.String(length=40), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contacts.id"], name=op.f("fk_agreements_contact_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name=op.f("fk_agreements_site_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("contact_id", "purpose", name=op.f("pk_agreements")),
    )
    op.create_index("ix_agreements_version", "agreements", ["site_id", "purpose", "version"])


def _refuse_changes() -> None:
    """The database itself refuses whoever tries to change what was written, but for erasing what is of a person."""
    sqlite = op.get_bind().dialect.name == "sqlite"
    differs = "IS NOT" if sqlite else "IS DISTINCT FROM"
    fixed = ("site_id", "seq", "at", "event", "subject", "submission", "purpose", "version")
    hashes = ("body_hash", "trace_hash", "prev", "hash")
    changed = [f"NEW.{name} {differs} OLD.{name}" for name in (*fixed, *hashes)]
    for name in ("body", "trace"):
        changed += [f"(NEW.{part} IS NOT NULL AND NEW.{part} {differs} OLD.{part})" for part in (name, f"{name}_salt")]
        changed.append(f"(NEW.{name} IS NULL) <> (NEW.{name}_salt IS NULL)")
    triggers = [
        ("ledger", "DELETE", ""),
        ("ledger", "UPDATE", f"WHEN ({' OR '.join(changed)})"),
        ("ledger_checkpoints", "DELETE", ""),
        ("ledger_checkpoints", "UPDATE", ""),
    ]
    if not sqlite:
        op.execute(
            "CREATE OR REPLACE FUNCTION ledger_refuse() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'the ledger is append-only'; END $$"
        )
    for table, event, when in triggers:
        does = (
            "BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END"
            if sqlite
            else "EXECUTE FUNCTION ledger_refuse()"
        )
        name = f"{table}_refuse_{event.lower()}"
        op.execute(f"CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH ROW {when} {does}")
    if not sqlite:
        for table in ("ledger", "ledger_checkpoints"):
            op.execute(
                f"CREATE TRIGGER {table}_refuse_truncate BEFORE TRUNCATE ON {table} EXECUTE FUNCTION ledger_refuse()"
            )


def _take_over() -> None:
    """Every row of `consents` becomes an event, in the order they came; what holds now follows from them."""
    bind = op.get_bind()
    tables = sa.MetaData()
    tables.reflect(bind, only=["consents", "contacts", "sites", "ledger", "ledger_heads", "agreements"])
    consents, contacts, sites = tables.tables["consents"], tables.tables["contacts"], tables.tables["sites"]
    for moment in (consents.c.at, consents.c.requested_at, tables.tables["agreements"].c.at):
        moment.type = UtcDateTime()
    for site_id, site in bind.execute(sa.select(sites.c.id, sites.c.key).order_by(sites.c.id)).all():
        seq, last, read = 0, rules.NOTHING_BEFORE, 0
        theirs = (
            sa.select(consents, contacts.c.public_id.label("subject"))
            .join(contacts, contacts.c.id == consents.c.contact_id)
            .where(consents.c.site_id == site_id)
            .order_by(consents.c.id)
            .limit(BATCH)
        )
        while rows := bind.execute(theirs.where(consents.c.id > read)).mappings().all():
            for row in rows:
                seq, read = seq + 1, row["id"]
                last = _event(bind, tables.tables["ledger"], site_id, site, seq, last, row)
                _hold(bind, tables.tables["agreements"], site_id, seq, row)
        if seq:
            seal = keys.seal(site=site, seq=seq, hash=last, checkpoints=0)
            head = {"site_id": site_id, "seq": seq, "hash": last, "checkpoints": 0, "seal": seal}
            bind.execute(sa.insert(tables.tables["ledger_heads"]).values(head))


def _event(bind: sa.Connection, ledger: sa.Table, site_id: int, site: str, seq: int, prev: str, row: Any) -> str:
    body = {name: row[name] for name in SAID if row[name] not in ("", None)}
    if row["requested_at"] is not None:
        body["requested_at"] = rules.moment(row["requested_at"])
    trace = rules.trace_of(row["ip"], row["user_agent"])
    text, salt = rules.canonical(body), secrets.token_hex(32)
    trace_text, trace_salt = (rules.canonical(trace), secrets.token_hex(32)) if trace else (None, None)
    said = {
        "seq": seq,
        "at": rules.moment(row["at"]),
        "event": "confirmed" if row["action"] == "grant" else "withdrawn",
        "subject": row["subject"],
        "submission": row["submission_public_id"] or "",
        "purpose": row["purpose"],
        "version": row["statement_version"],
        "body_hash": rules.digest(salt, text),
        "trace_hash": rules.digest(trace_salt, trace_text) if trace_salt and trace_text else "",
    }
    chained = rules.digest(prev, rules.leaf(site=site, **said))
    erasable = {"body": text, "body_salt": salt, "trace": trace_text, "trace_salt": trace_salt}
    bind.execute(sa.insert(ledger).values(site_id=site_id, **said, **erasable, prev=prev, hash=chained))
    return chained


def _hold(bind: sa.Connection, agreements: sa.Table, site_id: int, seq: int, row: Any) -> None:
    key = {"contact_id": row["contact_id"], "purpose": row["purpose"]}
    bind.execute(
        sa.delete(agreements).where(
            agreements.c.contact_id == key["contact_id"], agreements.c.purpose == key["purpose"]
        )
    )
    if row["action"] == "grant":
        holds = {"site_id": site_id, "version": row["statement_version"], "seq": seq, "at": row["at"]}
        bind.execute(sa.insert(agreements).values(**key, **holds))
