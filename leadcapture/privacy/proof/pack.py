"""The proof of what one contact agreed to, as one JSON document that can be checked without us.

`record` has the names of ISO/IEC TS 27560:2023 (header, PII processing, parties, events); `events` are the rows of the
ledger as told, `forms` the forms as they were shown, `chain` what the hashes are made again of, and `seal` a signature
over all of it. docs/consent.md tells each field.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from leadcapture.consent import checkpoints, keys, rules
from leadcapture.consent import queries as consent
from leadcapture.consent.heads import Checkpoint
from leadcapture.contacts.models import Contact
from leadcapture.errors import NotFound
from leadcapture.privacy.proof import check_proof, forms
from leadcapture.sites.models import Site

FORMAT = "leadcapture-proof/1"
# What an event of the ledger makes of a consent, in the words of TS 27560's event_state.
STATES = {
    "requested": "requested",
    "mailed": "requested",
    "confirmed": "given",
    "imported": "given",
    "changed": "updated",
    "withdrawn": "withdrawn",
    "re-permission": "requested",
    "erased": "erased",
}


def build(session: Session, now: datetime, *, site: Site, contact: Contact, public_url: str) -> dict[str, Any]:
    """Everything that proves what the contact agreed to on the site, up to `now`.

    An operation, for it signs where the ledger stands when something was added since. Takes a tenth of a millisecond
    for each row of the ledger between the contact's events and the checkpoint that follows them, at most 1,000 for each
    such stretch. Raises NotFound when the contact was erased meanwhile.
    """
    known = session.get(Contact, contact.id, populate_existing=True)
    if known is None:
        raise NotFound("No such contact.")
    contact = known
    checkpoints.make(session, now, site.id)
    chain = _chain(session, site, contact)
    stated = [check_proof.told(row) for row in chain["rows"]]
    filled = forms.as_shown(session, site, stated)
    holding = {entry.id for entry in consent.granted(session, contact.id)}
    parts = {
        "record": _record(site, contact, stated, filled, holding, public_url),
        "contact": {
            "id": contact.public_id,
            "email": contact.email,
            "name": contact.name,
            "phone": contact.phone,
            "language": contact.language,
            "status": contact.status,
            "confirmed_at": rules.moment(contact.confirmed_at),
        },
        "events": stated,
        "forms": filled,
        "chain": chain,
    }
    # As any reader of the JSON will see it, so that what is sealed is what is written.
    return _sealed(now, json.loads(rules.canonical(parts)))


@dataclass(frozen=True)
class Position:
    """Where a contact stands in the ledger: the numbers of their events, and the newest checkpoint over any of them,
    with its moment."""

    rows: list[int]
    checkpoint: Checkpoint | None
    signed_at: datetime | None


def position(session: Session, site: Site, contact: Contact) -> Position:
    """Where the contact's events stand in the site's ledger."""
    rows = [row.seq for row in consent.events_of(session, site.id, contact.public_id)]
    newest = consent.newest_checkpoint(session, site.id)
    over = newest if newest and rows and newest.seq >= rows[0] else None
    return Position(rows, over, rules.moment_of(over.at) if over else None)


def written(pack: Mapping[str, Any]) -> bytes:
    """The pack as it is downloaded and attached: JSON in UTF-8, the same bytes for the same pack."""
    return (json.dumps(pack, indent=1, ensure_ascii=False) + "\n").encode()


def _sealed(now: datetime, parts: dict[str, Any]) -> dict[str, Any]:
    digests = {name: rules.digest(rules.canonical(part)) for name, part in parts.items()}
    sealed = {"format": FORMAT, "made_at": rules.moment(now), "digests": digests}
    public_key, signature = keys.sign(rules.canonical(sealed))
    seal = {"digests": digests, "public_key": public_key, "signature": signature}
    return {"format": FORMAT, "made_at": sealed["made_at"], **parts, "seal": seal}


# ---- the chain -----------------------------------------------------------------------------------------------------


def _chain(session: Session, site: Site, contact: Contact) -> dict[str, Any]:
    """The contact's rows, the one by which traces of theirs were erased, and the stretches of the chain from them to
    the next checkpoint."""
    events = list(consent.events_of(session, site.id, contact.public_id))
    bare = [row.seq for row in events if row.trace is None and row.trace_hash]
    if bare:
        # The first by which all of these were erased says so of each.
        events += [
            row
            for row in consent.events_of(session, site.id, site.key)
            if json.loads(row.body or "{}").get("until", 0) >= bare[-1]
        ][:1]
    segments: list[dict[str, Any]] = []
    for row in sorted(events, key=lambda row: row.seq):
        if not segments or segments[-1]["checkpoint"]["seq"] < row.seq:
            leaves, checkpoint = consent.path(session, site.id, row.seq)
            signed = {name: getattr(checkpoint, name) for name in ("seq", "hash", "at", "public_key", "signature")}
            segments.append(
                {"first": row.seq, "prev": row.prev, "leaves": leaves, "checkpoint": {"site": site.key, **signed}}
            )
    return {
        "site": site.key,
        "rows": [_row(row) for row in sorted(events, key=lambda row: row.seq)],
        "segments": segments,
    }


def _row(row: Any) -> dict[str, Any]:
    chained = ("body", "body_salt", "trace", "trace_salt", "prev", "hash")
    return {name: getattr(row, name) for name in (*check_proof.COLUMNS, *chained)}


# ---- the record, as ISO/IEC TS 27560 names it ----------------------------------------------------------------------


def _record(
    site: Site,
    contact: Contact,
    stated: Sequence[Mapping[str, Any]],
    filled: Sequence[Mapping[str, Any]],
    holding: set[int],
    public_url: str,
) -> dict[str, Any]:
    return {
        "schema_version": "ISO/IEC TS 27560:2023",
        "record_id": f"{site.key}/{contact.public_id}",
        "pii_principal_id": contact.public_id,
        "pii_processing": [_processing(site, one, stated, filled, holding) for one in _given(stated)],
        "party_identification": [
            {
                "party_id": site.key,
                "party_role": "PII controller",
                "party_name": site.name,
                "party_email": site.sender_email or site.recipient_email or "",
                "party_url": site.privacy_url or "",
            },
            {
                "party_id": contact.public_id,
                "party_role": "PII principal",
                "party_name": contact.name,
                "party_email": contact.email,
            },
            {
                "party_id": public_url,
                "party_role": "PII processor",
                "party_name": "LeadCapture",
                "party_url": public_url,
            },
        ],
        "events": [
            {
                "event_time": one["at"],
                "event_type": one["event"],
                "event_state": STATES[one["event"]],
                "entity_id": one["subject"],
                "purpose": one["purpose"],
                "ledger_seq": one["seq"],
            }
            for one in stated
        ],
    }


def _given(stated: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Of each purpose and version the newest event by which the person agreed, oldest first."""
    newest = {(one["purpose"], one["version"]): one for one in stated if one["event"] in rules.GIVEN}
    return sorted(newest.values(), key=lambda one: int(one["seq"]))


def _processing(
    site: Site,
    given: Mapping[str, Any],
    stated: Sequence[Mapping[str, Any]],
    filled: Sequence[Mapping[str, Any]],
    holding: set[int],
) -> dict[str, Any]:
    form = next((one for one in filled if one["submission"] == (given["submission"] or None)), None)
    mailed = [one for one in stated if one["event"] == "mailed" and one["submission"] == given["submission"] != ""]
    asked = next((one for one in stated if one["seq"] == (form or {}).get("requested") or _led_to(one, given)), {})
    ended = (one for one in stated if one["event"] == "withdrawn" and one["purpose"] == given["purpose"])
    gone = next((one for one in ended if one["seq"] > given["seq"]), None)
    return {
        "privacy_notice": site.privacy_url or "",
        "language": (form or {}).get("language", ""),
        "purpose": given["purpose"],
        "lawful_basis": "consent",
        "pii_information": list(_information(form)),
        "pii_controllers": [site.key],
        "collection_method": _collected(given),
        "withdrawal_method": "the link and the header List-Unsubscribe in every mail, and the preferences page",
        "statement": given.get("statement", ""),
        "version": given["version"],
        "holds": given["seq"] in holding,
        "given": {
            "event": given["event"],
            "at": given["at"],
            "method": given.get("method") or "",
            "page_url": given.get("page_url") or asked.get("page_url") or "",
            "requested_at": asked.get("at") or given.get("requested_at") or "",
            "mailed_at": [one.get("sent_at") or one["at"] for one in mailed],
        },
        "withdrawn": gone and {"at": gone["at"], "method": gone.get("method") or ""},
        "rows": [one["seq"] for one in (asked, *mailed, given, gone) if one],
    }


def _led_to(one: Mapping[str, Any], given: Mapping[str, Any]) -> bool:
    """Whether that was the mail that asked again, to which this is the answer."""
    return one["event"] == "re-permission" and bool(one.get("email_public_id") == given.get("email_public_id"))


def _collected(given: Mapping[str, Any]) -> str:
    if given["event"] == "imported":
        return "import"
    return f"form {given['form_slug']}" if given.get("form_slug") else str(given.get("method") or "")


def _information(form: Mapping[str, Any] | None) -> Iterable[dict[str, Any]]:
    for field in (form or {}).get("fields", ()):
        if field["shown"]:
            yield {
                "pii_type": field["label"],
                "pii_attribute_id": field["name"],
                "pii_optional": not field["required"],
            }
