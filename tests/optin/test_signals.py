"""What speaks for a program that presses a button: no sign alone, several together."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import chain, combinations

import pytest

from leadcapture.optin import signals

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
LINKS = frozenset({"confirm", "mail"})
PEOPLE = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
    "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
    "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/25.0 Chrome/121.0.0.0",
    "Lynx/2.9.0dev.12 libwww-FM/2.14 SSL-MM/1.4.1",
)
PROGRAMS = (
    "python-requests/2.32.3",
    "Python-urllib/3.11",
    "curl/8.5.0",
    "Go-http-client/2.0",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/126.0.0.0 Safari/537.36",
    "something nobody has heard of",
    "",
)
SCANNERS = (
    "BarracudaCentral/1.0",
    "Mozilla/5.0 (compatible; Mimecast URL Protect)",
    "Mozilla/5.0 (Windows NT 10.0) Proofpoint-URLDefense",
    "Mozilla/5.0 (Windows NT 6.1; WOW64) SkypeUriPreview Preview/0.5",
    "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
)


def judge(agent: str, *, at_once: bool = False, every_link: bool = False) -> signals.Signals:
    return signals.judge(
        agent=agent,
        now=NOW,
        handed_over_at=NOW - timedelta(seconds=1 if at_once else 60),
        opened=LINKS if every_link else frozenset({"confirm"}),
        links=LINKS,
    )


@pytest.mark.parametrize("agent", PEOPLE)
def test_people_in_a_hurry_and_curious_people_are_people(agent):
    assert judge(agent).found == {}
    assert not judge(agent, at_once=True).suspicious
    assert not judge(agent, every_link=True).suspicious


@pytest.mark.parametrize("agent", PROGRAMS)
def test_plain_programs_may_press_right_after_the_mail_came(agent):
    assert not judge(agent, at_once=True).suspicious
    assert judge(agent, every_link=True).suspicious


@pytest.mark.parametrize("agent", SCANNERS)
def test_a_scanner_that_says_so_needs_one_sign_more(agent):
    assert judge(agent).points == 2
    assert judge(agent, at_once=True).suspicious
    assert judge(agent, every_link=True).suspicious


def test_no_sign_alone_is_enough_and_more_signs_never_make_less():
    agents = (PEOPLE[0], PROGRAMS[0], SCANNERS[0])
    signs = [{}, {"at_once": True}, {"every_link": True}, {"at_once": True, "every_link": True}]
    for agent, more in chain.from_iterable(((agent, sign) for sign in signs) for agent in agents):
        if len(judge(agent, **more).found) < 2:
            assert not judge(agent, **more).suspicious
    for less, more in combinations(signs, 2):
        if less.items() <= more.items():
            assert all(judge(agent, **less).points <= judge(agent, **more).points for agent in agents)


def test_what_is_not_known_speaks_against_nobody():
    assert signals.judge(agent=PEOPLE[0], now=NOW).found == {}
    assert signals.judge(agent=PEOPLE[0], now=NOW, opened={"unsubscribe"}, links={"unsubscribe"}).found == {}
