"""Mail: whether the server lets us in, and whether receivers find in the DNS that it may send for us (SPF, RFC 7208;
DKIM, RFC 6376; DMARC, RFC 7489) and where answers go (MX, RFC 5321)."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from leadcapture import db
from leadcapture.doctor.findings import Finding
from leadcapture.errors import LeadCaptureError
from leadcapture.guard import mx
from leadcapture.mail import dkim, rules, transports
from leadcapture.settings import Settings
from leadcapture.sites.models import Site

PATIENCE = 4.0  # seconds for one question


class _NoAnswer(Exception):
    """No DNS server said anything of use."""


def server(settings: Settings) -> Iterator[Finding]:
    """The mail server."""
    if not settings.smtp_url:
        yield Finding("Mail", True, "no LEADCAPTURE_SMTP_URL: mails stay in the outbox, readable in the console.")
        return
    try:
        transports.configure(smtp_url=settings.smtp_url, public_url=settings.public_url)
        connection = transports.Connection(transports.Server.parse(settings.smtp_url))
        connection.open()
        connection.drop()
        yield Finding("Mail", True, "the server lets us in.")
    except LeadCaptureError as error:
        yield Finding("Mail", False, f"{error.message} Look at LEADCAPTURE_SMTP_URL.")


def names(settings: Settings) -> Iterator[Finding]:
    """What the DNS says of each domain that mails come from."""
    if not settings.smtp_url:
        return
    if not settings.check_mx:
        yield Finding("DNS", True, "not asked, for LEADCAPTURE_CHECK_MX is no.")
        return
    mx.configure(settings)
    keys = dkim.load(settings.instance / "dkim")
    for domain in _domains(settings):
        if mx.reserved(domain):
            yield Finding("DNS", True, f"{domain} is made up for examples: not asked.")
            continue
        try:
            yield from (_spf(domain), *_dkim(domain, keys.get(domain, ())), _dmarc(domain), _mx(domain))
        except _NoAnswer as error:
            yield Finding("DNS", False, f"nobody answers about {domain} ({error}): look at LEADCAPTURE_NAMESERVERS.")


def _domains(settings: Settings) -> list[str]:
    try:
        with db.read() as session:
            senders = session.scalars(select(Site.sender_email)).all()
    except (DBAPIError, RuntimeError, LeadCaptureError):
        senders = [None]
    fallback = rules.fallback_sender(settings.public_url)
    addresses = {rules.ascii_address(sender or fallback) for sender in senders}
    return sorted({address.rpartition("@")[2].lower() for address in addresses})


def _spf(domain: str) -> Finding:
    part = f"SPF of {domain}"
    found = [record for record in _texts(domain) if record.lower().split(" ")[0] == "v=spf1"]
    if not found:
        return Finding(
            part,
            False,
            f'receivers may take our mails for forged: publish a TXT record at {domain}, such as "v=spf1 '
            'include:YOUR-MAIL-SERVICE -all" or "v=spf1 ip4:ADDRESS-OF-YOUR-MAIL-SERVER -all".',
        )
    if len(found) > 1:
        return Finding(part, False, "there are several records, so none of them counts: join them into one.")
    if "+all" in found[0].lower().split() or "all" in found[0].lower().split():
        return Finding(part, False, "it lets everybody send in this name: end it with -all.")
    return Finding(part, True, "is published.")


def _dkim(domain: str, keys: tuple[dkim.Key, ...]) -> Iterator[Finding]:
    if not keys:
        yield Finding(
            f"DKIM of {domain}",
            True,
            f"not signed here; unless your mail server signs, run `leadcapture dkim add {domain}`.",
        )
    for key in keys:
        part = f"DKIM key {key.selector} of {domain}"
        published = [_tags(record) for record in _texts(key.record_name)]
        wanted = _tags(key.record_value)
        if any(tags.get("p") == wanted["p"] and tags.get("k", "rsa") == wanted["k"] for tags in published):
            yield Finding(part, True, "is published.")
        else:
            what = "another key is published" if published else "is not published"
            yield Finding(
                part, False, f"{what} at {key.record_name}: `leadcapture dkim show {domain}` prints the record."
            )


def _tags(record: str) -> dict[str, str]:
    parts = (tag.partition("=") for tag in record.split(";"))
    return {name.strip().lower(): "".join(value.split()) for name, _equals, value in parts if name.strip()}


def _dmarc(domain: str) -> Finding:
    labels = domain.split(".")
    # The domain itself, else what it is a part of: with no list of public suffixes at hand, each above it but the top.
    for at in range(max(1, len(labels) - 1)):
        above = ".".join(labels[at:])
        if any(record.lower().replace(" ", "").startswith("v=dmarc1") for record in _texts(f"_dmarc.{above}")):
            return Finding(f"DMARC of {domain}", True, "is published.")
    return Finding(
        f"DMARC of {domain}",
        False,
        f'publish a TXT record at _dmarc.{domain}, such as "v=DMARC1; p=none; rua=mailto:you@{domain}": large '
        "receivers ask for one.",
    )


def _mx(domain: str) -> Finding:
    answers = [record.split()[-1] for record in _ask(domain, "MX")]
    if answers == ["."]:
        return Finding(f"MX of {domain}", False, "it says that it takes no mail: answers to our mails are lost.")
    if not answers and not _ask(domain, "A") and not _ask(domain, "AAAA"):
        return Finding(
            f"MX of {domain}", False, "nothing takes mail there: answers to our mails are lost, and many refuse them."
        )
    return Finding(f"MX of {domain}", True, "takes answers.")


def _texts(name: str) -> list[str]:
    # A record comes in strings of 255 bytes, which are put together without anything between (RFC 7208, 3.3).
    return [record.replace('" "', "").strip('"') for record in _ask(name, "TXT")]


def _ask(name: str, kind: str) -> list[str]:
    import dns.resolver  # here, because it takes long and starting must not

    try:
        found = mx.resolver().resolve(f"{name}.", kind, lifetime=PATIENCE, raise_on_no_answer=False, search=False)
    except dns.resolver.NXDOMAIN:
        return []
    except (dns.exception.DNSException, OSError, ValueError) as error:
        raise _NoAnswer(type(error).__name__) from error
    return [record.to_text() for record in found.rrset or ()]
