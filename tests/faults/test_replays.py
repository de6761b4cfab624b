"""Links are opened and buttons pressed by programs a thousand times over, and one address is typed everywhere there is:
nobody is confirmed, nobody unsubscribed, and nobody gets more than three mails a day.

`make bench NAME=replays` does the same ten thousand times.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from jinja2 import FileSystemBytecodeCache

from leadcapture.settings import Settings
from tests.conftest import SEEDED_AT, application, configured, copied
from tests.faults import replaying
from tests.faults.replaying import HOUR, Shop

NUMBER = int(os.environ.get("REPLAYS", "250"))


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """The caps of mail as they are by default, and no other limit in the way."""
    own = configured(tmp_path / "instance") | replaying.LIFTED
    del own["LEADCAPTURE_MAIL_PER_ADDRESS"]
    return own


@pytest.fixture
def shop(seeded: Path, settings: Settings, compiled: FileSystemBytecodeCache) -> Iterator[Shop]:
    with copied(seeded / "leadcapture.db", settings):
        app = application(settings, compiled)
        with Shop(app.test_client(), SEEDED_AT + HOUR).open() as shop:
            yield shop


def test_no_program_confirms_or_unsubscribes_anybody_by_looking_or_pressing(shop):
    replayed = replaying.replay(shop, NUMBER)
    print(f"\n{replayed.requests.total()} replays: {dict(replayed.requests)}")
    print(f"confirmed or unsubscribed by it: {replayed.changed}")
    assert replayed.requests.total() >= NUMBER
    assert replayed.requests["pressed"] >= NUMBER // 20
    assert replayed.changed == 0


def test_one_person_gets_three_mails_a_day_through_whichever_doors_they_are_asked_for(shop):
    number = NUMBER if "REPLAYS" in os.environ else NUMBER // 3
    flooded = replaying.flood(shop, number)
    print(f"\n{flooded.requests.total()} requests for one person: {dict(flooded.requests)}")
    print(f"answers: {dict(flooded.answers)}; mails: {[(one.name, str(one.due_at)) for one in flooded.mails]}")
    asked = [email.due_at for email in flooded.mails if email.name == "confirmation"]
    assert len(flooded.mails) == 3
    assert all(later - earlier >= HOUR for earlier, later in pairwise(asked))
    # Only a wrong code and the visitor's own transcript are told no: to all else the answer is as for a stranger.
    assert set(flooded.answers) == {200, 202, 422, 429}
    own = ("a wrong code", "transcript, chat")
    assert flooded.answers[422] + flooded.answers[429] <= sum(flooded.requests[door] for door in own)
