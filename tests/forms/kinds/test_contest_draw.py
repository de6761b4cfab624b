"""The arithmetic of the draw: what is proven holds for every size, and what was changed is caught by anybody."""

from __future__ import annotations

import copy
import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadcapture.forms.kinds.contest import draw
from tests.bench import draw as bench

SCRIPT = Path(draw.__file__).parent / "verify_draw.py"
TERMS = {"contest": "frm_test", "prizes": [{"name": {"en": "A chair"}, "count": 1}, {"name": {}, "count": 2}]}


def leaves(count: int) -> list[bytes]:
    return sorted(draw.leaf_of(bytes([n % 256]) * 16, f"visitor{n}@example.org") for n in range(count))


def published(count: int = 9, *, alternates: int = 2, gone: tuple[int, ...] = (), beacon: str = "4 8 15") -> Any:
    """A record as a contest's page publishes it after the draw."""
    terms = {**TERMS, "alternates": alternates}
    seed, found = b"\x07" * 32, leaves(count)
    record: dict[str, Any] = {
        "format": draw.FORMAT,
        "contest": "frm_test",
        "state": "drawn",
        "terms": terms,
        "terms_hash": draw.terms_hash(terms).hex(),
        "commitment": draw.commitment_of(seed),
        "count": count,
        "root": draw.Tree(found).root.hex(),
        "entries": [leaf.hex() for leaf in found],
        "seed": seed.hex(),
        "beacon": beacon,
        "disqualified": [{"rank": rank, "reason": "Works for the shop."} for rank in gone],
    }
    return {**record, **draw.result(record)}


def entry_of(record: Any, n: int = 3) -> Any:
    """What visitor n got by mail."""
    salt, address = bytes([n]) * 16, f"visitor{n}@example.org"
    leaf = draw.leaf_of(salt, address)
    index = record["entries"].index(leaf.hex())
    tree = draw.Tree([bytes.fromhex(one) for one in record["entries"]])
    return {
        "format": draw.ENTRY_FORMAT,
        **{name: record[name] for name in ("contest", "commitment", "terms_hash")},
        "address": address,
        "salt": salt.hex(),
        "leaf": leaf.hex(),
        "index": index,
        "path": [node.hex() for node in tree.path(index)],
    }


def run_script(folder: Path, *records: Any) -> subprocess.CompletedProcess[str]:
    """The stand-alone script as somebody runs it who has downloaded it: alone in a folder, with no package of ours."""
    script = folder / "verify_draw.py"
    script.write_bytes(SCRIPT.read_bytes())
    names = []
    for number, record in enumerate(records):
        names.append(f"record{number}.json")
        (folder / names[-1]).write_text(json.dumps(record), encoding="utf-8")
    return subprocess.run(
        [sys.executable, "-I", "verify_draw.py", *names], cwd=folder, capture_output=True, text=True, timeout=30
    )


def flipped(text: str, bit: int) -> str:
    """The hex text with one bit of its bytes changed."""
    data = bytearray.fromhex(text)
    data[bit // 8 % len(data)] ^= 1 << bit % 8
    return data.hex()


# ---- the tree ------------------------------------------------------------------------------------------------------


def root_by_the_letter(found: list[bytes]) -> bytes:
    """MTH as RFC 9162 2.1.1 writes it, by halves at the largest power of two."""
    if len(found) < 2:
        return found[0] if found else hashlib.sha256(b"").digest()
    half = 1
    while half * 2 < len(found):
        half *= 2
    return hashlib.sha256(b"\x01" + root_by_the_letter(found[:half]) + root_by_the_letter(found[half:])).digest()


@pytest.mark.parametrize("count", range(65))
def test_the_tree_is_that_of_the_rfc_and_every_entry_has_its_proof(count: int) -> None:
    found = leaves(count)
    tree = draw.Tree(found)
    assert tree.root == root_by_the_letter(found)
    for index, leaf in enumerate(found):
        assert draw.root_by_path(leaf, index, count, tree.path(index)) == tree.root


@settings(max_examples=60)
@given(count=st.integers(1, 64), data=st.data())
def test_a_bit_changed_anywhere_breaks_a_proof(count: int, data: Any) -> None:
    found = leaves(count)
    tree, index = draw.Tree(found), data.draw(st.integers(0, count - 1))
    path, leaf = tree.path(index), found[index]
    node = data.draw(st.integers(0, len(path)))
    bit = data.draw(st.integers(0, 255))
    parts = [bytes.fromhex(flipped(part.hex(), bit)) if n == node else part for n, part in enumerate([leaf, *path])]
    assert draw.root_by_path(parts[0], index, count, parts[1:]) != tree.root
    other = data.draw(st.integers(0, count).filter(lambda other: other != index))
    assert draw.root_by_path(leaf, other, count, path) != tree.root
    assert draw.root_by_path(leaf, index, count, [*path, leaf]) != tree.root
    if path:
        assert draw.root_by_path(leaf, index, count, path[:-1]) != tree.root


def test_an_inner_node_cannot_pass_as_an_entry() -> None:
    one, other = leaves(2)
    assert draw.leaf_of(one[:16], "a@example.org") != draw.node_of(one, other)
    assert draw.Tree([draw.node_of(one, other)]).root == draw.node_of(one, other), "so the count belongs to the proof"
    assert draw.root_by_path(draw.node_of(one, other), 0, 2, []) is None


# ---- the stream -----------------------------------------------------------------------------------------------------


@settings(max_examples=40)
@given(count=st.integers(1, 40), space=st.integers(40, 300))
def test_every_index_has_the_same_number_of_numbers(count: int, space: int) -> None:
    taken = [draw.unbiased(number, count, space) for number in range(space)]
    assert {taken.count(index) for index in range(count)} == {space // count}
    assert taken.count(None) == space % count


@settings(max_examples=25)
@given(count=st.integers(0, 40), seed=st.binary(min_size=32, max_size=32))
def test_everybody_is_drawn_once(count: int, seed: bytes) -> None:
    order = list(draw.drawn(seed, b"t" * 32, b"r" * 32, count, ""))
    assert sorted(order) == list(range(count))


def test_the_order_depends_on_everything_that_was_published() -> None:
    given_ = (b"s" * 32, b"t" * 32, b"r" * 32, 30, "beacon")
    first = list(draw.drawn(*given_))
    for changed in (
        (b"S" * 32, *given_[1:]),
        (given_[0], b"T" * 32, *given_[2:]),
        (*given_[:2], b"R" * 32, *given_[3:]),
        (*given_[:4], "Beacon"),
    ):
        assert list(draw.drawn(*changed)) != first
    assert list(draw.drawn(*given_)) == first


def test_who_is_disqualified_is_followed_by_the_next_of_the_same_order() -> None:
    assert draw.settle(3, 2, 10, []) == ([0, 1, 2], [3, 4])
    assert draw.settle(3, 2, 10, [1]) == ([0, 3, 2], [4, 5])
    assert draw.settle(3, 2, 10, [1, 3]) == ([0, 4, 2], [5, 6])
    assert draw.settle(3, 2, 10, [3, 1]) == ([0, 4, 2], [5, 6]), "an alternate that went takes no place"
    assert draw.settle(2, 0, 3, [0, 2, 1]) == ([None, None], []), "entries can run out"
    assert draw.settle(3, 1, 2, []) == ([0, 1, None], [])
    for nobody in ([5], [0, 0], [-1]):
        with pytest.raises(draw.WrongRank):
            draw.settle(3, 2, 10, nobody)


# ---- what is published ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("count", "gone"), [(9, ()), (9, (1,)), (9, (3, 0, 5)), (2, ()), (2, (0,)), (1, (0,)), (0, ()), (64, (2, 3, 4))]
)
def test_the_script_reproduces_the_winners_from_what_is_published(tmp_path, count: int, gone: tuple[int, ...]) -> None:
    record = published(count, gone=gone)
    assert len(record["winners"]) == max(0, min(3, count - len(gone)))
    assert draw.problems(record) == []
    proof = [entry_of(record)] if count > 3 else []
    assert [draw.entry_problems(record, entry) for entry in proof] == [[]] * len(proof)
    checked = run_script(tmp_path, record, *proof)
    assert (checked.returncode, checked.stderr) == (0, "")
    assert "WRONG" not in checked.stdout


def test_the_script_is_short_enough_to_be_read() -> None:
    assert len(SCRIPT.read_text().splitlines()) < 100


def changed_entry(record: Any) -> None:
    record["entries"][4] = flipped(record["entries"][4], 255)


def changed_seed(record: Any) -> None:
    record["seed"] = flipped(record["seed"], 9)


def changed_count(record: Any) -> None:
    record["count"] ^= 1


def changed_root(record: Any) -> None:
    record["root"] = flipped(record["root"], 100)


def changed_terms(record: Any) -> None:
    record["terms"]["prizes"][0]["count"] ^= 2


def changed_beacon(record: Any) -> None:
    record["beacon"] += "1"


def changed_winner(record: Any) -> None:
    record["winners"][0], record["winners"][1] = (
        {**record["winners"][1], "prize": 0},
        {**record["winners"][0], "prize": 1},
    )


def left_out_winner(record: Any) -> None:
    del record["winners"][-1]


def forged_disqualification(record: Any) -> None:
    record["disqualified"].append({"rank": 0, "reason": "None."})


def entry_added(record: Any) -> None:
    record["entries"] = sorted([*record["entries"], "ab" * 32])
    record["count"] += 1


def commitment_swapped(record: Any) -> None:
    """A seed found later, with its hash in place of the one that was promised: only who has a receipt can tell."""
    record["seed"] = flipped(record["seed"], 9)
    record["commitment"] = draw.commitment_of(bytes.fromhex(record["seed"]))
    record.update(draw.result(record))


@pytest.mark.parametrize(
    "change",
    [
        changed_entry,
        changed_seed,
        changed_count,
        changed_root,
        changed_terms,
        changed_beacon,
        changed_winner,
        left_out_winner,
        forged_disqualification,
        entry_added,
        commitment_swapped,
    ],
)
def test_what_was_changed_is_caught(tmp_path, change: Any) -> None:
    record = published()
    entry = entry_of(record)
    forged = copy.deepcopy(record)
    change(forged)
    checked = run_script(tmp_path, forged, entry)
    assert checked.returncode == 1
    assert "WRONG" in checked.stdout
    found = draw.problems(forged) + draw.entry_problems(forged, entry)
    assert found
    if change is commitment_swapped:
        assert draw.problems(forged) == []


@settings(max_examples=40)
@given(bit=st.integers(0, 16 * 256 - 1), what=st.sampled_from(["entries", "seed", "root", "commitment", "terms_hash"]))
def test_any_single_bit_counts(bit: int, what: str) -> None:
    record = published(16)
    if what == "entries":
        record["entries"][bit // 256] = flipped(record["entries"][bit // 256], bit % 256)
    else:
        record[what] = flipped(record[what], bit % 256)
    assert draw.problems(record)


@pytest.mark.parametrize("name", ["salt", "leaf", "address", "index", "path", "commitment", "contest"])
def test_a_changed_receipt_is_caught(tmp_path, name: str) -> None:
    record = published()
    entry = entry_of(record)
    value = entry[name]
    if name == "index":
        entry[name] = value ^ 1
    elif name == "path":
        entry[name] = [flipped(value[0], 0), *value[1:]]
    else:
        entry[name] = f"a{value}" if name in ("address", "contest") else flipped(value, 3)
    assert draw.problems(record) == []
    assert draw.entry_problems(record, entry)
    assert run_script(tmp_path, record, entry).returncode == 1


@pytest.mark.parametrize("rubbish", [[], "x", {}, {"format": draw.FORMAT}, {**published(), "seed": "zz"}, None])
def test_rubbish_is_refused_without_a_traceback(tmp_path, rubbish: Any) -> None:
    assert draw.problems(rubbish)
    checked = run_script(tmp_path, rubbish)
    assert checked.returncode == 1
    assert "Traceback" not in checked.stderr


def test_the_script_says_how_it_is_called(tmp_path) -> None:
    checked = run_script(tmp_path)
    assert checked.returncode == 2
    assert "draw.json" in checked.stderr


def test_the_benchmark_would_see_a_modulo_bias() -> None:
    even = [draw.unbiased(number, 20, 64) for number in range(64)] * 500
    biased = [number % 20 for number in range(64)] * 500
    kept = [index for index in even if index is not None]
    assert bench.p_value(bench.chi_square(kept, 20), 19) > 0.9
    assert bench.p_value(bench.chi_square(biased, 20), 19) < bench.SUSPECT
    assert bench.p_value(43.82, 19) == pytest.approx(0.001, abs=0.0002), "the value of the tables"
