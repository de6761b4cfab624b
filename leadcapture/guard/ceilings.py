"""How many may come in: from one address, from the network around it, to one site. Each is counted from the narrow to
the wide, so that one who is too many already counts for nobody else."""

from __future__ import annotations

from leadcapture import networks, ratelimit
from leadcapture.ratelimit import Wanted

# How much wider RATE_CONNECT is for a network, and for a site with all its visitors.
CONNECT_NETWORK, CONNECT_SITE = 5, 20
# And RATE_UPLOAD, which is one visitor's, for an address and for a network.
UPLOAD_ADDRESS, UPLOAD_NETWORK = 5, 25
# Who presses the button of a mailed link has a signed token: this only bounds what one machine may ask of us.
LINKS = 10


def form(ip: str, site: str, *, proven: bool) -> None:
    """Count one more submission to the site with that key; `proven` where it brings a proof of work.

    Raises RateLimited, as all of these do.
    """
    ratelimit.hit_each(
        Wanted("RATE_FORM" if proven else "RATE_FORM_PLAIN", (networks.address(ip),)),
        Wanted("RATE_FORM_NETWORK", (networks.network(ip),)),
        Wanted("RATE_FORM_SITE", (site,)),
    )


def plain(ip: str) -> None:
    """Count one more of what costs us as much as a submission: a mail to a new address, a document to be drawn."""
    ratelimit.hit_each(
        Wanted("RATE_FORM_PLAIN", ("more", networks.address(ip))),
        Wanted("RATE_FORM_NETWORK", ("more", networks.network(ip))),
    )


def after_form(ip: str) -> None:
    """Count one more of what follows on a submission: a code typed, a mail asked for again."""
    ratelimit.hit_each(
        Wanted("RATE_FORM", ("after", networks.address(ip))),
        Wanted("RATE_FORM_NETWORK", ("after", networks.network(ip))),
    )


def link(ip: str) -> None:
    """Count one more press of the button on a page that a mailed link opens."""
    ratelimit.hit_each(
        Wanted("RATE_FORM", ("link", networks.address(ip)), LINKS),
        Wanted("RATE_FORM_NETWORK", ("link", networks.network(ip)), LINKS),
    )


def connection(ip: str, site: str) -> None:
    """Count one more connection of a visitor, or visitor who is new, to the chat of the site with that key."""
    _connect("connection", ip, site)


def conversation(ip: str, site: str) -> None:
    """Count one more conversation that somebody begins at the site with that key."""
    _connect("conversation", ip, site)


def operator(ip: str) -> None:
    """Count one more connection of an operator."""
    ratelimit.hit("RATE_CONNECT", "operator", networks.address(ip))


def upload(ip: str) -> None:
    """Count one more file that a visitor is about to bring."""
    ratelimit.hit_each(
        Wanted("RATE_UPLOAD", (networks.address(ip),), UPLOAD_ADDRESS),
        Wanted("RATE_UPLOAD", ("network", networks.network(ip)), UPLOAD_NETWORK),
    )


def _connect(what: str, ip: str, site: str) -> None:
    ratelimit.hit_each(
        Wanted("RATE_CONNECT", (what, networks.address(ip))),
        Wanted("RATE_CONNECT", (what, "network", networks.network(ip)), CONNECT_NETWORK),
        Wanted("RATE_CONNECT", (what, "site", site), CONNECT_SITE),
    )
