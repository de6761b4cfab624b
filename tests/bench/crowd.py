"""Fills a database with a crowd: contacts with their consents, conversations with their messages, and what else stands
in the lists of the console. Written by the driver into our tables, for a million people cannot all fill in a form.

Indexes are put aside while it runs and made again at its end, as a dump is loaded. The ledger is no true chain: nothing
here verifies it.
"""

from __future__ import annotations

import json
import random
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

import psycopg
from sqlalchemy import make_url

from leadcapture.folding import folded

AT_ONCE = 10_000  # rows in one statement
BEGAN = datetime(2024, 1, 1, tzinfo=UTC)
PURPOSE, VERSIONS = "newsletter", ("1-0a1b2c3d4e", "2-5f6a7b8c9d")
FIRST = (
    "Erin", "Alice", "Bob", "Zoë", "José", "Søren", "Łukasz", "Ünal", "Dafydd", "Éva", "Ágnes", "Niamh", "Ana", "Ivan",
    "Мария", "Ольга", "ليلى", "محمد", "فاطمة", "明", "芳",
)  # fmt: skip
LAST = (
    "Weiß",
    "Müller",
    "Nagy",
    "Kovács",
    "O'Hara",
    "Smith",
    "García",
    "Иванова",
    "الأحمد",
    "حسن",
    "李",
    "王",
    "Novák",
)
SAID = (
    "Where is my order? It was to come on Tuesday.",
    "هل يمكنني تغيير عنوان التوصيل؟ لم أعد أسكن هناك.",
    "Thank you!",
    "Do you have the green kettle with the blue lid?",
    "Köszönöm, megérkezett a csomag.",
    "We will look into it and come back to you.",
)
RARE = "A hedgehog in the parcel"  # stands in one message of ten thousand
STATUSES = ("confirmed",) * 97 + ("unsubscribed",) * 2 + ("suppressed",)


@dataclass(frozen=True)
class Crowd:
    """How many there are of each."""

    contacts: int
    conversations: int
    messages: int

    @property
    def others(self) -> int:
        """Mails, and submissions of a form."""
        return self.contacts // 5


def email(number: int) -> str:
    """The address of that contact, 1 the first."""
    return f"person{number * 7919 % 10_000_019}@mail{number % 400}.example.org"


def name(number: int) -> str:
    return f"{FIRST[number % len(FIRST)]} {LAST[number // 7 % len(LAST)]}" if number % 10 else ""


def moment(at: datetime) -> str:
    """As both databases read it: UTC, as SQLAlchemy writes it into SQLite."""
    return f"{at:%Y-%m-%d %H:%M:%S.%f}"


class _Filling:
    """Rows go in by the driver's quickest way."""

    def __init__(self, url: str) -> None:
        self.sqlite = make_url(url).get_backend_name() == "sqlite"
        if self.sqlite:
            self.database: Any = sqlite3.connect(make_url(url).database or "", isolation_level=None)
            self.database.create_function("search_fold", 1, folded, deterministic=True)
            self.database.executescript("PRAGMA synchronous=OFF; PRAGMA cache_size=-200000; PRAGMA temp_store=MEMORY")
        else:
            self.database = psycopg.connect(url.replace("+psycopg", ""))

    @contextmanager
    def one_transaction(self, tables: Sequence[str]) -> Iterator[None]:
        """Everything at once, with the indexes of these tables made again at the end."""
        if self.sqlite:
            self.database.execute("BEGIN IMMEDIATE")
            query = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL AND tbl_name = ?"
        else:
            self.database.execute("SET TIME ZONE 'UTC'")
            self.database.execute("SET LOCAL maintenance_work_mem = '512MB'")
            query = """SELECT c.relname, pg_get_indexdef(c.oid) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
                LEFT JOIN pg_constraint k ON k.conindid = c.oid WHERE i.indrelid = %s::regclass AND k.oid IS NULL"""
        aside = [row for table in tables for row in self.database.execute(query, (table,)).fetchall()]
        for named, _made in aside:
            self.database.execute(f"DROP INDEX {named}")
        yield
        for _named, made in aside:
            self.database.execute(made)
        self.database.execute("COMMIT")
        if not self.sqlite:
            self.database.autocommit = True
            self.database.execute("VACUUM ANALYZE")

    def put(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        named = ", ".join(f'"{column}"' for column in columns)
        if self.sqlite:
            # Many rows in one statement: after each statement FTS5 writes down what its triggers gave it.
            values = ", ".join(f"json_extract(value, '$[{place}]')" for place in range(len(columns)))
            several = f"INSERT INTO {table} ({named}) SELECT {values} FROM json_each(?)"
            coming = iter(rows)
            while chunk := list(islice(coming, AT_ONCE)):
                self.database.execute(several, (json.dumps(chunk),))
            return
        with self.database.cursor().copy(f"COPY {table} ({named}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        if "id" in columns:
            self.database.execute(
                f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))"
            )

    def last(self, table: str) -> int:
        return int(self.database.execute(f"SELECT coalesce(max(id), 0) FROM {table}").fetchone()[0])

    def one(self, query: str) -> tuple[Any, ...]:
        found: tuple[Any, ...] = self.database.execute(query).fetchone()
        return found


TABLES = (
    "contacts",
    "contact_words",
    "agreements",
    "ledger",
    "visitors",
    "conversations",
    "messages",
    "emails",
    "submissions",
    "quarantined",
)


def fill(url: str, crowd: Crowd) -> None:
    """Put the crowd into the demo's site, beside what is there."""
    filling = _Filling(url)
    site, form, operator = (
        filling.one("SELECT id FROM sites ORDER BY id LIMIT 1")[0],
        filling.one("SELECT id FROM forms WHERE kind = 'subscription' ORDER BY id LIMIT 1")[0],
        filling.one("SELECT id FROM operators ORDER BY id LIMIT 1")[0],
    )
    chance = random.Random(7)
    with filling.one_transaction(TABLES):
        contacts = _contacts(filling, site, crowd)
        _conversations(filling, site, operator, contacts, crowd, chance)
        _mails(filling, site, crowd)
        _submissions(filling, site, form, contacts, crowd)
        _imports(filling, site, crowd)
    filling.database.close()


def _contacts(filling: _Filling, site: int, crowd: Crowd) -> int:
    """Returns the internal id before the first."""
    before, seq = filling.last("contacts"), 1_000_000
    step = timedelta(days=700) / crowd.contacts

    def person(n: int) -> tuple[Any, ...]:
        at = moment(BEGAN + n * step)
        phone = f"+49 30 {n:07}" if n % 3 else ""
        who = (before + n, f"con_bench{n:015}", site, email(n), email(n), name(n), phone, "ar" if n % 9 == 0 else "en")
        return (*who, STATUSES[n * 31 % 100], f"form-{n % 20}", '{"town": "Town"}', "mail", at, at, at, at)

    filling.put(
        "contacts",
        ("id", "public_id", "site_id", "email", "email_key", "name", "phone", "language", "status", "source",
         "attributes", "channel", "confirmed_at", "active_at", "created_at", "updated_at"),
        map(person, range(1, crowd.contacts + 1)),
    )  # fmt: skip
    at = moment(BEGAN)
    filling.put(
        "agreements",
        ("contact_id", "purpose", "site_id", "version", "seq", "at"),
        (
            (before + n, PURPOSE, site, VERSIONS[n % 10 == 0], seq + n, at)
            for n in range(1, crowd.contacts + 1)
            if n % 100
        ),
    )
    zeros, body = "0" * 64, '{"method":"button","statement":"I agree to get the newsletter."}'
    filling.put(
        "ledger",
        ("site_id", "seq", "at", "event", "subject", "submission", "purpose", "version", "body", "body_salt",
         "body_hash", "trace_hash", "prev", "hash"),
        (
            (site, seq + n, "2024-01-01T00:00:00.000000Z", "confirmed", f"con_bench{n:015}", "", PURPOSE,
             VERSIONS[n % 10 == 0], body, zeros, zeros, "", zeros, zeros)
            for n in range(1, crowd.contacts + 1)
            if n % 10 == 1 or n == 10
        ),
    )  # fmt: skip
    return before


def _conversations(
    filling: _Filling, site: int, operator: int, contacts: int, crowd: Crowd, chance: random.Random
) -> None:
    visitor, first, message = (filling.last(table) for table in ("visitors", "conversations", "messages"))
    each, step = crowd.messages // crowd.conversations, timedelta(days=700) / crowd.conversations
    at = [moment(BEGAN + n * step) for n in range(crowd.conversations + 1)]
    numbers = range(1, crowd.conversations + 1)
    filling.put(
        "visitors",
        ("id", "public_id", "site_id", "name", "language", "page_url", "created_at", "seen_at"),
        (
            (visitor + n, f"vis_bench{n:015}", site, name(n), "en", "https://shop.example.org/", at[n], at[n])
            for n in numbers
        ),
    )

    def conversation(n: int) -> tuple[Any, ...]:
        # The newest two thousand are open: some wait, some are answered by an operator, some are held as spam.
        newest = crowd.conversations - n
        status = "closed" if newest >= 2000 else ("waiting", "active", "unanswered")[n % 3]
        held = at[n] if n % 200 == 0 else None
        contact = contacts + chance.randint(1, crowd.contacts) if n % 2 else None
        return (
            first + n, f"cnv_bench{n:015}", site, visitor + n, "chat", status,
            None if status == "waiting" else operator, each, each, each, each if n % 5 else each - 1, each,
            at[n] if status == "waiting" else None, name(n), email(n) if n % 2 else None,
            contact, "https://shop.example.org/", "", at[n], at[n],
            at[n] if status == "closed" else None, held, n % 5 + 1 if n % 7 == 0 else None,
        )  # fmt: skip

    filling.put(
        "conversations",
        ("id", "public_id", "site_id", "visitor_id", "kind", "status", "operator_id", "last_seq", "visitor_seen",
         "visitor_delivered", "operator_seen", "operator_delivered", "waiting_since", "name", "email", "contact_id",
         "page_url", "comment", "created_at", "active_at", "closed_at", "held_at", "stars"),
        map(conversation, numbers),
    )  # fmt: skip

    def messages() -> Iterator[tuple[Any, ...]]:
        row = 0
        for n in numbers:
            for seq in range(1, each + 1):
                row += 1
                author = "visitor" if seq % 2 else "operator"
                body = f"{RARE} {n}" if row % 10_000 == 0 else SAID[(n + seq) % len(SAID)]
                yield (
                    message + row, f"msg_bench{row:015}", first + n, f"b{seq}", seq, seq - 1, "reply", author, "", body,
                    at[n],
                )  # fmt: skip

    filling.put(
        "messages",
        ("id", "public_id", "conversation_id", "client_id", "seq", "after_seq", "kind", "author_kind", "author_name",
         "body", "created_at"),
        messages(),
    )  # fmt: skip
    if crowd.conversations >= 2000:
        tags = [(first + n, f"tag {n % 30}") for n in numbers if n % 10 == 0]
        filling.put("conversation_tags", ("conversation_id", "tag"), tags)


def _mails(filling: _Filling, site: int, crowd: Crowd) -> None:
    before, text, at = filling.last("emails"), "Please confirm your address.\n" * 5, moment(BEGAN)
    states = ("sent",) * 999 + ("bounced",)
    filling.put(
        "emails",
        ("id", "public_id", "site_id", "name", "language", "to_email", "to_key", "to_name", "from_email",
         "from_name", "subject", "text", "html", "headers", "message_id", "contact", "status", "attempts", "data_begun",
         "due_at", "sent_at", "created_at"),
        (
            (before + n, f"eml_bench{n:015}", site, "confirmation", "en", email(n), email(n),
             name(n), "hello@shop.example.org", "Demo shop", "Please confirm", text, f"<p>{text}</p>", "{}",
             f"<{n}@shop.example.org>", f"con_bench{n:015}", states[n % 1000], 1, False, at, at, at)
            for n in range(1, crowd.others + 1)
        ),
    )  # fmt: skip


def _submissions(filling: _Filling, site: int, form: int, contacts: int, crowd: Crowd) -> None:
    before, at = filling.last("submissions"), moment(BEGAN)

    def sent(n: int) -> tuple[Any, ...]:
        held = n % 500 == 0
        why = '{"why": ["links"], "visitor": null, "conversation": null}' if held else None
        return (
            before + n, f"sub_bench{n:015}", site, form, 1, "held" if held else "confirmed", email(n), email(n),
            name(n), "", "en", '{"message": "Hello"}', "[]", "", "", None if held else contacts + n, at,
            None if held else at, at if held else None, why,
        )  # fmt: skip

    filling.put(
        "submissions",
        ("id", "public_id", "site_id", "form_id", "form_version", "status", "email", "email_key", "name", "phone",
         "language", "data", "consents", "page_url", "user_agent", "contact_id", "created_at", "confirmed_at",
         "held_at", "held_why"),
        map(sent, range(1, crowd.others + 1)),
    )  # fmt: skip


def _imports(filling: _Filling, site: int, crowd: Crowd) -> None:
    before, apart, at = filling.last("imports"), filling.last("quarantined"), moment(BEGAN)
    said = '{"source": "a former tool", "collected": "2024-06-01", "language": "en", "purpose": "", "statement": ""}'
    filling.put(
        "imports",
        ("id", "public_id", "site_id", "name", "size", "encoding", "dialect", "mapping", "provenance", "mode", "state",
         "counts", "offset", "row_no", "report_bytes", "error", "created_at"),
        (
            (before + n, f"imp_bench{n:015}", site, f"people{n}.csv", 0, "utf-8", "{}", "{}", said, "quarantine",
             "done", '{"rows": 1, "quarantined": 1}', 0, 1, 0, "", at)
            for n in range(1, 201)
        ),
    )  # fmt: skip
    filling.put(
        "quarantined",
        ("id", "public_id", "site_id", "import_id", "email", "email_key", "name", "phone", "language", "attributes",
         "row_no"),
        (
            (apart + n, f"qua_bench{n:015}", site, before + n % 200 + 1, f"q{email(n)}", f"q{email(n)}", name(n), "",
             "en", "{}", n)
            for n in range(1, crowd.contacts // 10 + 1)
        ),
    )  # fmt: skip
