"""Nothing of a site for who does not belong there: every route and every event is tried.

charlie, the owner of the other site, sends the real ids of everything that belongs to alice's; visitors come with the
tokens of others. Each time the tables must be what they were, and nothing of the site may stand in the answer. A route
or an event that is missing here fails: say below how it is tried, or why it is everybody's.
"""

from __future__ import annotations

import io
import json
import re
import shutil
import sqlite3
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import gevent
import pytest
from flask.testing import FlaskClient
from jinja2 import FileSystemBytecodeCache
from werkzeug.test import TestResponse

from leadcapture import clock, db, ids, signing
from leadcapture import settings as settings_module
from leadcapture.chat import protocol, sockets
from leadcapture.demo import rules as demo
from leadcapture.forms.access import poll_token
from leadcapture.operators import queries as operators
from leadcapture.sites import operations as sites
from leadcapture.socketio import socketio
from tests.conftest import application, configured

# What names a thing of the site: charlie is told that there is no such thing.
THEIRS = """
    GET /console/canned/{reply}
    POST /console/canned/{reply}
    POST /console/canned/{reply}/delete
    GET /console/contacts/{contact}
    POST /console/contacts/{contact}/erase address={address}
    GET /console/contacts/{contact}/proof.json
    GET /console/contacts/{contact}/proof.pdf
    POST /console/contacts/{contact}/receipt
    POST /console/held/{held}/release
    POST /console/held/{held}/spam
    POST /console/held/{held}/undo
    GET /console/imports/{import}
    POST /console/imports/{import}/columns
    POST /console/imports/{import}/origin
    POST /console/imports/{import}/run act=start
    POST /console/imports/{import}/run act=cancel
    GET /console/imports/{import}/report.csv
    GET /console/imports/{import}/evidence
    GET /console/imports/{import}/ask
    POST /console/imports/{import}/ask ground=bought
    GET /console/inbox/{conversation}
    GET /console/inbox/{conversation}/transcript
    POST /console/inbox/{conversation}/transcript
    POST /console/inbox/files conversation={conversation}
    GET /console/invitations/{invitation}
    POST /console/invitations/{invitation}
    POST /console/invitations/{invitation}/pause
    POST /console/invitations/{invitation}/resume
    POST /console/invitations/{invitation}/delete
    GET /console/outbox/{email}
    GET /console/outbox/{email}/html
    POST /console/outbox/{email}/retry
    GET /console/statements/ask?form={subscription}&purpose=newsletter
    POST /console/statements/ask form={subscription} purpose=newsletter old=1-aaaaaaaaaa per_hour=100
    GET /console/statements/campaigns/{campaign}
    GET /console/statements/campaigns/{campaign}/mail/en
    POST /console/statements/campaigns/{campaign} act=start
    POST /console/switch site={site}
    POST /console/team/{bob}/remove
    POST /console/team/{bob}/role role=owner
    POST /console/tokens/{token}/revoke
    GET /console/forms/{subscription}
    POST /console/forms/{subscription}
    GET /console/forms/{subscription}/entries
    GET /console/forms/{subscription}/entries.csv
    GET /console/forms/{subscription}/page
    GET /console/forms/{subscription}/place
    POST /console/forms/{subscription}/place
    GET /console/forms/{subscription}/qr.png
    GET /console/forms/{subscription}/qr.svg
    GET /console/forms/{subscription}/versions
    GET /console/forms/{subscription}/versions/1
    POST /console/forms/{subscription}/archive
    POST /console/forms/{subscription}/duplicate
    POST /console/forms/{subscription}/preview
    POST /console/forms/{subscription}/publish
    POST /console/forms/{subscription}/unarchive
    POST /console/forms/{subscription}/unpublish
    GET /console/forms/{contest}/contest
    POST /console/forms/{contest}/contest/disqualify rank=1 reason=Mine
    POST /console/forms/{contest}/contest/draw sure=yes
    GET /console/forms/{coupon}/codes
    POST /console/forms/{coupon}/codes
    GET /console/forms/{coupon}/codes.csv
    POST /console/forms/{coupon}/codes/{code}/void
    GET /console/forms/{download}/files
    POST /console/forms/{download}/files
    GET /console/forms/{download}/files/{file}
    POST /console/forms/{download}/files/{file}/remove
    GET /console/forms/{order}/orders
    GET /console/forms/{order}/orders.csv
    GET /console/forms/{order}/orders/{an_order}
    POST /console/forms/{order}/orders/{an_order} state=accepted
    GET /console/forms/{registration}/members
    GET /console/forms/{registration}/members.csv
    POST /console/forms/{registration}/members/{member}/end
    POST /console/forms/{registration}/members/{member}/restore
    GET /console/forms/{review}/reviews
    POST /console/forms/{review}/reviews/{a_review} state=published
    POST /console/forms/{review}/reviews/{a_review}/answer answer=Mine
    GET /console/forms/{webinar}/seats
    GET /console/forms/{webinar}/seats.csv
    POST /console/forms/{webinar}/seats/{seat}/remove
"""

# What names his own things by themselves, or his site by the session: he gets his own, whatever else he sends.
HIS_OWN = """
    GET /console/
    GET /console/account
    POST /console/account name=Charlie
    GET /console/canned?site={site}
    POST /console/canned site={site} shortcut=mine body=Mine
    GET /console/chat?site={site}
    POST /console/chat site={site}
    POST /console/chat/secret site={site}
    POST /console/chat/secret/end site={site}
    GET /console/contacts?q={address}&site={site}
    GET /console/contacts.csv?site={site}
    GET /console/forms?site={site}
    GET /console/forms/new
    POST /console/forms/new kind=subscription site={site}
    GET /console/forms/work
    GET /console/held?site={site}&after=0
    GET /console/imports?site={site}
    POST /console/imports site={site}
    GET /console/quarantine?search=kept-apart&site={site}
    GET /console/inbox?conversation={conversation}
    GET /console/invitations?site={site}
    POST /console/invitations site={site}
    GET /console/outbox?q={address}&site={site}
    GET /console/protection?site={site}
    POST /console/protection site={site} disposable=allow spam_threshold=0.5 min_seconds=0
    GET /console/retention?site={site}
    POST /console/retention site={site} ips=1 emails=1 visits=1
    GET /console/statements?site={site}
    GET /console/site?site={site}
    POST /console/site site={site}
    GET /console/site/preview?site={site}
    POST /console/site/recipient site={site}
    GET /console/team?site={site}
    POST /console/team site={site} email=charlie@example.org role=owner
    GET /console/tokens?site={site}
    POST /console/tokens site={site} name=Mine
"""

# What a signed link proves: nothing is there for who made the signature for something else, or has another's link.
UNPROVEN = """
    GET /confirm/{wrong_confirm}
    POST /confirm/{wrong_confirm}
    POST /confirm/{wrong_confirm}/resend
    GET /console/invitation/{wrong_invitation}
    POST /console/invitation/{wrong_invitation} password=correct+horse
    GET /console/set-up/{wrong_setup}
    POST /console/set-up/{wrong_setup} email=charlie@example.org password=correct+horse
    GET /f/{site}/{contest_slug}/entry/{wrong_entry}
    GET /f/{site}/{contest_slug}/entry/{wrong_entry}/entry.json
    GET /f/{site}/{download_slug}/files/{wrong_download}
    GET /f/{site}/{webinar_slug}/join/{wrong_seat}
    POST /f/{site}/{webinar_slug}/join/{wrong_seat}
    GET /f/{site}/{registration_slug}/member/{wrong_member}
    POST /f/{site}/{registration_slug}/member/{wrong_member}
    GET /f/{site}/{review_slug}/reviews/withdraw/{wrong_review}
    POST /f/{site}/{review_slug}/reviews/withdraw/{wrong_review}
    GET /files/{chat_file}/{wrong_file}?t={wrong_file}
    GET /files/{chat_file}/thumb?t={wrong_file}
    GET /mail/{wrong_mail}
    GET /permission/{wrong_permission}
    POST /permission/{wrong_permission} answer=no
    GET /preferences/{wrong_preferences}
    POST /preferences/{wrong_preferences}
    GET /preferences/{wrong_preferences}/data.csv
    GET /preferences/{wrong_preferences}/data.json
    GET /preferences/{wrong_preferences}/erase
    POST /preferences/{wrong_preferences}/erase sure={sure}
    POST /preferences/{wrong_preferences}/address new_address=charlie@example.org
    POST /preferences/{wrong_preferences}/address/cancel
    POST /preferences/{wrong_preferences}/address/code code=123456
    POST /preferences/{wrong_preferences}/pause days=30
    GET /preferences/{wrong_preferences}/receipt.json
    GET /preferences/{wrong_preferences}/receipt.pdf
    POST /preferences/{wrong_preferences}/receipt
    POST /preferences/{wrong_preferences}/stop
    GET /address/{wrong_change}
    POST /address/{wrong_change}
    GET /recipient/{wrong_recipient}
    POST /recipient/{wrong_recipient}
    GET /unsubscribe/{wrong_unsubscribe}
    POST /unsubscribe/{wrong_unsubscribe}
    GET /v1/submissions/{submission}?token={wrong_submission}
    POST /v1/submissions/{submission}/code code=123456 poll_token={wrong_submission}
    POST /v1/submissions/{submission}/resend poll_token={wrong_submission}
"""

# What a program asks with the token of the other site: it knows none of the site's codes and members.
MACHINES = """
    POST /api/v1/coupons/validate code={code_text}
    POST /api/v1/coupons/redeem code={code_text} order=1
    POST /api/v1/coupons/release code={code_text} order=1
    GET /api/v1/members/check?proof={member}
"""

# What a visitor asks with a token that is not theirs to use here; each event by plain HTTP is tried below.
VISITORS = """
    GET /v1/{site}/chat/messages?after_seq=0
    POST /v1/{site}/chat/messages client_id=x1 body=Hello
    POST /v1/{site}/chat/files
    POST /v1/{site}/chat/events/{event}
"""

# What everybody may see or do, and why.
PUBLIC = {
    "static": "the widget's own files",
    "demo.": "the pages of a made-up shop, served by `leadcapture demo` alone",
    "health.": "says nothing of any site",
    "metrics.": "figures of the whole service, for the token of LEADCAPTURE_METRICS_TOKEN alone",
    "snippet.": "what the owner's pages show to all their visitors",
    "forms.describe": "what the owner's pages show to all their visitors",
    "forms.submit": "whoever fills in a form; the answer is the same for every address",
    "form_pages.hosted": "a published form on its page",
    "form_pages.send": "whoever fills in a form; the answer is the same for every address",
    "form_pages.code": "the page that follows on a form: the code out of the mail is what proves",
    "form_pages.resend": "the page that follows on a form: mails the address that was given before",
    "form_pages.back_to_form": "the same page, asked for by a reload",
    "form_pages.accent": "the site's colour",
    "form_short.": "leads to a published form",
    "proof.checker": "the program that checks proofs",
    "contest_pages.draw": "the record of a draw is public",
    "contest_pages.draw_record": "the record of a draw is public",
    "contest_pages.script": "the program that checks a draw",
    "contest_pages.read_rules": "the rules of a contest",
    "review_public.page": "published reviews",
    "review_public.as_": "published reviews",
    "registration_visitors.ask_link": "asks for an address",
    "registration_visitors.send_link": "mails a link to the address that is given, and says the same whatever it is",
    "operators.sign_in": "whoever signs in",
    "operators.do_sign_in": "whoever signs in",
    "operators.sign_out": "ends one's own session",
}
PREFLIGHT = re.compile(r"preflight$")  # says which origins may ask, nothing else

# What the answer is to charlie's event that carries an id of the site.
NO_SUCH = {
    "take": {"conversation": "{conversation}"},
    "message": {"conversation": "{conversation}", "client_id": "c1", "body": "Mine", "kind": "reply"},
    "typing": {"conversation": "{conversation}"},
    "seen": {"conversation": "{conversation}", "seq": 1},
    "delivered": {"conversation": "{conversation}", "seq": 1},
    "close": {"conversation": "{conversation}"},
    "release": {"conversation": "{conversation}"},
    "spam": {"conversation": "{conversation}"},
    "assign": {"conversation": "{conversation}", "operator": "{charlie}"},
    "join": {"conversation": "{conversation}"},
    "sync": {"conversation": "{conversation}", "after_seq": 0, "after_rev": 0},
    "snooze": {"conversation": "{conversation}", "until": "2099-01-01T00:00:00Z"},
    "tag": {"conversation": "{conversation}", "add": ["mine"]},
    "canned": {"site": "{site}"},
    "edit": {"message": "{reply_message}", "body": "Mine"},
    "delete": {"message": "{reply_message}"},
    "block": {"conversation": "{conversation}", "hours": 1},
    "unblock": {"conversation": "{conversation}"},
    "about": {"conversation": "{conversation}"},
    "approach": {"visitor": "{looking}", "client_id": "c1", "body": "Mine"},
    "drop_view": {"view": "{view}"},
}
# What has an answer for everybody, of one's own sites alone: these parts of it must be empty, or say nothing was done.
EMPTY: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "presence": ({"available": True}, {"ok": True}),
    "idle": ({"idle": False}, {"ok": True}),
    "list": ({"status": "all", "filter": {"operator": "{bob}"}}, {"conversations": []}),
    "counts": ({}, {"views": []}),
    "search": ({"text": "{word}"}, {"hits": []}),
    "save_view": ({"name": "Mine", "filter": {}, "shared": True}, {"ok": True}),
    "bulk": ({"conversations": ["{conversation}"], "action": "close"}, {"done": []}),
    "mentioned": ({}, {"mentions": []}),
    "mention_seen": ({"id": "{mention}"}, {"ok": True}),
    "people": ({}, {"people": []}),
}
# What a visitor may send; the ids in it are those of somebody else's conversation.
VISITORS_EVENTS: dict[str, dict[str, Any]] = {
    "message": {"client_id": "m1", "body": "", "file": "{chat_file}", "conversation": "{conversation}"},
    "typing": {"text": "x", "conversation": "{conversation}"},
    "seen": {"seq": 1, "conversation": "{conversation}"},
    "delivered": {"seq": 1, "conversation": "{conversation}"},
    "sync": {"after_seq": 0, "after_rev": 0, "conversation": "{conversation}"},
    "end": {"conversation": "{conversation}"},
    "rate": {"stars": 1, "comment": "Mine", "conversation": "{conversation}"},
    "identify": {"user_id": "{user}", "hash": "0" * 64},
    "page": {"url": "https://shop.example.org/", "title": "x", "conversation": "{conversation}"},
    "answers": {"name": "Mine", "conversation": "{conversation}"},
    "transcript": {"conversation": "{conversation}"},
}


# ---- what there is ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def world(
    seeded: Any, tmp_path_factory: pytest.TempPathFactory, compiled: FileSystemBytecodeCache
) -> Iterator[SimpleNamespace]:
    """Both demo shops in this process: `ids` of what belongs to the site, `charlie`, and tokens that prove nothing."""
    instance = tmp_path_factory.mktemp("authorisation") / "instance"
    shutil.copytree(seeded, instance)
    unlimited = {f"LEADCAPTURE_RATE_{name}": "100000/second" for name in ("CONNECT", "MESSAGE", "UPLOAD", "SIGN_IN")}
    settings = settings_module.load(configured(instance) | unlimited)
    app = application(settings, compiled)
    db.connect(settings.database_url)
    with db.read() as session:
        charlie = operators.by_email(session, "charlie@example.org")
    client = app.test_client()
    with client.session_transaction() as cookie:
        cookie["operator"], cookie["epoch"] = charlie.public_id, charlie.session_epoch
    with sqlite3.connect(instance / "leadcapture.db") as tables:
        add_what_the_demo_lacks(tables)
        known = names_of(tables)
    _, his_token = db.write(sites.create_token, clock.now(), site_id=known["other_site_id"], name="His")
    yield SimpleNamespace(
        app=app,
        tables=tables,
        charlie=client,
        his_token=his_token,
        ids=known | {"charlie": charlie.public_id} | wrong_tokens(known),
        secrets=secrets_of(tables),
        rows=rows_of(tables),
    )
    tables.close()
    db.close()


def add_what_the_demo_lacks(tables: sqlite3.Connection) -> None:
    """A member, a seat, a file in the chat, a saved view, a held submission, a user whom the host site has proven, and
    a visitor who is on the site and agreed to be seen."""
    form = "SELECT id FROM forms WHERE site_id = 1 AND kind = ?"
    contact = "SELECT min(id) FROM contacts WHERE site_id = 1"
    at = "2026-03-04 10:00:00.000000"
    tables.execute(
        "INSERT INTO members (public_id, form_id, contact_id, number, language, since, ended_by) "
        f"VALUES ('mem_a_member_of_alices', ({form}), ({contact}), 1, 'en', ?, '')",
        ("registration", at),
    )
    tables.execute(
        "INSERT INTO webinar_seats (public_id, session_id, contact_id, language, status, place, sequence, taken_at) "
        "SELECT 'seat_one_of_alices', min(s.id), "
        f"({contact}), 'en', 'seated', 1, 0, ? FROM webinar_sessions s JOIN forms f ON f.id = s.form_id "
        "WHERE f.site_id = 1",
        (at,),
    )
    tables.execute(
        "INSERT INTO chat_files (public_id, site_id, operator_id, name, size, content_type, stored, claimed, "
        "created_at) VALUES ('fil_one_of_alices', 1, 1, 'secret.pdf', 1, 'application/pdf', 'nowhere', 0, ?)",
        (at,),
    )
    tables.execute(
        "INSERT INTO saved_views (public_id, site_id, operator_id, name, filter, created_at) "
        "VALUES ('viw_one_of_alices', 1, NULL, 'What alice looks at', '{}', ?)",
        (at,),
    )
    tables.execute(
        "INSERT INTO imports (public_id, site_id, name, stored, size, encoding, dialect, mapping, provenance, "
        "evidence, mode, state, counts, offset, row_no, report, report_bytes, error, created_at) "
        "VALUES ('imp_one_of_alices', 1, 'alices people.csv', 'nowhere', 1, 'utf-8', '{}', '{}', '{}', 'nowhere', "
        "'quarantine', 'done', '{}', 1, 1, 'nowhere', 0, '', ?)",
        (at,),
    )
    tables.execute(
        "INSERT INTO quarantined (public_id, site_id, import_id, email, email_key, name, phone, language, attributes, "
        "row_no) SELECT 'qua_one_of_alices', 1, max(id), 'kept-apart@example.org', 'kept-apart@example.org', '', '', "
        "'en', '{}', 1 FROM imports"
    )
    tables.execute(
        "INSERT INTO visitor_presences (socket_id, process, site_id, visitor, language, timezone, device, referrer, "
        "url, title, since, heard_at) VALUES ('s', 'p', 1, 'vis_looks_at_alices', 'en', '', '', '', "
        "'https://shop.example.org/', 'Shop', ?, '2099-01-01 00:00:00.000000')",
        (at,),
    )
    tables.execute(
        "INSERT INTO submissions (public_id, site_id, form_id, form_version, status, email, email_key, name, phone, "
        "language, data, consents, page_url, user_agent, created_at, held_at) "
        f"VALUES ('sub_held_at_alices', 1, ({form}), 1, 'held', 'erin@example.org', 'erin@example.org', 'Erin', '', "
        """'en', '{"message": "Cheap pills from Erin"}', '[]', '', '', ?, ?)""",
        ("offline", at, at),
    )
    tables.execute(
        "INSERT INTO permission_campaigns (public_id, site_id, purpose, version, statement, old_versions, ground, "
        "state, per_hour, counts, created_at) VALUES ('rpc_one_of_alices', 1, 'newsletter', '2-bbbbbbbbbb', "
        """'{"en": {"version": "2-bbbbbbbbbb", "statement": "Words of alices"}}', '["1-aaaaaaaaaa"]', '', 'draft', """
        "100, '{}', ?)",
        (at,),
    )
    tables.execute(
        "INSERT INTO permission_asks (public_id, campaign_id, contact_id, email, name, language, asked_at) "
        f"SELECT 'ask_one_of_alices', max(id), ({contact}), '', '', 'en', ? FROM permission_campaigns",
        (at,),
    )
    tables.execute("UPDATE visitors SET user_id = 'user-of-alices' WHERE id = (SELECT min(id) FROM visitors)")
    tables.commit()


def names_of(tables: sqlite3.Connection) -> dict[str, Any]:
    """The real ids of one of everything that belongs to the site."""

    def one(question: str, *given: object) -> Any:
        found = tables.execute(question, given).fetchone()
        assert found is not None, question
        return found[0]

    forms = tables.execute("SELECT kind, public_id, slug FROM forms WHERE site_id = 1").fetchall()
    conversation = one("SELECT id FROM conversations WHERE site_id = 1 AND operator_id IS NOT NULL AND status='active'")
    return {
        "site": demo.SITE_KEY,
        "other_site": demo.OTHER_SITE_KEY,
        "other_site_id": one("SELECT id FROM sites WHERE key = ?", demo.OTHER_SITE_KEY),
        **{kind: public_id for kind, public_id, _ in forms},
        **{f"{kind}_slug": slug for kind, _, slug in forms},
        "conversation": one("SELECT public_id FROM conversations WHERE id = ?", conversation),
        "visitor": one(
            "SELECT v.public_id FROM visitors v JOIN conversations c ON c.visitor_id = v.id WHERE c.id = ?",
            conversation,
        ),
        "reply_message": one(
            "SELECT public_id FROM messages WHERE conversation_id = ? AND author_kind = 'operator'", conversation
        ),
        "mention": one("SELECT g.public_id FROM mentions m JOIN messages g ON g.id = m.message_id"),
        "word": max(one("SELECT body FROM messages WHERE author_kind = 'visitor'").split(), key=len).strip(".,?!"),
        "reply": one("SELECT public_id FROM canned_replies WHERE site_id = 1"),
        "view": "viw_one_of_alices",
        "chat_file": "fil_one_of_alices",
        "user": "user-of-alices",
        "looking": "vis_looks_at_alices",
        "invitation": json.loads(one("SELECT chat FROM sites WHERE key = ?", demo.SITE_KEY))["invitations"][0]["id"],
        "import": "imp_one_of_alices",
        "campaign": "rpc_one_of_alices",
        "contact": one("SELECT public_id FROM contacts WHERE site_id = 1"),
        "address": one("SELECT email FROM contacts WHERE site_id = 1"),
        "email": one("SELECT public_id FROM emails WHERE site_id = 1"),
        "bob": one("SELECT public_id FROM operators WHERE email = 'bob@example.org'"),
        "alice": one("SELECT public_id FROM operators WHERE email = 'alice@example.org'"),
        "token": one("SELECT public_id FROM api_tokens WHERE site_id = 1"),
        "code": one("SELECT public_id FROM coupon_codes WHERE site_id = 1"),
        "code_text": one("SELECT code FROM coupon_codes WHERE site_id = 1"),
        "file": one("SELECT d.public_id FROM download_files d JOIN forms f ON f.id = d.form_id WHERE f.site_id = 1"),
        "an_order": one("SELECT public_id FROM orders WHERE site_id = 1"),
        "a_review": one("SELECT public_id FROM reviews WHERE site_id = 1"),
        "member": "mem_a_member_of_alices",
        "seat": "seat_one_of_alices",
        "confirmation": one("SELECT public_id FROM confirmations WHERE site_id = 1 AND status = 'pending'"),
        "submission": one("SELECT public_id FROM submissions WHERE site_id = 1 AND status = 'pending'"),
        "held": "sub_held_at_alices",
        "event": "message",
    }


def wrong_tokens(known: dict[str, Any]) -> dict[str, str]:
    """The right ids, signed by us for something else than what they are shown for."""
    meant = {
        "confirm": known["confirmation"],
        "invitation": f"{known['bob']}:0",
        "setup": "first owner",
        "entry": known["contact"],
        "download": f"{known['submission']}.{known['file']}",
        "seat": known["seat"],
        "member": known["member"],
        "review": known["a_review"],
        "file": known["chat_file"],
        "mail": known["email"],
        "preferences": known["contact"],
        "change": "chg_one_of_alices",
        "permission": "ask_one_of_alices",
        "recipient": f"{known['site']}:alice@example.org",
        "unsubscribe": known["contact"],
    }
    return {f"wrong_{purpose}": signing.sign("preview", value) for purpose, value in meant.items()} | {
        "sure": signing.sign("erase", f"{known['contact']}.{int(clock.now().timestamp())}"),
        "wrong_submission": poll_token(demo.SITE_KEY, "sub_of_somebody_else"),
    }


# Rows of these say who is connected, or are made of other rows.
PASSING = re.compile(r"presences|visitor_presences|sqlite_.*|.*_search.*|alembic_version")


def rows_of(tables: sqlite3.Connection) -> dict[str, set[tuple[Any, ...]]]:
    """Every row of every table but for those of the other site and of what hangs on it."""
    other = tables.execute("SELECT id FROM sites WHERE key = ?", (demo.OTHER_SITE_KEY,)).fetchone()[0]
    theirs = f"SELECT id FROM {{}} WHERE site_id = {other}"
    belongs = {
        "site_id": f"site_id = {other}",
        "form_id": f"form_id IN ({theirs.format('forms')})",
        "conversation_id": f"conversation_id IN ({theirs.format('conversations')})",
        "visitor_id": f"visitor_id IN ({theirs.format('visitors')})",
    }
    found = {}
    names = [name for (name,) in tables.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()]
    for name in names:
        if PASSING.fullmatch(name):
            continue
        columns = [column[1] for column in tables.execute(f"PRAGMA table_info({name})")]
        conditions = [f"coalesce({belongs[column]}, 0)" for column in columns if column in belongs]
        if name == "sites":
            conditions = [f"id = {other}"]
        if name == "operators":
            conditions = ["email = 'charlie@example.org'"]
        where = f" WHERE NOT ({' OR '.join(conditions)})" if conditions else ""
        found[name] = set(tables.execute(f"SELECT * FROM {name}{where}").fetchall())
    return found


def secrets_of(tables: sqlite3.Connection) -> set[str]:
    """Ids, addresses and texts that only the site's rows have."""
    questions = """
        SELECT public_id FROM contacts UNION SELECT public_id FROM conversations UNION SELECT public_id FROM messages
        UNION SELECT public_id FROM emails UNION SELECT public_id FROM canned_replies UNION SELECT public_id FROM orders
        UNION SELECT public_id FROM submissions UNION SELECT email FROM contacts UNION SELECT body FROM messages
        UNION SELECT body FROM canned_replies UNION SELECT text FROM reviews UNION SELECT name FROM contacts
        UNION SELECT public_id FROM forms WHERE site_id = 1 UNION SELECT name FROM saved_views
        UNION SELECT name FROM imports UNION SELECT email FROM quarantined
        UNION SELECT identity_secret FROM sites WHERE id = 1 UNION SELECT 'bob@example.org'"""
    return {text for (text,) in tables.execute(questions) if text and len(text) > 7}


# ---- trying it -------------------------------------------------------------------------------------------------------


def lines(table: str) -> list[str]:
    return [line.strip() for line in table.strip().splitlines()]


def ask(world: SimpleNamespace, line: str, client: FlaskClient, headers: dict[str, str] | None = None) -> TestResponse:
    """Send what a line of the tables says; uploads are a small text."""
    method, path, *given = line.format(**world.ids).split()
    values: dict[str, Any] = dict(value.split("=", 1) for value in given)
    if method == "GET":
        return client.get(path, headers=headers)
    if path.startswith(("/v1/", "/api/")) and not path.endswith("/files"):
        return client.post(path, json=values, headers=headers)
    if path.endswith("/files"):
        values["file"] = (io.BytesIO(b"Hello"), "hello.txt")
    page = client.get("/console/account", follow_redirects=True).text
    csrf = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert csrf is not None
    return client.post(path, data=values | {"csrf_token": csrf[1]}, headers=headers)


def tell_tales(world: SimpleNamespace, line: str, answer: str) -> set[str]:
    """Secrets of the site in an answer; what was sent oneself may come back."""
    sent = line.format(**world.ids)
    return {secret for secret in world.secrets if secret in answer and secret not in sent}


def nothing_changed(world: SimpleNamespace, *, but_may_grow: bool = False) -> bool:
    """Whether the tables are what they were when this was asked last; a stranger may begin a conversation of their
    own."""
    before, world.rows = world.rows, rows_of(world.tables)
    if but_may_grow:
        return all(rows <= world.rows[name] for name, rows in before.items())
    return bool(world.rows == before)


def rule_of(world: SimpleNamespace, line: str) -> tuple[str, str]:
    method, path = line.format(**world.ids).split()[:2]
    rule, _ = world.app.url_map.bind("").match(path.partition("?")[0], method, return_rule=True)
    return method, rule.rule


@pytest.mark.parametrize("line", lines(THEIRS))
def test_charlie_is_told_that_there_is_no_such_thing(world: SimpleNamespace, line: str) -> None:
    answer = ask(world, line, world.charlie)
    assert answer.status_code == 404
    assert not tell_tales(world, line, answer.text)
    assert nothing_changed(world)


@pytest.mark.parametrize("line", lines(THEIRS) + lines(HIS_OWN))
def test_who_has_not_signed_in_gets_nowhere(world: SimpleNamespace, line: str) -> None:
    answer = ask(world, line, world.app.test_client())
    assert answer.status_code in (302, 303, 401, 413)
    assert not tell_tales(world, line, answer.text)
    assert nothing_changed(world)


@pytest.mark.parametrize("line", lines(HIS_OWN))
def test_charlie_gets_his_own_site_and_nothing_of_the_other(world: SimpleNamespace, line: str) -> None:
    answer = ask(world, line, world.charlie)
    assert answer.status_code in (200, 302, 303, 409, 422)
    assert not tell_tales(world, line, answer.text)
    assert nothing_changed(world)


@pytest.mark.parametrize("line", lines(UNPROVEN))
def test_a_signature_for_something_else_proves_nothing(world: SimpleNamespace, line: str) -> None:
    answer = ask(world, line, world.app.test_client())
    assert answer.status_code in (400, 401, 403, 404, 410)
    assert not tell_tales(world, line, answer.text)
    assert nothing_changed(world)


@pytest.mark.parametrize("line", lines(MACHINES))
def test_a_program_of_the_other_site_knows_nothing_of_this_one(world: SimpleNamespace, line: str) -> None:
    for headers, statuses in (({}, {401}), ({"Authorization": f"Bearer {world.his_token}"}, {200, 404, 422})):
        answer = ask(world, line, world.app.test_client(), headers)
        assert answer.status_code in statuses
        assert not tell_tales(world, line, answer.text)
        if answer.status_code == 200:
            assert True not in json.loads(answer.text).values(), answer.text
        assert nothing_changed(world)


def foreign_tokens(world: SimpleNamespace) -> dict[str, str]:
    """Tokens that are not for the site's conversation: of the other site with the same visitor's id, signed for
    another purpose, one's own of another visitor."""
    named = f"{demo.SITE_KEY}:{world.ids['visitor']}"
    return {
        "of the other site": signing.sign("visitor", f"{demo.OTHER_SITE_KEY}:{world.ids['visitor']}"),
        "for another purpose": signing.sign("preview", named),
        "as if it were proven": signing.sign("visitor", f"{named}:0123456789abcdef"),
        "of another visitor": signing.sign("visitor", f"{demo.SITE_KEY}:{ids.new('visitor')}"),
    }


@pytest.mark.parametrize("line", lines(VISITORS))
def test_a_visitor_with_a_token_that_is_not_theirs_gets_nothing(world: SimpleNamespace, line: str) -> None:
    for token in foreign_tokens(world).values():
        answer = ask(world, line, world.app.test_client(), {"Authorization": f"Bearer {token}"})
        assert answer.status_code < 500
        assert not tell_tales(world, line, answer.text)
        assert nothing_changed(world, but_may_grow=True)


def filled_in(payload: Any, world: SimpleNamespace) -> Any:
    return json.loads(re.sub(r"\{(\w+)\}", lambda name: str(world.ids[name[1]]), json.dumps(payload)))


@pytest.mark.parametrize("event", VISITORS_EVENTS)
def test_a_visitors_event_reaches_nobody_elses_conversation(world: SimpleNamespace, event: str) -> None:
    payload = filled_in(VISITORS_EVENTS[event], world)
    for token in foreign_tokens(world).values():
        auth = {"site": demo.SITE_KEY, "token": token}
        client = socketio.test_client(world.app, namespace="/visitor", auth=auth)
        answer = client.emit(event, payload, namespace="/visitor", callback=True)
        gevent.sleep(0)
        heard = json.dumps([answer, client.get_received("/visitor")], ensure_ascii=False)
        client.disconnect("/visitor")
        posted = world.app.test_client().post(
            f"/v1/{demo.SITE_KEY}/chat/events/{event}", json=payload, headers={"Authorization": f"Bearer {token}"}
        )
        assert posted.status_code < 500
        assert not tell_tales(world, json.dumps(payload).replace("{", "{{").replace("}", "}}"), heard + posted.text)
        assert nothing_changed(world, but_may_grow=True)


@pytest.fixture(scope="module")
def his_socket(world: SimpleNamespace) -> Iterator[Any]:
    client = socketio.test_client(world.app, namespace="/operator", flask_test_client=world.charlie)
    assert client.is_connected("/operator")
    yield client
    client.disconnect("/operator")


@pytest.mark.parametrize("event", NO_SUCH)
def test_charlies_event_on_a_thing_of_the_site_finds_nothing(
    world: SimpleNamespace, his_socket: Any, event: str
) -> None:
    answer = his_socket.emit(event, filled_in(NO_SUCH[event], world), namespace="/operator", callback=True)
    assert (answer["ok"], answer["error"]["code"]) == (False, "not_found")
    assert nothing_changed(world)


@pytest.mark.parametrize("event", EMPTY)
def test_charlies_event_of_his_own_sites_has_nothing_of_the_other(
    world: SimpleNamespace, his_socket: Any, event: str
) -> None:
    payload, expected = EMPTY[event]
    answer = his_socket.emit(event, filled_in(payload, world), namespace="/operator", callback=True)
    gevent.sleep(0)
    assert {name: answer.get(name) for name in expected} == expected, answer
    heard = json.dumps([answer, his_socket.get_received("/operator")], ensure_ascii=False)
    assert not {secret for secret in world.secrets.difference(map(str, world.ids.values())) if secret in heard}
    assert nothing_changed(world)


def test_who_has_not_signed_in_has_no_socket(world: SimpleNamespace) -> None:
    client = socketio.test_client(world.app, namespace="/operator", flask_test_client=world.app.test_client())
    assert not client.is_connected("/operator")


# ---- that nothing is forgotten ---------------------------------------------------------------------------------------


def test_every_route_is_tried_or_is_everybodys_for_a_reason(world: SimpleNamespace) -> None:
    tried = {rule_of(world, line) for table in (THEIRS, HIS_OWN, UNPROVEN, MACHINES, VISITORS) for line in lines(table)}
    forgotten, unused = [], dict(PUBLIC)
    for rule in world.app.url_map.iter_rules():
        endpoint = rule.endpoint
        public = next((it for it in PUBLIC if endpoint == it or (it[-1] in "._" and endpoint.startswith(it))), None)
        unused.pop(public or "", None)
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            if (method, rule.rule) not in tried and public is None:
                forgotten.append(f"{method} {rule.rule}")
        assert PREFLIGHT.search(rule.endpoint) or rule.methods != {"OPTIONS"}
    assert forgotten == [], "say in test_authorisation.py how these are tried, or why they are everybody's"
    assert unused == {}, "there is no such route any more"


def test_every_event_is_tried() -> None:
    handled = {"operator": set(sockets.OPERATOR_HANDLERS), "visitor": set(sockets.VISITOR_HANDLERS)}
    assert NO_SUCH.keys() | EMPTY.keys() == set(protocol.OPERATOR_EMITS) == handled["operator"]
    assert VISITORS_EVENTS.keys() == set(protocol.VISITOR_EMITS) == handled["visitor"]
    assert not NO_SUCH.keys() & EMPTY.keys()
