"""Which addresses a site takes: its owner's lists, domains that live for minutes, domains that take no mail; and what
is noted of who sends a form."""

from __future__ import annotations

from datetime import datetime

from leadcapture.addresses import Address
from leadcapture.errors import Invalid
from leadcapture.guard import disposable, mx, opened
from leadcapture.i18n import gettext as _
from leadcapture.sites import protection
from leadcapture.sites.models import Site

# What is noted of a submission for whoever judges it: the owner has such domains held; sent faster than anybody types;
# without a proof of work, as plain programs and pages without scripts send it. The last two say nothing by themselves.
DISPOSABLE, FAST, UNPROVEN = "disposable", "fast", "unproven"


def check(site: Site, now: datetime, address: Address, *, opened_at: datetime | None, proven: bool) -> tuple[str, ...]:
    """What is noted of a submission with that address, by a form that was opened then (None: nobody knows).

    Says nothing of what is known of the address: it is the same for one that is new and one that is confirmed. May wait
    for the DNS (see mx): call it outside a transaction. Raises Invalid, at the field `email`, for one the site does not
    take.
    """
    seconds = protection.of(site).min_seconds
    noted = {
        DISPOSABLE: check_address(site, address),
        FAST: opened.fast(now, opened_at, seconds),
        UNPROVEN: not proven,
    }
    return tuple(name for name, so in noted.items() if so)


def check_address(site: Site, address: Address) -> bool:
    """As `check`, of the address alone: whether it is a disposable one that the owner has held."""
    wanted = protection.of(site)
    if disposable.names(wanted.allowed, address.key):
        return False
    if disposable.names(wanted.blocked, address.key):
        raise _refusal(_("This site does not take this address. Use another one."))
    domain = address.key.rpartition("@")[2]
    lives_shortly = wanted.disposable != "allow" and disposable.is_disposable(address.key)
    if lives_shortly and wanted.disposable == "refuse":
        raise _refusal(_("Addresses at %(domain)s live for a short time only. Use one you will keep.", domain=domain))
    if wanted.check_mx:
        _check_mail(domain)
    return lives_shortly


def _check_mail(domain: str) -> None:
    answer = mx.look(domain)
    if answer == mx.MISSING:
        raise _refusal(_("There is no %(domain)s. Look for a slip in the address.", domain=domain))
    if answer == mx.NULL:
        raise _refusal(_("%(domain)s takes no e-mail. Use another address.", domain=domain))


def _refusal(sentence: str) -> Invalid:
    return Invalid(_("Check the marked fields."), fields={"email": [sentence]})
