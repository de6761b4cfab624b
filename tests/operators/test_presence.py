from __future__ import annotations

from datetime import datetime, timedelta
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadcapture import db
from leadcapture.operators import presence
from leadcapture.operators.presence import Colleague

GRACE = 30


class Team:
    """Short words for what alice and bob's devices do."""

    def __init__(self, people: SimpleNamespace, now: datetime) -> None:
        self.people, self.now = people, now

    def connect(self, socket: str, *, device: str = "", idle: bool = False) -> None:
        db.write(presence.connected, self.now, self.people.alice.id, socket, device=device, idle=idle)

    def wait(self, seconds: float, *heard: str) -> None:
        """Time goes by, in which these sockets answer every beat."""
        ends = self.now + timedelta(seconds=seconds)
        while self.now < ends:
            self.now = min(ends, self.now + timedelta(seconds=presence.beat_every(GRACE)))
            if heard:
                db.write(presence.heard, self.now, heard)

    @property
    def alice(self) -> Colleague:
        with db.read() as session:
            team = presence.here(session, self.now, self.people.site.id, GRACE)
            found = next(person for person in team if person.operator.name == "Alice")
            assert presence.anyone_available(session, self.now, self.people.site.id, GRACE) == found.answers
        return found


@pytest.fixture
def team(people: SimpleNamespace, now: datetime) -> Team:
    return Team(people, now)


@given(st.integers(0, 600))
def test_a_sleeping_device_is_noticed_soon_after_the_grace_and_one_lost_beat_costs_nothing(grace: int) -> None:
    beat, silence = presence.beat_every(grace), presence.silence(grace).total_seconds()
    assert 1 <= beat <= 10
    assert silence > 2 * beat
    assert grace <= silence <= max(grace, 30)
    if grace <= 30:
        assert silence + beat + 1 <= 45  # a beat until it is heard no more, a second until it is looked at


def test_who_answers_the_beats_stays_there(team: Team) -> None:
    team.connect("laptop")
    team.wait(300, "laptop")
    assert team.alice.answers


def test_a_laptop_that_sleeps_is_gone_after_the_grace_and_there_again_when_it_wakes(team: Team) -> None:
    team.connect("laptop")
    team.wait(29)
    assert team.alice.here
    team.wait(2)
    assert not team.alice.here
    team.wait(1, "laptop")
    assert team.alice.answers


def test_an_end_that_nobody_saw_counts_from_when_the_device_was_heard(team: Team) -> None:
    team.connect("laptop")
    team.wait(20)
    db.write(presence.disconnected, team.now, "laptop", silently=True)
    team.wait(9)
    assert team.alice.here
    team.wait(2)
    assert not team.alice.here


def test_a_closed_browser_counts_for_the_grace(team: Team) -> None:
    team.connect("laptop")
    team.wait(20)
    db.write(presence.disconnected, team.now, "laptop")
    team.wait(29)
    assert team.alice.here
    team.wait(2)
    assert not team.alice.here


def test_who_is_idle_at_every_device_is_away_until_the_first_touch(team: Team) -> None:
    team.connect("laptop")
    team.connect("phone", idle=True)
    assert team.alice.answers
    db.write(presence.set_idle, team.now, "laptop", True)
    assert (team.alice.here, team.alice.idle, team.alice.answers) == (True, True, False)
    db.write(presence.set_idle, team.now, "phone", False)
    assert team.alice.answers


def test_a_second_device_keeps_who_left_the_first_one(team: Team) -> None:
    team.connect("laptop")
    team.connect("phone")
    db.write(presence.disconnected, team.now, "laptop")
    team.wait(60, "phone")
    assert team.alice.answers


def test_an_idle_device_does_not_keep_who_closed_the_other_one(team: Team) -> None:
    team.connect("laptop")
    team.connect("phone", idle=True)
    db.write(presence.disconnected, team.now, "laptop")
    team.wait(31, "phone")
    assert (team.alice.here, team.alice.answers) == (True, False)


def test_what_nobody_hears_of_any_more_is_forgotten(team: Team) -> None:
    team.connect("old")
    team.now += timedelta(days=2, minutes=1)
    team.wait(10, "new")
    with db.read() as session:
        assert presence.signed_in(session, ["old", "new"]) == set()
