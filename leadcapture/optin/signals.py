"""Whether it is a program that presses the button of a mail: mail scanners open every link, and some press what they
find. No sign alone says so, for people use odd programs too; together they do.

A suspected program is never refused: it is asked for something that only the reader of the mail has, or does.
"""

from __future__ import annotations

import re
from collections.abc import Set
from dataclasses import dataclass
from datetime import datetime, timedelta

AT_ONCE = timedelta(seconds=3)  # after the mail was handed over: nobody reads so fast
SUSPECTED = 3  # points
ASKED = "asked"  # noted beside the links an asker opened: was asked for more than a press

# Programs that look at mail for others and say so: gateways, link checkers, previews of chats.
_SCANNERS = re.compile(
    r"barracuda|mimecast|proofpoint|urldefense|safelinks|microsoft.?(office|exchange|outlook).?(protection|scan)"
    r"|messagelabs|symantec|trend.?micro|fireeye|trellix|mcafee|sophos|forcepoint|websense|ironport|cisco.?(talos|email)"
    r"|cloudmark|zscaler|forti(mail|guard|net)|bitdefender|kaspersky|f-?secure|withsecure|\beset\b|hornetsecurity"
    r"|retarus|vade.?secure|spamtitan|spamhaus|mailscanner|mail.?scan|link.?(scan|check|preview|expand)|url.?(scan|check)"
    r"|virustotal|phishtank|safe.?browsing|bingpreview|skypeuripreview|slackbot|slack-imgproxy|whatsapp/|telegrambot"
    r"|discordbot|facebookexternalhit|twitterbot|linkedinbot|googleimageproxy|yahoomailproxy",
    re.IGNORECASE,
)
# What programs call themselves that nobody has named: libraries, command lines, browsers without a screen.
_PROGRAMS = re.compile(
    r"headless|phantomjs|puppeteer|playwright|selenium|electron|python|aiohttp|httpx|urllib|requests|curl|wget|httpie"
    r"|libwww|\blwp|perl|ruby|java/|jakarta|okhttp|apache-httpclient|go-http|node|axios|undici|got\b|php|guzzle"
    r"|werkzeug|postman|insomnia|powershell|winhttp|bot\b|crawl|spider|monitor|probe",
    re.IGNORECASE,
)
# Browsers that people read with say Mozilla/5.0 first, but for some old ones and those of terminals.
_BROWSERS = re.compile(r"^(mozilla/[45]\.0 \(|opera/)", re.IGNORECASE)
_TEXT_BROWSERS = re.compile(r"^(lynx/|links |elinks/|w3m/|dillo/|netsurf/|emacs)", re.IGNORECASE)


@dataclass(frozen=True)
class Signals:
    """What spoke for a program, by name with its points: `scanner` or `program`, `at_once`, `every_link`,
    `asked`."""

    found: dict[str, int]

    @property
    def points(self) -> int:
        """All together."""
        return sum(self.found.values())

    @property
    def suspicious(self) -> bool:
        """Whether the button's press must not count as a person's before more is asked."""
        return self.points >= SUSPECTED


def judge(
    *,
    agent: str,
    now: datetime,
    handed_over_at: datetime | None = None,
    opened: Set[str] = frozenset(),
    links: Set[str] = frozenset(),
) -> Signals:
    """What speaks against a person at this press. `agent` is the User-Agent, `handed_over_at` when the mail left (None
    where that is not known), `opened` the links of it that the same asker has opened, `links` all that it has.

    A scanner that gives its name counts 2, a library or a browser without a screen 1, a press within three seconds 1,
    having opened all links (of two or more) 2. Who was asked for more once is asked again: waiting makes no person.
    """
    found: dict[str, int] = {}
    if _SCANNERS.search(agent):
        found["scanner"] = 2
    elif not _TEXT_BROWSERS.search(agent) and (_PROGRAMS.search(agent) or not _BROWSERS.search(agent)):
        found["program"] = 1
    if handed_over_at is not None and now - handed_over_at < AT_ONCE:
        found["at_once"] = 1
    if len(links) > 1 and links <= opened:
        found["every_link"] = 2
    if ASKED in opened:
        found["asked"] = SUSPECTED
    return Signals(found)
