"""The arithmetic of a verifiable draw: leaves, tree, proofs, the stream of winners, and checking what was published.

Everything is SHA-256. An entry is a leaf: SHA-256(0x00 || salt || address), so that it shows no address. The frozen
list is the leaves in ascending order, which nobody chooses; its root is the Merkle tree hash of RFC 9162 (2.1.1). The
n-th number of the draw is HMAC-SHA256 with the committed seed as key over

    SHA-256(terms) || root || SHA-256(beacon) || count || n          (count and n as 8 bytes, big-endian)

so that it depends on what entrants brought along as well as on the seed. A number of the incomplete last part of its
range is rejected (no modulo bias), an entry that was drawn already is passed over. docs/draw.md says what this proves
and what it does not.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import count as numbers
from itertools import islice, pairwise
from typing import Any

FORMAT = "leadcapture-draw-1"
ENTRY_FORMAT = "leadcapture-entry-1"
SALT_BYTES = 16
SEED_BYTES = 32
SPACE = 2**256  # how many values an HMAC-SHA256 has


def sha256(data: bytes) -> bytes:
    """32 bytes."""
    return hashlib.sha256(data).digest()


def commitment_of(seed: bytes) -> str:
    """What is published of the seed before the contest opens, hex: `sha256sum` over its bytes says the same."""
    return sha256(seed).hex()


def terms_hash(terms: Mapping[str, Any]) -> bytes:
    """Names the terms: SHA-256 of their JSON with sorted keys and no spaces, in UTF-8."""
    return sha256(json.dumps(terms, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode())


# ---- the tree -------------------------------------------------------------------------------------------------------


def leaf_of(salt: bytes, address: str) -> bytes:
    """The leaf of an entry; `address` is the normalised one that counts once. The salt is SALT_BYTES long."""
    return sha256(b"\x00" + salt + address.encode())


def node_of(left: bytes, right: bytes) -> bytes:
    """An inner node. Its prefix differs from a leaf's, so that no node can be passed off as an entry."""
    return sha256(b"\x01" + left + right)


class Tree:
    """The Merkle tree of RFC 9162 over leaves that are hashes already."""

    def __init__(self, leaves: Sequence[bytes]) -> None:
        # Paired level by level with a lone last node moving up as it is, it is the tree that the RFC defines by halves.
        self.levels = [list(leaves)]
        while len(level := self.levels[-1]) > 1:
            above = [node_of(level[i], level[i + 1]) for i in range(0, len(level) - 1, 2)]
            self.levels.append(above + level[len(level) & ~1 :])

    @property
    def root(self) -> bytes:
        """The root; of no leaves at all it is the hash of nothing (RFC 9162, 2.1.1)."""
        return self.levels[-1][0] if self.levels[0] else sha256(b"")

    def path(self, index: int) -> list[bytes]:
        """The inclusion proof of the leaf at `index`, from the leaf's neighbour upward."""
        found = []
        for level in self.levels[:-1]:
            if index ^ 1 < len(level):
                found.append(level[index ^ 1])
            index //= 2
        return found


def root_by_path(leaf: bytes, index: int, count: int, path: Sequence[bytes]) -> bytes | None:
    """The root that this proof leads to (RFC 9162, 2.1.3.2); None for a proof of the wrong shape."""
    if not 0 <= index < count:
        return None
    node, last = leaf, count - 1
    for neighbour in path:
        if last == 0:
            return None
        if index & 1 or index == last:
            node = node_of(neighbour, node)
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            node = node_of(node, neighbour)
        index, last = index >> 1, last >> 1
    return node if last == 0 else None


# ---- the draw -------------------------------------------------------------------------------------------------------


def unbiased(number: int, count: int, space: int = SPACE) -> int | None:
    """`number`, evenly one of `space`, as an index below `count`; None for one that must be rejected, because the
    indices are not evenly spread over the rest of the space."""
    return number % count if number < space - space % count else None


def drawn(seed: bytes, terms: bytes, root: bytes, count: int, beacon: str) -> Iterator[int]:
    """The indices of all entries in the order the draw takes them. `terms` is their hash."""
    head = terms + root + sha256(beacon.encode()) + count.to_bytes(8, "big")
    taken: set[int] = set()
    for n in numbers():
        if len(taken) == count:
            return
        mac = hmac.digest(seed, head + n.to_bytes(8, "big"), "sha256")
        index = unbiased(int.from_bytes(mac, "big"), count)
        if index is not None and index not in taken:
            taken.add(index)
            yield index


class WrongRank(ValueError):
    """Somebody was disqualified who held no prize and was no alternate."""


def settle(slots: int, alternates: int, count: int, disqualified: Sequence[int]) -> tuple[list[int | None], list[int]]:
    """Who holds each of the `slots` (a prize each), and the alternates after them; None where entries have run out.

    All are ranks: the number in the order of the draw, from 0. `disqualified` are ranks in the order they went. Who
    takes the place of a winner is the next of the same stream, so nobody chooses.
    Raises WrongRank for a rank that was neither winner nor alternate when it went.
    """
    holders: list[int | None] = [rank if rank < count else None for rank in range(slots)]
    # Nobody comes nearer than this, however many go.
    waiting = list(range(slots, min(count, slots + alternates + len(disqualified))))
    for rank in disqualified:
        if rank in holders:
            holders[holders.index(rank)] = waiting.pop(0) if waiting else None
        elif rank in waiting[:alternates]:
            waiting.remove(rank)
        else:
            raise WrongRank(f"{rank} was neither winner nor alternate.")
    return holders, waiting[:alternates]


def slots_of(terms: Mapping[str, Any]) -> list[int]:
    """Which prize (its number in the terms) each slot stands for: a prize given away twice has two."""
    return [number for number, prize in enumerate(terms["prizes"]) for _copy in range(prize["count"])]


def result(published: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """`winners` and `alternates` as the published seed, root, beacon and disqualifications make them.

    Raises WrongRank, and KeyError or ValueError where what was published lacks something.
    """
    terms, count, leaves = published["terms"], published["count"], published["entries"]
    slots, gone = slots_of(terms), [going["rank"] for going in published["disqualified"]]
    holders, waiting = settle(len(slots), terms["alternates"], count, gone)
    seed, root = bytes.fromhex(published["seed"]), bytes.fromhex(published["root"])
    stream = drawn(seed, terms_hash(terms), root, count, published["beacon"])
    order = list(islice(stream, len(slots) + terms["alternates"] + len(gone)))

    def entry(rank: int) -> dict[str, Any]:
        return {"rank": rank, "index": order[rank], "leaf": leaves[order[rank]]}

    return {
        "winners": [
            {"prize": prize, **entry(rank)} for prize, rank in zip(slots, holders, strict=True) if rank is not None
        ],
        "alternates": [entry(rank) for rank in waiting],
    }


# ---- checking what was published ------------------------------------------------------------------------------------


def problems(published: Mapping[str, Any]) -> list[str]:
    """What is wrong with the published record of a contest, as sentences; nothing when all of it holds."""
    try:
        return _problems(published)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        return [f"The record is not complete or not readable ({type(error).__name__}: {error})."]


def _problems(published: Mapping[str, Any]) -> list[str]:
    found = []
    if published["format"] != FORMAT:
        return [f"The record is not of the format {FORMAT}."]
    if published["terms_hash"] != terms_hash(published["terms"]).hex():
        found.append("The terms are not those whose hash was published.")
    if published["state"] not in ("closed", "drawn"):
        return found
    leaves = published["entries"]
    if len(leaves) != published["count"]:
        found.append(f"The count says {published['count']}, but the list has {len(leaves)} entries.")
    if any(one >= other for one, other in pairwise(leaves)):
        found.append("The list is not in ascending order, or an entry stands in it twice.")
    if Tree([bytes.fromhex(leaf) for leaf in leaves]).root.hex() != published["root"]:
        found.append("The root is not that of the list.")
    if published["state"] == "drawn" and not found:
        if commitment_of(bytes.fromhex(published["seed"])) != published["commitment"]:
            found.append("The seed is not the one that was committed to.")
        expected = result(published)
        found += [
            f"The {which} are not those that the seed and the list lead to."
            for which in ("winners", "alternates")
            if published[which] != expected[which]
        ]
    return found


def entry_problems(published: Mapping[str, Any], entry: Mapping[str, Any]) -> list[str]:
    """What is wrong with an entrant's receipt or proof beside the published record, as sentences."""
    try:
        return _entry_problems(published, entry)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        return [f"The entry is not complete or not readable ({type(error).__name__}: {error})."]


def _entry_problems(published: Mapping[str, Any], entry: Mapping[str, Any]) -> list[str]:
    found = []
    if entry["format"] != ENTRY_FORMAT:
        return [f"The entry is not of the format {ENTRY_FORMAT}."]
    for name in ("contest", "commitment", "terms_hash"):
        if entry[name] != published[name]:
            found.append(f"The {name.replace('_', ' ')} is another than the one the entrant was told.")
    leaf = leaf_of(bytes.fromhex(entry["salt"]), entry["address"])
    if leaf.hex() != entry["leaf"]:
        found.append("The leaf is not that of the address and the salt.")
    if published["state"] in ("closed", "drawn"):
        if entry["leaf"] not in published["entries"]:
            found.append("The entry is not in the list.")
        if "path" in entry:
            path = [bytes.fromhex(node) for node in entry["path"]]
            root = root_by_path(leaf, entry["index"], published["count"], path)
            if root is None or root.hex() != published["root"]:
                found.append("The proof does not lead to the published root.")
    return found
