#!/usr/bin/env python3
"""Checks the proof of consent of one contact. Needs Python 3.10 or newer and nothing else, and asks no network.

    python3 check_proof.py proof.json [KEY]

proof.json is the proof as it was downloaded, or as it is attached to the PDF. KEY is the public key of the service (64
hexadecimal digits) if it is known from elsewhere: an earlier proof, a receipt that came by mail. Without it all of the
proof is checked but whose it is. Ends with 0 when all of it holds, with 1 when something does not, with 2 when it was
called wrongly.
"""

import hashlib
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

Check = tuple[bool, str]
Point = tuple[int, int, int, int]

PARTS = ("record", "contact", "events", "forms", "chain")
COLUMNS = ("seq", "at", "event", "subject", "submission", "purpose", "version", "body_hash", "trace_hash")

# ---- Ed25519 (RFC 8032, 5.1), to verify alone: nothing here is secret, so nothing must take the same time ----------

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)


def added(a: Point, b: Point) -> Point:
    """The sum of two points in extended coordinates (x = X/Z, y = Y/Z, x·y = T/Z)."""
    m, n = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    c, d = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    e, f, g, h = n - m, d - c, d + c, n + m
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(scalar: int, point: Point) -> Point:
    total: Point = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            total = added(total, point)
        point = added(point, point)
        scalar >>= 1
    return total


def point_of(data: bytes) -> Point | None:
    """The point that 32 bytes stand for (5.1.3); None where they stand for none."""
    number = int.from_bytes(data, "little")
    sign, y = number >> 255, number & (2**255 - 1)
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT_OF_MINUS_ONE % P
    if (x * x - square) % P or (x == 0 and sign):
        return None
    x = P - x if x & 1 != sign else x
    return x, y, 1, x * y % P


def same(a: Point, b: Point) -> bool:
    return (a[0] * b[2] - b[0] * a[2]) % P == 0 and (a[1] * b[2] - b[1] * a[2]) % P == 0


BASE: Point = point_of((4 * pow(5, -1, P) % P).to_bytes(32, "little")) or (0, 0, 0, 0)


def signed_by(key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether the signature over the message is the key's (5.1.7)."""
    a, r, s = point_of(key), point_of(signature[:32]), int.from_bytes(signature[32:], "little")
    if a is None or r is None or s >= ORDER:
        return False
    k = int.from_bytes(hashlib.sha512(signature[:32] + key + message).digest(), "little") % ORDER
    return same(times(s, BASE), added(r, times(k, a)))


# ---- how the ledger writes and hashes: texts in UTF-8, hashes as 64 hexadecimal digits -----------------------------


def canonical(value: Any) -> bytes:
    """JSON in the one form that is hashed: names in order, no blanks, UTF-8."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def octets(text: str, length: int = 32) -> bytes:
    """What so many octets' lower-case hexadecimal digits stand for. Raises ValueError for anything else: one thing is
    written one way."""
    data = bytes.fromhex(text)
    if data.hex() != text or len(data) != length:
        raise ValueError(f"{text!r} is not {length} octets written in lower-case hexadecimal digits")
    return data


def salted(salt: str, text: str) -> str:
    return sha((octets(salt).hex() + text).encode())


def leaf_of(site: str, row: dict[str, Any]) -> str:
    return sha(canonical({"site": site} | {name: row[name] for name in COLUMNS}))


def chained(before: str, leaf: str) -> str:
    return sha((octets(before).hex() + octets(leaf).hex()).encode())


def told(row: dict[str, Any]) -> dict[str, Any]:
    """All that a row of the ledger says, in one: what its columns, its body and its trace say."""
    own = {name: row[name] for name in ("seq", "at", "event", "subject", "submission", "purpose", "version")}
    trace = json.loads(row["trace"]) if row["trace"] else {}
    return {**trace, **(json.loads(row["body"]) if row["body"] else {}), **own}


# ---- the checks ----------------------------------------------------------------------------------------------------


def checks(pack: dict[str, Any], key: str | None = None) -> Iterator[Check]:
    """Each thing that is checked, and whether it holds."""
    yield sorted(pack) == sorted(["format", "made_at", "seal", *PARTS]), "the proof has the parts a proof has"
    yield from sealed(pack, key)
    chain = pack["chain"]
    yield from rows(chain)
    yield from segments(chain)
    stated = {row["seq"]: told(row) for row in chain["rows"]}
    for event in pack["events"]:
        seq = event["seq"]
        yield event == stated.get(seq), f"what is told of event {seq} is what row {seq} of the ledger says"
    yield len(pack["events"]) == len(stated), "each row is told once"
    for number, form in enumerate(pack["forms"], 1):
        yield from as_recorded(number, form, stated)


def sealed(pack: dict[str, Any], key: str | None) -> Iterator[Check]:
    """Whether each part is as the service wrote it down."""
    seal = pack["seal"]
    for part in PARTS:
        yield sha(canonical(pack[part])) == seal["digests"][part], f"the part “{part}” is as it was sealed"
    yield sorted(seal) == ["digests", "public_key", "signature"], "the seal has the parts a seal has"
    yield set(seal["digests"]) == set(PARTS), "the seal is over these parts and no other"
    text = canonical({"format": pack["format"], "made_at": pack["made_at"], "digests": seal["digests"]})
    good = signed_by(octets(seal["public_key"]), text, octets(seal["signature"], 64))
    yield good, f"the seal of {pack['made_at']} is signed with the key {seal['public_key']}"
    if key:
        yield seal["public_key"] == key, "this is the key that you gave"


def rows(chain: dict[str, Any]) -> Iterator[Check]:
    """Each row by itself: what it says has the hash that went into the chain, or was erased and the ledger says so."""
    erasures = [told(row) for row in chain["rows"] if row["event"] == "erased"]
    people = {seq for erased in erasures if erased.get("scope") == "person" for seq in erased["rows"]}
    until = max([erased["until"] for erased in erasures if erased.get("scope") == "trace"], default=0)
    for row in chain["rows"]:
        seq = row["seq"]
        for what, gone in (("body", seq in people), ("trace", seq in people or seq <= until)):
            text, salt, wanted = row[what], row[what + "_salt"], row[what + "_hash"]
            if text is not None:
                yield salted(salt, text) == wanted, f"the {what} of row {seq} has the hash that was chained"
            elif wanted:
                yield gone and salt is None, f"the {what} of row {seq} is gone, and an erasure in the ledger says so"
            else:
                yield what == "trace" and salt is None, f"row {seq} was never made with a {what}"


def segments(chain: dict[str, Any]) -> Iterator[Check]:
    """Each stretch of the chain up to a signed checkpoint, and that every row stands in one."""
    wanted = {row["seq"]: leaf_of(chain["site"], row) for row in chain["rows"]}
    yield len(wanted) == len(chain["rows"]), "no row is there twice"
    after = {row["seq"]: row for row in chain["rows"]}
    for segment in chain["segments"]:
        first, last, checkpoint = segment["first"], segment["checkpoint"]["seq"], segment["checkpoint"]
        head, linked = segment["prev"], True
        for seq, leaf in enumerate(segment["leaves"], first):
            if seq in wanted:
                yield wanted.pop(seq) == leaf, f"row {seq} is the one that stands in the chain at its place"
                linked = after[seq]["prev"] == head and after[seq]["hash"] == chained(head, leaf)
                yield linked, f"row {seq} is tied to the row before it"
            head = chained(head, leaf)
        yield seq_after(segment) == last + 1, f"the chain from row {first} goes to the checkpoint at row {last}"
        yield (
            head == checkpoint["hash"],
            f"the chain from row {first} leads to the hash of the checkpoint at row {last}",
        )
        message = canonical({name: checkpoint[name] for name in ("site", "seq", "hash", "at")})
        good = signed_by(octets(checkpoint["public_key"]), message, octets(checkpoint["signature"], 64))
        yield (
            good,
            f"the checkpoint at row {last} of {checkpoint['at']} is signed with the key {checkpoint['public_key']}",
        )
        yield checkpoint["site"] == chain["site"], f"the checkpoint at row {last} is of this site"
    for seq in wanted:
        yield False, f"row {seq} stands in no stretch of the chain"


def seq_after(segment: dict[str, Any]) -> int:
    return int(segment["first"]) + len(segment["leaves"])


def as_recorded(number: int, form: dict[str, Any], stated: dict[int, dict[str, Any]]) -> Iterator[Check]:
    """Each statement that a form is drawn with as agreed to stands word for word in the rows it names."""
    for statement in form["statements"]:
        for seq in statement["rows"]:
            row = stated.get(seq, {})
            holds = all(row.get(name) == statement[name] for name in ("purpose", "statement", "version"))
            yield holds, f"the statement “{statement['purpose']}” of form {number} is word for word that of row {seq}"


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice in it")
    return found


def main(arguments: list[str], say: Callable[[str], Any] = print) -> int:
    if len(arguments) not in (1, 2):
        print(__doc__, file=sys.stderr)
        return 2
    found: list[Check] = []
    try:
        pack = json.loads(Path(arguments[0]).read_text("utf-8"), object_pairs_hook=once)
        found.extend(checks(pack, *arguments[1:]))
    except (OSError, ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError) as error:
        found.append((False, f"this cannot be read: {error!r}"))
    for holds, what in found:
        # What is quoted out of a forged file shall not be able to write lines of its own.
        say(f"{'ok   ' if holds else 'WRONG'} {''.join(char if char.isprintable() else '?' for char in what)}")
    return 0 if all(holds for holds, _what in found) else 1


if __name__ == "__main__":
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # it is the console, or a file
    sys.exit(main(sys.argv[1:]))
