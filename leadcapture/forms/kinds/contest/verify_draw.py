#!/usr/bin/env python3
"""Checks the published record of a prize draw. Needs Python 3.10 or newer and nothing else, and asks no network.

    python3 verify_draw.py draw.json [entry.json]

draw.json is what the contest's page publishes, entry.json what an entrant got by mail. Ends with 0 when all of it
holds, with 1 when something does not, with 2 when it was called wrongly.
"""

import hashlib
import hmac
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any


def sha(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def root_of(level: list[bytes]) -> bytes:
    """The Merkle tree hash of RFC 9162, 2.1.1; a lone last node moves up as it is."""
    while len(level) > 1:
        pairs = zip(level[::2], level[1::2], strict=False)
        level = [sha(b"\x01" + left + right) for left, right in pairs] + level[len(level) & ~1 :]
    return level[0] if level else sha(b"")


def root_by_path(node: bytes, index: int, width: int, path: list[bytes]) -> bytes:
    """Where an inclusion proof leads to (RFC 9162, 2.1.3); nothing when it has not the shape of one."""
    while width > 1:
        if index ^ 1 < width:
            node = sha(b"\x01" + (path[0] + node if index % 2 else node + path[0]))
            path = path[1:]
        index, width = index // 2, (width + 1) // 2
    return b"" if path or index else node


def order_of(draw: dict[str, Any], terms: bytes, most: int) -> list[int]:
    """The first `most` places in the list, in the order the seed draws them."""
    seed, root, count = bytes.fromhex(draw["seed"]), bytes.fromhex(draw["root"]), draw["count"]
    head = sha(terms) + root + sha(draw["beacon"].encode()) + count.to_bytes(8, "big")
    order, n = list[int](), 0
    while len(order) < min(count, most):
        number = int.from_bytes(hmac.new(seed, head + n.to_bytes(8, "big"), "sha256").digest(), "big")
        if number < 2**256 - 2**256 % count and number % count not in order:  # no modulo bias, nobody twice
            order.append(number % count)
        n += 1
    return order


def checks(draw: dict[str, Any], *entries: dict[str, Any]) -> Iterator[tuple[bool, str]]:
    terms = json.dumps(draw["terms"], sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    yield sha(terms).hex() == draw["terms_hash"], "the terms are those whose hash was published"
    leaves = draw.get("entries", [])
    if draw["state"] in ("closed", "drawn"):
        yield len(leaves) == draw["count"], "the list has as many entries as were counted"
        yield sorted(set(leaves)) == leaves, "the list is in order and has no entry twice"
        yield root_of([bytes.fromhex(leaf) for leaf in leaves]).hex() == draw["root"], "the root is that of the list"
    if draw["state"] == "drawn":
        yield sha(bytes.fromhex(draw["seed"])).hex() == draw["commitment"], "the seed is the one committed to"
        slots = [number for number, prize in enumerate(draw["terms"]["prizes"]) for _ in range(prize["count"])]
        spare, gone = draw["terms"]["alternates"], [going["rank"] for going in draw["disqualified"]]
        order = order_of(draw, terms, len(slots) + spare + len(gone))
        winning, waiting = list(range(len(order)))[: len(slots)], list(range(len(order)))[len(slots) :]
        for rank in gone:
            if rank in winning:  # the next in the same order takes the place
                winning[winning.index(rank)] = waiting.pop(0) if waiting else -1
            else:
                waiting.remove(rank)
        won = [(p, r) for p, r in zip(slots, winning, strict=False) if r >= 0]
        winners = [{"prize": p, "rank": r, "index": order[r], "leaf": leaves[order[r]]} for p, r in won]
        yield winners == draw["winners"], "the winners are those that seed and list lead to"
        alternates = [{"rank": r, "index": order[r], "leaf": leaves[order[r]]} for r in waiting[:spare]]
        yield alternates == draw["alternates"], "so are the alternates"
    for entry in entries:
        for name in ("contest", "commitment", "terms_hash"):
            yield entry[name] == draw[name], "the entrant was told the same " + name.replace("_", " ")
        leaf = sha(b"\x00" + bytes.fromhex(entry["salt"]) + entry["address"].encode())
        yield leaf.hex() == entry["leaf"], "the entry's leaf is that of its address and salt"
        if draw["state"] in ("closed", "drawn"):
            yield entry["leaf"] in leaves, "the entry is in the list"
            if "path" in entry:
                proven = root_by_path(leaf, entry["index"], draw["count"], [bytes.fromhex(n) for n in entry["path"]])
                yield proven.hex() == draw["root"], "the entry's proof leads to the root"


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(print(__doc__, file=sys.stderr) or 2)
    try:
        found = list(checks(*[json.loads(Path(name).read_text("utf-8")) for name in sys.argv[1:]]))
    except (OSError, ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        found = [(False, f"this cannot be read: {error!r}")]
    for holds, what in found:
        print("ok   " if holds else "WRONG", what)
    sys.exit(0 if all(holds for holds, _what in found) else 1)
