"""E-mail addresses: checked, kept as typed, compared by a normalised form."""

from __future__ import annotations

from dataclasses import dataclass

from email_validator import EmailNotValidError, validate_email

from leadcapture.errors import Invalid
from leadcapture.i18n import gettext as _


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
    try:
        checked = validate_email(text.strip(), check_deliverability=False, allow_smtputf8=True)
    except EmailNotValidError as error:
        raise Invalid(
            _("This does not look like an e-mail address."),
            fields={"email": [_("This does not look like an e-mail address.")]},
        ) from error
    return Address(typed=checked.normalized, key=f"{checked.local_part.casefold()}@{checked.ascii_domain.casefold()}")
