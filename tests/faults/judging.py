"""What people were told is done, held against the database and against what the mail server took."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from tests.faults.people import Acknowledged, Shop


@dataclass
class Outcome:
    """What came of it; the rest of the fields must be nothing."""

    kills: Counter[str]
    told: Acknowledged
    states: dict[str, int]  # of mails, how many of each
    lost: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        told = self.told
        return (
            f"{self.kills.total()} kills {dict(self.kills)}: acknowledged {len(told.messages)} messages, "
            f"{len(told.submissions)} submissions, {len(told.confirmed)} confirmations, {len(told.left)} withdrawals; "
            f"{told.repeated} times somebody sent again; mails {self.states}; "
            f"{len(self.lost)} lost, {len(self.twice)} twice, {len(self.wrong)} wrong"
        )


def judged(shop: Shop, kills: Counter[str], told: Acknowledged, numbers: dict[str, int]) -> Outcome:
    """What people were told, against the database and the mail server."""
    states = Counter(status for (status,) in shop.rows("SELECT status FROM emails"))
    outcome = Outcome(kills, told, dict(states))
    _messages(shop, outcome, numbers)
    _people(shop, outcome)
    _mails(shop, outcome)
    verified = shop.run("consent", "verify", check=False)
    if verified.returncode:
        outcome.wrong.append(f"the ledger: {verified.stdout}{verified.stderr}")
    if shop.database_url.startswith("sqlite"):
        outcome.wrong += [f"the file: {line}" for (line,) in shop.rows("PRAGMA integrity_check") if line != "ok"]
    return outcome


def _messages(shop: Shop, outcome: Outcome, numbers: dict[str, int]) -> None:
    rows = shop.rows(
        "SELECT m.public_id, m.client_id, m.seq, c.public_id FROM messages m "
        "JOIN conversations c ON c.id = m.conversation_id ORDER BY c.id, m.seq"
    )
    stored: dict[str, list[tuple[str, int, str]]] = {}
    conversations: dict[str, list[int]] = {}
    for public_id, client_id, seq, conversation in rows:
        stored.setdefault(client_id, []).append((public_id, seq, conversation))
        conversations.setdefault(conversation, []).append(seq)
    for client_id, seen in outcome.told.messages.items():
        if seen not in stored.get(client_id, []):
            outcome.lost.append(f"message {client_id}: acknowledged {seen}, there is {stored.get(client_id)}")
    for client_id, seq in numbers.items():
        if seq not in [number for _id, number, _of in stored.get(client_id, [])]:
            outcome.lost.append(f"message {client_id}: acknowledged as {seq}, there is {stored.get(client_id)}")
    ours = outcome.told.messages.keys() | numbers.keys()
    outcome.twice += [f"message {client_id}" for client_id in ours if len(stored.get(client_id, [])) > 1]
    for conversation, seqs in conversations.items():
        if seqs != list(range(1, len(seqs) + 1)):
            outcome.wrong.append(f"numbers of {conversation}: {seqs}")


def _people(shop: Shop, outcome: Outcome) -> None:
    told = outcome.told
    sent: dict[str, list[str]] = {}
    for address, public_id in shop.rows("SELECT email, public_id FROM submissions"):
        sent.setdefault(address, []).append(public_id)
    status = dict(map(tuple, shop.rows("SELECT email, status FROM contacts")))
    # The ledger knows a person by the submission, until it knows them by the contact.
    events = Counter((submission, event) for submission, event in shop.rows("SELECT submission, event FROM ledger"))
    for address, public_id in told.submissions.items():
        if public_id not in sent.get(address, []):
            outcome.lost.append(f"submission {public_id} of {address}")
        if len(sent.get(address, [])) > 1:
            outcome.twice.append(f"submission of {address}")
        if events[public_id, "requested"] != 1:
            outcome.wrong.append(f"{address} is said to have asked {events[public_id, 'requested']} times")
        if address in told.confirmed and address not in status:
            outcome.lost.append(f"confirmation of {address}")
        if address in told.left and status.get(address) != "unsubscribed":
            outcome.lost.append(f"withdrawal of {address}")
        if address not in told.confirmed and address in status:
            outcome.wrong.append(f"{address} never confirmed")
        if (n := events[public_id, "confirmed"]) != (address in told.confirmed):
            outcome.twice.append(f"{address} is said to have confirmed {n} times")
        if status.get(address) == "unsubscribed" and address not in told.left:
            outcome.wrong.append(f"{address} never left")
    withdrawn = shop.rows("SELECT subject, count(*) FROM ledger WHERE event = 'withdrawn' GROUP BY subject")
    outcome.twice += [f"withdrawal of {subject}" for subject, times in withdrawn if times != 1]
    if len(withdrawn) != len(told.left):
        outcome.wrong.append(f"{len(told.left)} left, the ledger says {len(withdrawn)}")


def _mails(shop: Shop, outcome: Outcome) -> None:
    taken = shop.mailbox.taken
    rows = shop.rows("SELECT message_id, to_email, name, status FROM emails")
    outcome.twice += [f"mail {message_id}" for message_id, times in taken.items() if times > 1]
    outcome.wrong += [f"mail {message_id} of nobody" for message_id in taken.keys() - {row[0] for row in rows}]
    # Operators may be told of more than one conversation that waits; a reader is mailed each thing once.
    written = Counter((to, what) for _id, to, what, _state in rows if to in outcome.told.submissions)
    outcome.twice += [f"mail {what} to {to}" for (to, what), times in written.items() if times > 1]
    for message_id, to, name, state in rows:
        if state == "sent" and not taken[message_id]:
            outcome.lost.append(f"mail {name} to {to}")
        elif state not in ("sent", "ambiguous"):
            outcome.wrong.append(f"mail {name} to {to} is {state}")
    mailed = {row[1] for row in rows if row[2] == "confirmation"}
    outcome.lost += [f"the mail to {address}" for address in outcome.told.submissions.keys() - mailed]
