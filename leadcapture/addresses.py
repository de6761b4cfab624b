"""E-mail addresses: checked, kept as typed, compared by a normalised form; and the mailbox that many of them share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from email_validator import EmailNotValidError, validate_email

from leadcapture.errors import Invalid
from leadcapture.i18n import gettext as _

LONGEST = 320  # characters: 64 of a local part and 255 of a domain (RFC 5321 4.5.3.1), and the sign between


@dataclass(frozen=True)
class Address:
    """`typed` is what we write to; `key` is what two spellings of one address have in common."""

    typed: str
    key: str


def parse(text: str) -> Address:
    """The address in `text`. Raises Invalid with a sentence for a person; asks no network.

    The key is case-folded, in Unicode NFC, its domain in IDNA's ASCII form (RFC 5321 leaves the case of the local part
    to the receiver; no provider of note tells cases apart).
    """
    text = text.strip()
    try:
        if len(text) > LONGEST:
            raise EmailNotValidError("too long")  # to find that out takes the library half a second
        checked = validate_email(text, check_deliverability=False, allow_smtputf8=True)
    except EmailNotValidError as error:
        raise Invalid(
            _("This does not look like an e-mail address."),
            fields={"email": [_("This does not look like an e-mail address.")]},
        ) from error
    return Address(typed=checked.normalized, key=f"{checked.local_part.casefold()}@{checked.ascii_domain.casefold()}")


# ---- one mailbox under many addresses -------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Provider:
    """How a provider reads the local part, and the domain that stands for all of its."""

    domain: str
    local: Callable[[str], str] = str


# What the providers say of themselves:
# - Gmail: dots do not matter, googlemail.com is gmail.com (support.google.com/mail/answer/7436150 and /10313);
# - Proton: dots, hyphens and underscores do not matter, and a name is one person's under all its domains
#   (proton.me/support/addresses-and-aliases);
# - iCloud: who had a name at mac.com or me.com has it at icloud.com (support.apple.com/en-us/102525);
# - Yandex: a name is one person's under all its domains, a dot is as good as a hyphen (yandex.com/support/id);
# - Yahoo: what follows a hyphen is a keyword of a disposable address (help.yahoo.com/kb/SLN28815.html).
_GMAIL = _Provider("gmail.com", lambda local: local.replace(".", ""))
_PROTON = _Provider("proton.me", lambda local: local.replace(".", "").replace("-", "").replace("_", ""))
_ICLOUD = _Provider("icloud.com")
_YANDEX = _Provider("yandex.com", lambda local: local.replace(".", "-"))
_PROVIDERS = (
    dict.fromkeys(("gmail.com", "googlemail.com"), _GMAIL)
    | dict.fromkeys(("proton.me", "protonmail.com", "protonmail.ch", "pm.me"), _PROTON)
    | dict.fromkeys(("icloud.com", "me.com", "mac.com"), _ICLOUD)
    | dict.fromkeys(("ya.ru", *(f"yandex.{end}" for end in ("com", "ru", "by", "kz", "ua", "uz", "com.tr"))), _YANDEX)
    | {
        domain: _Provider(domain, lambda local: local.partition("-")[0] or local)
        for domain in ("yahoo.com", "ymail.com", "rocketmail.com", *(f"yahoo.{end}" for end in ("de", "fr", "co.uk")))
    }
)
# Whatever is written to anything@NAME.fastmail.com arrives at NAME@fastmail.com
# (www.fastmail.help/hc/en-us/articles/360060591053).
_NAME_IN_DOMAIN = ("fastmail.com", "fastmail.fm")


def mailbox(address: Address | str) -> str:
    """The mailbox that the address leads to, as far as that shows: without what follows a plus sign (RFC 5233), and as
    the large providers read their own. Asks no network.

    To count by, never to write to and never to take two contacts for one. An address that is none counts as it is.
    """
    key = address.key if isinstance(address, Address) else _key(address)
    local, _at, domain = key.rpartition("@")
    local = local.partition("+")[0] or local
    for end in _NAME_IN_DOMAIN:
        if domain.endswith(f".{end}"):
            local, domain = domain.removesuffix(f".{end}").rpartition(".")[2], end
    provider = _PROVIDERS.get(domain)
    if provider is None:
        return f"{local}@{domain}"
    return f"{provider.local(local) or local}@{provider.domain}"


def _key(text: str) -> str:
    try:
        return parse(text).key
    except Invalid:
        return text.strip().casefold()
