"""Pure decisions about membership: whether it stands, what a proof of it says, where a proof may be taken."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from leadcapture.errors import BadToken
from leadcapture.sites.rules import origin_allowed

DAYS = 30
PARAMETER = "leadcapture_member"


@dataclass(frozen=True)
class Proof:
    """What a proof says: which member, and until when it may be shown."""

    member: str
    until: datetime


def proof_text(member: str, now: datetime, days: int) -> str:
    """What is signed as a proof for that member (a public id)."""
    return f"proof.{member}.{int((now + timedelta(days=days)).timestamp())}"


def read_proof(text: str) -> Proof:
    """What was signed as a proof. Raises BadToken for what was signed as something else."""
    what, _dot, rest = text.partition(".")
    member, _dot, until = rest.partition(".")
    if what != "proof" or not until.isdecimal():
        raise BadToken
    return Proof(member, datetime.fromtimestamp(int(until), UTC))


def page_text(member: str) -> str:
    """What is signed as the address of that member's page."""
    return f"page.{member}"


def read_page(text: str) -> str:
    """The member whose page it is. Raises BadToken for what was signed as something else: a site that was shown a proof
    must not come to the member's page by it."""
    what, _dot, member = text.partition(".")
    if what != "page" or not member:
        raise BadToken
    return member


def reason_against(*, ended_by: str, agreed: bool) -> str:
    """Why somebody is no member: `ended`, or `withdrawn` (the consent to it); empty for a member."""
    return "ended" if ended_by else "" if agreed else "withdrawn"


def leads_home(url: str, allowed_origins: Iterable[str]) -> bool:
    """Whether a page is one of the site's own, so that a proof may be taken there."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or parts.username is not None or not parts.hostname:
        return False
    return origin_allowed(allowed_origins, f"{parts.scheme}://{parts.netloc}")


def way_home(url: str, proof: str) -> str:
    """The page's address with the proof in it; what the address asks besides stays."""
    parts = urlsplit(url)
    asked = [(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if name != PARAMETER]
    return urlunsplit(parts._replace(query=urlencode([*asked, (PARAMETER, proof)])))
