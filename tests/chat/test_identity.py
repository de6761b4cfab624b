"""Who a visitor is on the host site: proven by its signature, and by nothing else."""

from __future__ import annotations

import re
import time
from pathlib import Path
from threading import Barrier
from typing import Any

import gevent
import jwt
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from leadcapture import db, signing
from leadcapture.chat import identity, queries, tokens
from leadcapture.chat.models import ChatFile, Conversation, PageView, Visitor
from leadcapture.errors import Invalid, LeadCaptureError, Unauthorized
from leadcapture.sites import operations as sites
from leadcapture.sites.models import Site
from tests.chat.test_operations import Chat
from tests.conftest import add_people

SECRET = "s" * 64
DOCS = Path(__file__).parents[2] / "docs" / "identity.md"


def documented(name: str) -> Any:
    """The function that docs/identity.md tells owners to write."""
    blocks = re.findall(r"```python\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    code = next(block for block in blocks if f"def {name}(" in block)
    written: dict[str, Any] = {}
    exec(code, written)
    return written[name]


user_hash, user_token = documented("user_hash"), documented("user_token")


def hashed(user_id: str = "4711", secret: str = SECRET) -> dict[str, Any]:
    return {"user_id": user_id, "hash": user_hash(user_id, secret)}


def signed(secret: str = SECRET, algorithm: str = "HS256", **claims: Any) -> dict[str, Any]:
    given = {"sub": "4711", "exp": int(time.time()) + 60} | claims
    return {"jwt": jwt.encode({k: v for k, v in given.items() if v is not None}, secret, algorithm=algorithm)}


# ---- the proof


def test_the_documented_hash_proves_the_id_and_nothing_that_stands_beside_it() -> None:
    claim = identity.proven({**hashed("żółw/7"), "name": "Alice", "email": "alice@example.org"}, [SECRET])
    assert (claim.user_id, claim.name, claim.email, claim.vouched) == ("żółw/7", "Alice", "alice@example.org", False)


def test_the_documented_token_vouches_for_name_and_address() -> None:
    token = user_token("4711", "Alice", "alice@example.org", SECRET)
    claim = identity.proven({"jwt": token, "name": "Mallory"}, [SECRET])
    assert (claim.user_id, claim.name, claim.email, claim.vouched) == ("4711", "Alice", "alice@example.org", True)


def test_an_id_may_be_a_number_and_a_hash_may_be_written_in_capitals() -> None:
    proof = hashed("4711")
    assert identity.proven({"user_id": 4711, "hash": proof["hash"].upper()}, [SECRET]).user_id == "4711"


@pytest.mark.parametrize(
    "proof",
    [
        {"user_id": "4711", "hash": user_hash("4712", SECRET)},
        {"user_id": "4711", "hash": user_hash("4711", "t" * 43)},
        {"user_id": "4711", "hash": ""},
        signed("t" * 43),
        signed(algorithm="HS512"),
        {"jwt": jwt.encode({"sub": "4711", "exp": 2**33}, "", algorithm="none")},
        signed(exp=int(time.time()) - 60),
        signed(exp=None),
        signed(sub=None),
        signed(exp="tomorrow"),
        signed(iat=int(time.time()) + 3600),
        signed(nbf=int(time.time()) + 3600),
        {"jwt": "a.b.c"},
        {"jwt": ""},
    ],
)  # fmt: skip
def test_a_proof_that_does_not_hold_is_refused_with_a_sentence(proof: dict[str, Any]) -> None:
    with pytest.raises(Unauthorized) as refused:
        identity.proven(proof, [SECRET])
    assert refused.value.message.endswith(".")


@pytest.mark.parametrize(
    "proof",
    [
        {}, {"user_id": "4711"}, {"hash": "00"}, {"user_id": "4711", "hash": 7}, {"user_id": True, "hash": "00"},
        {"user_id": "", "hash": "00"}, {"user_id": "x" * 201, "hash": "00"}, {"user_id": "4\x00711", "hash": "00"},
        {"user_id": "4711", "hash": "ä" * 64}, {"jwt": 7}, {"jwt": "x" * 5000}, {"user_id": "\ud800", "hash": "00"},
    ],
)  # fmt: skip
def test_what_is_no_proof_at_all_cannot_be_read(proof: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        identity.proven(proof, [SECRET])


def test_a_site_without_a_secret_verifies_nobody() -> None:
    with pytest.raises(Unauthorized):
        identity.proven({"user_id": "4711", "hash": user_hash("4711", "")}, [])


JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=8), lambda x: st.lists(x, max_size=3))


@hypothesis_settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.sampled_from(["user_id", "hash", "jwt", "name", "email"]), JSON))
def test_nothing_that_is_made_up_proves_anything(made_up: dict[str, Any]) -> None:
    with pytest.raises(LeadCaptureError):
        identity.proven(made_up, [SECRET])


# ---- the secret


def site_of(chat: Chat) -> Site:
    with db.read() as session:
        return session.get_one(Site, chat.people.site.id)


def test_a_secret_is_renewed_without_a_gap_and_the_old_one_ended(chat: Chat) -> None:
    first = db.write(sites.new_identity_secret, chat.now, site_id=chat.people.site.id)
    person = Person(chat, hashed(secret=first))
    second = db.write(sites.new_identity_secret, chat.now, site_id=chat.people.site.id)
    assert first != second
    assert Person(chat, hashed(secret=first)).visitor == Person(chat, hashed(secret=second)).visitor == person.visitor
    assert not tokens.check(site_of(chat), person.token.text).new

    db.write(sites.end_old_identity_secret, chat.now, site_id=chat.people.site.id)
    with pytest.raises(Unauthorized):
        Person(chat, hashed(secret=first))
    renamed = tokens.check(site_of(chat), person.token.text)
    assert renamed.new, "who was proven by the ended secret is nobody"
    assert renamed.visitor != person.visitor
    assert Person(chat, hashed(secret=second)).visitor == person.visitor


# ---- tokens


def test_a_first_message_that_is_sent_again_comes_from_one_visitor(chat: Chat) -> None:
    site, other = chat.people.site, chat.people.other_site
    key = "k" * 32
    first, again = tokens.check(site, None, key=key), tokens.check(site, "nonsense", key=key)
    assert first == again
    assert tokens.check(other, None, key=key).visitor != first.visitor
    assert tokens.check(site, None, key="l" * 32).visitor != first.visitor
    assert tokens.check(site, None).visitor != tokens.check(site, None).visitor
    assert tokens.check(site, first.text).visitor == first.visitor


@pytest.mark.parametrize("key", ["", "1", "a message", "x" * 65])
def test_a_key_that_others_could_guess_is_refused(chat: Chat, key: str) -> None:
    with pytest.raises(Invalid):
        tokens.check(chat.people.site, None, key=key)


# ---- the person


@pytest.fixture
def chat(either_database: db.Database, now: Any) -> Chat:
    return Chat(db.write(add_people, now), now)


@pytest.fixture
def secret(chat: Chat) -> str:
    return str(db.write(sites.new_identity_secret, chat.now, site_id=chat.people.site.id))


class Person:
    """Somebody who proves who he is, on a device that had `token` before."""

    def __init__(self, chat: Chat, proof: dict[str, Any], token: tokens.Token | None = None) -> None:
        self.chat = chat
        site = site_of(chat)
        found = db.write(
            identity.visitor_of,
            chat.now,
            site=site,
            identity=proof,
            token=token or tokens.check(site, None),
            language="en",
        )
        self.token, self.moved, self.closed = found.token, found.moved, found.closed
        self.visitor = self.token.visitor

    def thread(self) -> Any:
        with db.read() as session:
            return queries.visitors_thread(session, self.chat.now, self.chat.people.site.id, self.visitor)

    def row(self) -> Visitor:
        with db.read() as session:
            return session.scalars(select(Visitor).where(Visitor.public_id == self.visitor)).one()


def browser(chat: Chat) -> tokens.Token:
    """A new browser, which `chat.ask` then writes from."""
    token = tokens.check(chat.people.site, None)
    chat.visitor = token.visitor
    return token


def test_one_person_is_one_visitor_on_every_device(chat: Chat, secret: str) -> None:
    laptop = Person(chat, signed(secret, name="Alice", email="alice@example.org"))
    chat.visitor = laptop.visitor
    posted = chat.ask("From the laptop")
    phone = Person(chat, hashed(secret=secret))
    assert phone.visitor == laptop.visitor
    assert phone.thread().public_id == posted.message.conversation
    assert laptop.row().user == {"name": "Alice", "email": "alice@example.org"}
    assert (laptop.row().name, laptop.row().verified_at) == ("Alice", chat.now)
    assert Person(chat, hashed("4712", secret)).visitor != laptop.visitor


def test_what_was_said_before_signing_in_goes_over_with_its_numbers(chat: Chat, secret: str) -> None:
    before = browser(chat)
    chat.ask("One")
    posted = chat.ask("Two")
    chat.reply(chat.people.bob, posted, "Three")
    person = Person(chat, hashed(secret=secret), before)
    assert (person.moved, person.closed) == ([posted.message.conversation], [])
    assert person.thread().last_seq == 3
    chat.visitor = person.visitor
    assert chat.ask("Four").message.seq == 4
    assert chat.status(posted) == "active", "the operator who answered goes on answering"


def test_the_anonymous_token_opens_nothing_of_the_verified_history(chat: Chat, secret: str) -> None:
    before = browser(chat)
    posted = chat.ask("Before")
    person = Person(chat, hashed(secret=secret), before)
    again = tokens.check(site_of(chat), before.text)
    assert (again.visitor, again.verified) == (before.visitor, False)
    with db.read() as session:
        assert queries.visitors_thread(session, chat.now, chat.people.site.id, before.visitor) is None
    chat.visitor = before.visitor
    assert chat.ask("Who am I?").message.conversation != posted.message.conversation
    assert person.thread().last_seq == 1


def test_pages_files_answers_and_a_block_go_over_and_nothing_is_left(chat: Chat, secret: str) -> None:
    before = browser(chat)
    chat.ask()

    def fill(session: Any) -> None:
        row = session.scalars(select(Visitor).where(Visitor.public_id == before.visitor)).one()
        row.name, row.answers, row.timezone, row.visits = "Al", {"q_size": "M"}, "Asia/Tokyo", 3
        row.blocked_until = chat.now
        session.add(PageView(visitor_id=row.id, url="https://shop.example.org/", at=chat.now))
        session.add(
            ChatFile(
                public_id="fil_1", site_id=row.site_id, visitor=before.visitor, name="a", size=1, content_type="a/b",
                stored="a", created_at=chat.now,
            )
        )  # fmt: skip

    db.write(fill)
    row = Person(chat, hashed(secret=secret), before).row()
    assert (row.name, row.answers, row.timezone, row.visits) == ("Al", {"q_size": "M"}, "Asia/Tokyo", 3)
    assert row.blocked_until == chat.now, "nobody shakes a block off by signing in"
    with db.read() as session:
        assert session.scalars(select(PageView.visitor_id)).all() == [row.id]
        assert session.scalars(select(ChatFile.visitor)).all() == [row.public_id]
        left = session.scalars(select(Visitor).where(Visitor.public_id == before.visitor)).one()
        assert (left.name, left.answers, left.timezone) == ("", None, "")


def test_a_person_has_one_open_conversation(chat: Chat, secret: str) -> None:
    laptop = Person(chat, hashed(secret=secret))
    chat.visitor = laptop.visitor
    older = chat.ask("On the laptop")
    before = browser(chat)
    newer = chat.ask("On the phone, not signed in yet")
    phone = Person(chat, hashed(secret=secret), before)
    assert (phone.moved, phone.closed) == ([newer.message.conversation], [older.message.conversation])
    assert chat.status(older) == "closed"
    assert phone.thread().public_id == newer.message.conversation


def test_who_signs_in_after_another_takes_nothing_of_hers(chat: Chat, secret: str) -> None:
    alice = Person(chat, hashed("alice", secret))
    chat.visitor = alice.visitor
    posted = chat.ask("Mine")
    erin = Person(chat, hashed("erin", secret), alice.token)
    assert (erin.moved, erin.thread()) == ([], None)
    assert alice.thread().public_id == posted.message.conversation


def test_a_user_of_another_site_is_another_person(chat: Chat, secret: str) -> None:
    theirs = str(db.write(sites.new_identity_secret, chat.now, site_id=chat.people.other_site.id))
    with pytest.raises(Unauthorized):
        Person(chat, hashed(secret=theirs))
    person = Person(chat, hashed(secret=secret))
    with db.read() as session:
        other = session.get_one(Site, chat.people.other_site.id)
    assert tokens.check(other, person.token.text).new
    forged = signing.sign("visitor", f"{chat.people.site.key}:{person.visitor}:0123456789abcdef")
    assert tokens.check(site_of(chat), forged).new, "a mark of no secret of the site"


def test_two_tabs_that_identify_at_once_make_one_person_and_lose_nothing(chat: Chat, secret: str) -> None:
    before = browser(chat)
    posted = chat.ask("Before")
    people = run_at_once([lambda: Person(chat, hashed(secret=secret), before) for _number in range(4)])
    assert len({person.visitor for person in people}) == 1
    assert sorted(person.moved for person in people) == [[], [], [], [posted.message.conversation]]
    with db.read() as session:
        assert session.scalar(select(func.count()).select_from(Visitor).where(Visitor.user_id == "4711")) == 1
        assert session.scalars(select(Conversation.visitor_id)).all() == [people[0].row().id]


def test_a_message_written_while_the_person_signs_in_is_kept(chat: Chat, secret: str) -> None:
    before = browser(chat)
    chat.ask("Before")
    results = run_at_once(
        [lambda: Person(chat, hashed(secret=secret), before), lambda: chat.ask("Meanwhile", client_id="meanwhile")]
    )
    written: Any = results[1]
    # Whichever came first: sent again as before, or found by the next proof, it is stored once and theirs in the end.
    person = Person(chat, hashed(secret=secret), before)
    with db.read() as session:
        thread = queries.thread(session, written.message.conversation)
    assert thread is not None
    assert thread.visitor == person.visitor


def run_at_once(acts: list[Any]) -> list[Any]:
    """What each act returned; on PostgreSQL they really overlap."""
    if db.current().sqlite:
        return [job.get() for job in [gevent.spawn(act) for act in acts]]
    barrier = Barrier(len(acts))
    pool = gevent.get_hub().threadpool

    def act_together(act: Any) -> Any:
        barrier.wait(10)
        return act()

    return [job.get() for job in [pool.spawn(act_together, act) for act in acts]]
