"""Search: the words of all messages, and who wrote them

SQLite keeps them in FTS5 tables (https://sqlite.org/fts5.html) that triggers keep true; PostgreSQL in GIN indexes over
an expression, which keep themselves true. What is folded here in SQL is folded in leadcapture/chat/words.py in Python.
"""

from __future__ import annotations

from alembic import op

revision = "20261122_11"
down_revision = "20261122_10"

SAME_ARABIC = {"أ": "ا", "إ": "ا", "آ": "ا", "ٱ": "ا", "ؤ": "و", "ئ": "ي", "ى": "ي", "ة": "ه"}
AT_ONCE = 8  # calls of replace() within each other
ARABIC_MARKS = [chr(code) for code in range(0x064B, 0x0656)] + ["\u0670", "\u0640"]


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        _postgresql()
    else:
        _sqlite()


def _sqlite() -> None:
    # The tokenizer folds capitals and accents, but knows nothing of Arabic marks.
    options = "tokenize = 'unicode61 remove_diacritics 2', columnsize = 0"
    for table in ("message_search", "conversation_search"):
        op.execute(f"DROP TABLE IF EXISTS {table}")
    op.execute(f"CREATE VIRTUAL TABLE message_search USING fts5(words, content = '', {options})")
    op.execute(f"CREATE VIRTUAL TABLE conversation_search USING fts5(words, {options})")
    add = "INSERT INTO message_search(rowid, words)"
    # A table that keeps no texts is told what it forgets.
    forget = "INSERT INTO message_search(message_search, rowid, words) VALUES ('delete', old.id,"
    new, old = _without_marks("new.body"), _without_marks("old.body")
    op.execute(f"""CREATE TRIGGER messages_found AFTER INSERT ON messages BEGIN
        {add} VALUES (new.id, {new}); END""")
    op.execute(f"""CREATE TRIGGER messages_found_changed AFTER UPDATE OF body ON messages BEGIN
        {forget} {old}); {add} VALUES (new.id, {new}); END""")
    op.execute(f"""CREATE TRIGGER messages_found_deleted AFTER DELETE ON messages BEGIN
        {forget} {old}); END""")
    op.execute(f"{add} SELECT id, {_without_marks('body')} FROM messages")

    who = _without_marks("c.name || ' ' || coalesce(c.email, '') || ' ' || c.subject || ' ' || v.name")
    known = f"SELECT c.id, {who} FROM conversations c JOIN visitors v ON v.id = c.visitor_id"
    again = f"INSERT OR REPLACE INTO conversation_search(rowid, words) {known}"
    op.execute(
        f"CREATE TRIGGER conversations_found AFTER INSERT ON conversations BEGIN {again} WHERE c.id = new.id; END"
    )
    op.execute(f"""CREATE TRIGGER conversations_found_changed AFTER UPDATE OF name, email, subject, visitor_id
        ON conversations BEGIN {again} WHERE c.id = new.id; END""")
    op.execute("""CREATE TRIGGER conversations_found_deleted AFTER DELETE ON conversations BEGIN
        DELETE FROM conversation_search WHERE rowid = old.id; END""")
    op.execute(f"""CREATE TRIGGER visitors_found_changed AFTER UPDATE OF name ON visitors BEGIN
        {again} WHERE v.id = new.id; END""")
    op.execute(again)


def _without_marks(text: str) -> str:
    replaced = [*SAME_ARABIC.items(), *((mark, "") for mark in ARABIC_MARKS)]
    # A few at a time: the parser's stack is not deep.
    for begin in range(0, len(replaced), AT_ONCE):
        inner = "given"
        for given, meant in replaced[begin : begin + AT_ONCE]:
            inner = f"replace({inner}, '{given}', '{meant}')"
        text = f"(SELECT {inner} FROM (SELECT {text} AS given))"
    return text


def _postgresql() -> None:
    # Everything a database's locale would decide is written out: lower() knows ASCII in all of them, and the parser
    # takes all that is left for letters or for space.
    upper = "".join(chr(code) for code in (*range(0x0391, 0x03A2), *range(0x03A3, 0x03AA), *range(0x0410, 0x0430)))
    upper += "ЂЄЅІЈЉЊЋЏҐØŁĐÆŒÞŊ"
    same_from, same_to = "".join(SAME_ARABIC), "".join(SAME_ARABIC.values())
    op.execute(f"""CREATE OR REPLACE FUNCTION search_words(given text) RETURNS tsvector
        LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT AS $function$
        SELECT to_tsvector('pg_catalog.simple', regexp_replace(
            translate(lower(regexp_replace(
                normalize(translate(normalize(given, NFC), '{same_from}', '{same_to}'), NFD),
                '[\\u0300-\\u036f\\u064b-\\u0655\\u0670\\u0640]', '', 'g')), '{upper}', '{upper.lower()}'),
            '[\\x01-\\x2f\\x3a-\\x40\\x5b-\\x60\\x7b-\\xa9\\xab-\\xb4\\xb6-\\xb9\\xbb-\\xbf\\xd7\\xf7'
            '\\u060c\\u061b\\u061f\\u066a-\\u066d\\u06d4\\u2000-\\u206f\\u20a0-\\u20cf\\u2190-\\u2bff\\u3000-\\u3004'
            '\\u3008-\\u3020\\ufe00-\\ufe0f]|[\\U0001f000-\\U0001faff]', ' ', 'g'))
        $function$""")
    op.execute("CREATE INDEX ix_search_messages ON messages USING gin (search_words(body))")
    op.execute("""CREATE INDEX ix_search_conversations ON conversations
        USING gin (search_words(name || ' ' || coalesce(email, '') || ' ' || subject))""")
    op.execute("CREATE INDEX ix_search_visitors ON visitors USING gin (search_words(name))")
