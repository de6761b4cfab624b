"""What makes a million contacts and messages searchable

What is looked for in contacts stands folded (leadcapture/folding.py) in a table beside them, kept true by triggers. Any
part of it is found by its trigrams: on SQLite by FTS5 (https://sqlite.org/fts5.html, 4.3.5), on PostgreSQL by pg_trgm,
which is a trusted extension; where it cannot be made, contacts are searched by reading what stands in that table.
"""

from __future__ import annotations

import logging

import sqlalchemy as sa
from alembic import op

revision = "20261122_16"
down_revision = "20261122_15"

log = logging.getLogger("leadcapture.migrations")

SAME_ARABIC = {"أ": "ا", "إ": "ا", "آ": "ا", "ٱ": "ا", "ؤ": "و", "ئ": "ي", "ى": "ي", "ة": "ه"}


def upgrade() -> None:
    op.create_table(
        "contact_words",
        sa.Column("site_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("contact_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("site_id", "contact_id", name=op.f("pk_contact_words")),
        sqlite_with_rowid=False,
    )
    if op.get_bind().dialect.name == "postgresql":
        _postgresql()
    else:
        _sqlite()
    _lists()


def _lists() -> None:
    """What the console's lists and counts look into."""
    op.create_index("ix_contacts_site_status", "contacts", ["site_id", "status", "id"])
    op.create_index("ix_emails_site_status", "emails", ["site_id", "status", "id"])
    held = sa.text("held_at IS NOT NULL")
    for table, columns in (("submissions", ["site_id", "id"]), ("conversations", ["site_id", "active_at", "id"])):
        op.create_index(f"ix_{table}_held", table, columns, sqlite_where=held, postgresql_where=held)
    lately = ["site_id", "created_at", "form_id", "status", "confirmed_at"]
    op.create_index("ix_submissions_site_created", "submissions", lately)
    # Who agrees to one version, in the order in which contacts are listed.
    op.drop_index("ix_agreements_version", "agreements")
    op.create_index("ix_agreements_version", "agreements", ["site_id", "purpose", "version", "contact_id"])
    op.create_index("ix_agreements_first", "agreements", ["site_id", "purpose", "version", "seq"])


def _said(row: str) -> str:
    """What is looked for of a contact. The address as it is compared stands there where it is another (IDNA)."""
    other = f"CASE WHEN {row}.email_key = lower({row}.email) THEN '' ELSE ' ' || {row}.email_key END"
    return f"search_fold({row}.name || ' ' || {row}.email || {other} || ' ' || {row}.phone)"


def _sqlite() -> None:
    for table in ("contact_search_terms", "contact_search"):
        op.execute(f"DROP TABLE IF EXISTS {table}")
    # It keeps no texts and no positions, which makes it half as large: what it finds is compared once more.
    op.execute("""CREATE VIRTUAL TABLE contact_search USING fts5(
        words, content = '', columnsize = 0, detail = none, tokenize = 'trigram case_sensitive 1')""")
    op.execute("CREATE VIRTUAL TABLE contact_search_terms USING fts5vocab(contact_search, row)")
    # Two spaces at the end: so every one and every two characters of the text are the beginning of a trigram.
    add = "INSERT INTO contact_search(rowid, words) VALUES (new.contact_id, new.words || '  ');"
    # A table that keeps no texts is told what it forgets.
    forget = (
        "INSERT INTO contact_search(contact_search, rowid, words) VALUES ('delete', old.contact_id, old.words || '  ');"
    )
    op.execute(f"CREATE TRIGGER contact_words_found AFTER INSERT ON contact_words BEGIN {add} END")
    op.execute(f"CREATE TRIGGER contact_words_found_changed AFTER UPDATE ON contact_words BEGIN {forget} {add} END")
    op.execute(f"CREATE TRIGGER contact_words_found_deleted AFTER DELETE ON contact_words BEGIN {forget} END")

    known = "site_id = old.site_id AND contact_id = old.id"
    op.execute(f"""CREATE TRIGGER contacts_found AFTER INSERT ON contacts BEGIN
        INSERT INTO contact_words VALUES (new.site_id, new.id, {_said("new")}); END""")
    op.execute(f"""CREATE TRIGGER contacts_found_changed AFTER UPDATE OF name, email, email_key, phone ON contacts BEGIN
        UPDATE contact_words SET words = {_said("new")} WHERE {known} AND words <> {_said("new")}; END""")
    op.execute(
        f"CREATE TRIGGER contacts_found_deleted AFTER DELETE ON contacts BEGIN DELETE FROM contact_words WHERE {known}; END"
    )
    op.execute(f"INSERT INTO contact_words SELECT c.site_id, c.id, {_said('c')} FROM contacts c")


def _postgresql() -> None:
    # As in the migration that made `search_words`: what a database's locale would decide is written out.
    upper = "".join(chr(code) for code in (*range(0x0391, 0x03A2), *range(0x03A3, 0x03AA), *range(0x0410, 0x0430)))
    upper += "ЂЄЅІЈЉЊЋЏҐØŁĐÆŒÞŊ"
    op.execute(f"""CREATE OR REPLACE FUNCTION search_fold(given text) RETURNS text
        LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT AS $function$
        SELECT CASE WHEN octet_length(given) = length(given) THEN lower(given) ELSE
            translate(lower(regexp_replace(
                normalize(translate(normalize(given, NFC), '{"".join(SAME_ARABIC)}', '{"".join(SAME_ARABIC.values())}'), NFD),
                '[\\u0300-\\u036f\\u064b-\\u0655\\u0670\\u0640]', '', 'g')), '{upper}ς', '{upper.lower()}σ') END
        $function$""")
    changed = "SELECT c.site_id, c.id, " + _said("c")
    for name, does in (
        ("contacts_found", f"INSERT INTO contact_words {changed} FROM fresh c; RETURN NULL;"),
        (
            "contacts_found_changed",
            f"""UPDATE contact_words SET words = {_said("NEW")}
            WHERE site_id = OLD.site_id AND contact_id = OLD.id; RETURN NULL;""",
        ),
        (
            "contacts_found_deleted",
            """DELETE FROM contact_words w USING gone c WHERE w.site_id = c.site_id AND w.contact_id = c.id;
            RETURN NULL;""",
        ),
    ):
        op.execute(f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {does} END $$")
    op.execute("""CREATE TRIGGER contacts_found AFTER INSERT ON contacts REFERENCING NEW TABLE AS fresh
        FOR EACH STATEMENT EXECUTE FUNCTION contacts_found()""")
    op.execute("""CREATE TRIGGER contacts_found_changed AFTER UPDATE OF name, email, email_key, phone ON contacts
        FOR EACH ROW EXECUTE FUNCTION contacts_found_changed()""")
    op.execute("""CREATE TRIGGER contacts_found_deleted AFTER DELETE ON contacts REFERENCING OLD TABLE AS gone
        FOR EACH STATEMENT EXECUTE FUNCTION contacts_found_deleted()""")
    op.execute(f"INSERT INTO contact_words {changed} FROM contacts c")
    try:
        with op.get_bind().begin_nested():
            op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
            op.execute("CREATE INDEX ix_search_contacts ON contact_words USING gin (words gin_trgm_ops)")
    except sa.exc.DBAPIError as error:
        log.warning(
            "no index for searching contacts, for PostgreSQL's pg_trgm cannot be used: %s", type(error.orig).__name__
        )
