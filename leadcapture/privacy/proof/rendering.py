"""The proof as a document to print: what was shown, said, mailed and answered, and how to check it without us.

The pack it was made of is attached to the PDF byte for byte, with the program that checks it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gevent.threadpool import ThreadPool

from leadcapture import i18n
from leadcapture.i18n import gettext as _
from leadcapture.privacy.proof import pack as packs
from leadcapture.privacy.proof import wording

if TYPE_CHECKING:
    from leadcapture.privacy.proof.page import Paper

_aside = ThreadPool(1)
NEWEST = 30  # events that are printed whatever they are

CHECKER = Path(__file__).parent / "check_proof.py"


def pdf(pack: Mapping[str, Any]) -> bytes:
    """The pack (of pack.build) as a PDF/A-3 in the language of the moment; the form in the one it was shown in.

    Takes up to a second of a processor: where others wait, ask `pdf_aside`.
    """
    # What draws it takes a second to load and 30 MB: only who makes a paper has to have it.
    from leadcapture.privacy.proof.page import Paper

    title = _("Proof of consent")
    paper = Paper(title, f"{title} · {wording.moment(pack['made_at'])} · {pack['contact']['id']}")
    _cover(paper, pack)
    printed = _printed(pack)
    events = [event for event in pack["events"] if event["seq"] in printed]
    for form in pack["forms"]:
        if form["requested"] in printed or any(printed & set(one["rows"]) for one in form["statements"]):
            _form(paper, form, events)
    _mails(paper, events)
    _events(paper, events, left_out=len(pack["events"]) - len(events))
    _chain(paper, pack, printed)
    _checking(paper, pack)
    written = packs.written(pack)
    for name, content, kind, about in (
        ("proof.json", written, "application/json", "Data"),
        (CHECKER.name, CHECKER.read_bytes(), "text/x-python", "Supplement"),
    ):
        paper.embed_file(
            bytes=content,
            basename=name,
            mime_type=kind,
            associated_file_relationship=about,
            modification_date=wording.moment_of(pack["made_at"]),
            compress=True,
        )
    paper.set_creation_date(wording.moment_of(pack["made_at"]))
    return bytes(paper.output() or b"")


def _printed(pack: Mapping[str, Any]) -> set[int]:
    """Which rows of the ledger stand on paper: all that an agreement rests on, and the newest. The attached pack has
    them all; somebody who fills in a form every week shall not get a book."""
    rested_on = {seq for one in pack["record"]["pii_processing"] for seq in one["rows"]}
    return rested_on | {event["seq"] for event in pack["events"][-NEWEST:]}


def pdf_aside(pack: Mapping[str, Any]) -> bytes:
    """As `pdf`, on the one native thread there is for it: meanwhile the process answers others, and a crowd that asks
    for proofs has to queue."""
    return bytes(_aside.apply(_speaking, (i18n.language(), pack)))


def _speaking(language: str, pack: Mapping[str, Any]) -> bytes:
    with i18n.speaking(language):
        return pdf(pack)


def _cover(paper: Paper, pack: Mapping[str, Any]) -> None:
    site, contact = pack["record"]["party_identification"][0], pack["contact"]
    paper.paragraph(site["party_name"], size=11, soft=True, typed=True, gap=1)
    paper.paragraph(_("Proof of consent"), size=24, bold=True, gap=3)
    paper.facts(
        [
            (_("Contact"), contact["email"]),
            (_("Name"), contact["name"]),
            (_("Phone"), contact["phone"]),
            (_("Number"), contact["id"]),
            (_("Site"), site["party_name"]),
            (_("Who answers for it"), site.get("party_email", "")),
            (_("Privacy policy"), site.get("party_url", "")),
            (_("Site key"), site["party_id"]),
            (_("Made"), wording.moment(pack["made_at"])),
        ]
    )
    paper.heading(_("What is proven"))
    for purpose in pack["record"]["pii_processing"]:
        _agreement(paper, purpose)
    if not pack["record"]["pii_processing"]:
        paper.paragraph(_("Nothing that this person agreed to is recorded."))
    paper.ln(3)
    paper.paragraph(
        _(
            "Each of these events stands in a ledger that is only ever added to. Every entry carries the hash of the "
            "one before it, and the hashes are signed: nobody can change, remove or slip in an entry later without "
            "its showing. The last page says how anybody can check this without asking the site."
        ),
        soft=True,
        size=9,
    )


def _agreement(paper: Paper, purpose: Mapping[str, Any]) -> None:
    paper.heading(_("Purpose: %(purpose)s", purpose=purpose["purpose"]), level=1)
    given, gone = purpose["given"], purpose["withdrawn"]
    imported = given["event"] == "imported"
    paper.paragraph(_given(given), gap=1.5)
    paper.quotation(purpose["statement"])
    paper.facts(
        [
            (_("Version of the words"), purpose["version"]),
            (_("Given there") if imported else _("Asked for"), wording.moment(given["requested_at"])),
            (_("Mail handed over"), ", ".join(wording.moment(at) for at in given["mailed_at"])),
            (_("Imported") if imported else _("Confirmed"), wording.moment(given["at"])),
            (_("Page"), given["page_url"]),
            (_("In force"), _("yes, when this proof was made") if purpose["holds"] else _("no")),
            (_("Withdrawn"), wording.moment(gone["at"]) if gone else ""),
            (_("Entries of the ledger"), ", ".join(str(seq) for seq in purpose["rows"])),
        ]
    )


def _given(given: Mapping[str, Any]) -> str:
    asked, when = wording.moment(given["requested_at"]), wording.moment(given["at"])
    how = wording.method(given["method"])
    if given["event"] == "imported":
        return _("This consent was given elsewhere and imported on %(when)s. The words that were agreed to:", when=when)
    if given["method"] in ("button", "code") and asked:
        return _(
            "On %(asked)s somebody sent a form with this address. A mail went to the address, and on %(when)s whoever "
            "reads its mail confirmed it %(how)s. The words that were agreed to:",
            asked=asked,
            when=when,
            how=how,
        )
    return _("On %(when)s the person agreed %(how)s, to these words:", when=when, how=how)


def _form(paper: Paper, form: Mapping[str, Any], events: Sequence[Mapping[str, Any]]) -> None:
    paper.add_page()
    paper.heading(_("The form as it was shown"))
    asked = next((event for event in events if event["seq"] == form["requested"]), {})
    paper.facts(
        [
            (_("Form"), form["slug"]),
            (_("Version of the form"), str(form["version"] or "")),
            (_("Page"), asked.get("page_url", "")),
            (_("Sent"), wording.moment(asked.get("at"))),
            (_("Language"), form["language"]),
        ]
    )
    if form["title"] is None:
        paper.paragraph(_("This version of the form is no longer kept. The words that were agreed to are:"))
        for statement in form["statements"]:
            paper.quotation(statement["statement"])
        return
    kept = _("Filled in as it was sent.") if form["answers_kept"] else _("What was typed is no longer kept.")
    paper.paragraph(kept, soft=True, size=9)
    rtl = form["dir"] == "rtl"
    with paper.card():
        paper.paragraph(form["title"], size=15, bold=True, typed=True, rtl=rtl, gap=1.5)
        if form["intro"]:
            paper.paragraph(form["intro"], typed=True, rtl=rtl, gap=3)
        for field in form["fields"]:
            if field["shown"]:
                _field(paper, field, form["optional"], rtl=rtl)
        notices = [statement for statement in form["statements"] if not statement["box"]]
        for statement in form["statements"]:
            if statement["box"]:
                paper.choice(statement["statement"], chosen=statement["agreed"], rtl=rtl)
        paper.ln(1.5)
        paper.button(form["button"], rtl=rtl)
        if form["privacy_url"]:
            paper.paragraph(form["privacy_url"], size=9, soft=True, typed=True, rtl=rtl, gap=1)
        for notice in notices:
            paper.paragraph(notice["statement"], size=9, soft=True, typed=True, rtl=rtl, gap=1)
    unseen = [field for field in form["fields"] if field["type"] == "hidden" and field["given"]]
    paper.facts([(field["name"], field["given"]) for field in unseen])


def _field(paper: Paper, field: Mapping[str, Any], optional: str, *, rtl: bool) -> None:
    kind, given, options = field["type"], field["given"] or "", field["options"] or []
    if kind == "hidden":
        return
    chosen = field["chosen"] or []
    if kind == "checkbox":
        paper.choice(field["label"], chosen=bool(chosen), rtl=rtl)
        return
    lines = 3 if kind == "textarea" else 1
    paper.room(14 + paper.entry_height(given, lines))
    label = field["label"] if field["required"] or field["unmarked"] else f"{field['label']} ({optional})"
    paper.paragraph(label, size=9, bold=True, typed=True, rtl=rtl, gap=0.5)
    if field["help"]:
        paper.paragraph(field["help"], size=8.5, soft=True, typed=True, rtl=rtl, gap=0.5)
    if kind in ("radio", "checks", "stars") and options:
        for option in options:
            is_it = option["value"] in chosen
            paper.choice(option["label"], chosen=is_it, rtl=rtl, round_mark=kind != "checks")
    else:
        given = f"{given} {field['unit']}".strip() if field["unit"] else given
        paper.entry(given, rtl=rtl, lines=lines, arrow=kind == "select")
        if kind == "select":
            offered = " · ".join(option["label"] for option in options)
            paper.paragraph(offered, size=8, soft=True, typed=True, rtl=rtl, gap=0)
    paper.ln(1.5)


def _mails(paper: Paper, events: Sequence[Mapping[str, Any]]) -> None:
    noted = {event.get("email_public_id") for event in events if event["event"] == "mailed"}
    # An older entry, or the answer to a mail that asked again, keeps the mail with the consent that it led to.
    others = [event for event in events if event.get("email_text") and event.get("email_public_id") not in noted]
    mailed = [event for event in events if event["event"] == "mailed"]
    for mail in [*mailed, *{event["email_public_id"]: event for event in reversed(others)}.values()]:
        paper.heading(_("The mail as it was sent"), room=90)
        paper.facts(
            [
                (_("Subject"), str(mail.get("email_subject") or "")),
                (_("Handed over"), wording.moment(mail.get("sent_at"))),
                (_("Message-ID"), str(mail.get("message_id") or "")),
                (_("Entry of the ledger"), str(mail["seq"])),
            ]
        )
        if mail.get("email_text"):
            paper.letter(str(mail["email_text"]))
        else:
            paper.paragraph(_("Its text was erased."), soft=True)


def _events(paper: Paper, events: Sequence[Mapping[str, Any]], *, left_out: int) -> None:
    paper.heading(_("All that happened, in order"))
    if left_out:
        words = i18n.ngettext(
            "%(num)d older event stands in the attached proof.json alone.",
            "%(num)d older events stand in the attached proof.json alone.",
            left_out,
        )
        paper.paragraph(words, soft=True, size=9)
    for event in events:
        paper.room(24)
        title = f"{event['seq']}. {wording.event(event['event'])}"
        paper.paragraph(f"{title}: {event['purpose']}" if event["purpose"] else title, bold=True, gap=0.5)
        method, evidence = str(event.get("method") or ""), event.get("evidence") or {}
        paper.facts(
            [
                (_("When"), wording.moment(event["at"])),
                (_("How"), wording.method(method) if method else ""),
                (_("Version of the words"), event["version"]),
                (_("Address"), str(event.get("email") or "")),
                *((str(name), _change(change)) for name, change in (event.get("what") or {}).items()),
                (_("Where it comes from"), str(event.get("source") or "")),
                (_("Collected"), str(event.get("collected") or "")),
                (_("Evidence"), f"{evidence.get('name')}, SHA-256 {evidence.get('sha256')}" if evidence else ""),
                (_("Page"), str(event.get("page_url") or "")),
                (_("IP address"), str(event.get("ip") or "")),
                (_("Browser"), str(event.get("user_agent") or "")),
                (_("Why"), str(event.get("reason") or "")),
            ]
        )
        paper.ln(1)


def _change(change: Any) -> str:
    """What something was changed from and to, as text."""
    if not isinstance(change, Mapping):
        return str(change)
    before, after = (str(change.get(name) if change.get(name) is not None else "–") for name in ("from", "to"))
    return _("from %(before)s to %(after)s", before=before, after=after)


def _chain(paper: Paper, pack: Mapping[str, Any], printed: set[int]) -> None:
    chain = pack["chain"]
    paper.heading(_("The chain"))
    paper.paragraph(
        _(
            "Of what each entry says a hash is made (SHA-256), with random salt, so that an entry can be erased and "
            "its place in the chain still be checked. The hash of an entry is made of the hash before it and its own; "
            "a checkpoint signs where the chain stands (Ed25519)."
        )
    )
    for row in chain["rows"]:
        if row["seq"] not in printed:
            continue
        paper.room(34)
        paper.paragraph(_("Entry %(seq)s of the ledger", seq=row["seq"]), bold=True, gap=0.5)
        paper.facts(
            [
                (_("Before it"), row["prev"]),
                (_("What it says"), row["body_hash"]),
                (_("Where it came from"), row["trace_hash"]),
                (_("Its hash"), row["hash"]),
            ],
            mono=True,
        )
        gone = [words for name, words in _erased_words() if row[name] is None and row[name + "_hash"]]
        for words in gone:
            paper.paragraph(words, size=8.5, soft=True, gap=0.5)
    for segment in chain["segments"]:
        checkpoint = segment["checkpoint"]
        if not any(segment["first"] <= seq <= checkpoint["seq"] for seq in printed):
            continue
        paper.room(40)
        paper.paragraph(_("Checkpoint at entry %(seq)s", seq=checkpoint["seq"]), bold=True, gap=0.5)
        paper.facts([(_("Signed"), wording.moment(checkpoint["at"]))])
        paper.facts(
            [
                (_("The chain's hash"), checkpoint["hash"]),
                (_("Public key"), checkpoint["public_key"]),
                (_("Signature"), checkpoint["signature"]),
            ],
            mono=True,
        )


def _erased_words() -> Iterator[tuple[str, str]]:
    yield "body", _("What this entry said was erased; its hash still stands in the chain.")
    yield "trace", _("IP address and browser were erased; their hash still stands in the chain.")


def _checking(paper: Paper, pack: Mapping[str, Any]) -> None:
    paper.heading(_("How to check this"), room=125)
    steps = [
        _(
            "Two files are attached to this PDF: proof.json, which holds all of the above for a program, and "
            "check_proof.py, which checks it. Most readers of PDF show them as attachments; save both into one "
            "folder."
        ),
        _(
            "check_proof.py is short and needs nothing but Python 3.10 or newer: no network and no part of the "
            "site's software. Read it first, or let somebody read it whom you trust."
        ),
        _("Run this. It says of each thing whether it holds, and ends with 0 when all of it does:"),
    ]
    for number, step in enumerate(steps, 1):
        paper.paragraph(f"{number}. {step}", gap=1.5)
    paper.paragraph("python3 check_proof.py proof.json", mono=True, size=9.5, rtl=False)
    paper.paragraph(
        f"{len(steps) + 1}. "
        + _(
            "Compare the public key below with the one in any other proof or receipt of this site: it is the same"
            " in all of them, until the site changes its keys."
        )
    )
    written = packs.written(pack)
    paper.facts(
        [
            (_("Public key"), pack["seal"]["public_key"]),
            (_("Seal"), pack["seal"]["signature"]),
            (_("SHA-256 of proof.json"), hashlib.sha256(written).hexdigest()),
            (_("SHA-256 of check_proof.py"), hashlib.sha256(CHECKER.read_bytes()).hexdigest()),
        ],
        mono=True,
    )
    paper.paragraph(
        _(
            "A character that cannot be seen, or that the fonts of this document lack, stands here by its number,"
            " as in [U+202E]. The form is drawn from the settings that were saved as this version of it; the "
            "words that were agreed to are those of the ledger."
        ),
        size=8.5,
        soft=True,
    )
