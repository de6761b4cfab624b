"""Pure decisions about operators: who may do what, which passwords will do, where a sign-in may lead to."""

from __future__ import annotations

from functools import cache
from urllib.parse import urlsplit

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from leadcapture.errors import Invalid
from leadcapture.i18n import gettext as _

ROLES = ("operator", "admin", "owner")  # each may do what those before it may
SHORTEST_PASSWORD = 10
LONGEST_PASSWORD = 200  # hashing is work: nobody may ask for a megabyte of it

_hasher = PasswordHasher()  # argon2id with the parameters of RFC 9106 for little memory


def reaches(role: str, needed: str) -> bool:
    """Whether a role is at least the needed one."""
    return role in ROLES and ROLES.index(role) >= ROLES.index(needed)


def may_manage(role: str, other: str) -> bool:
    """Whether someone of `role` may give, change or take away the role `other`: owners any, admins an operator's."""
    return role == "owner" or (role == "admin" and other == "operator")


def check_password(password: str, email_key: str) -> None:
    """Raises Invalid, with a sentence at `password`, for a password that is too easily guessed or too long to hash."""
    if len(password) < SHORTEST_PASSWORD:
        sentence = _("Use at least %(count)d characters.", count=SHORTEST_PASSWORD)
    elif len(password) > LONGEST_PASSWORD:
        sentence = _("Use at most %(count)d characters.", count=LONGEST_PASSWORD)
    elif password.strip().casefold() == email_key:
        sentence = _("Use something else than your e-mail address.")
    elif len(set(password)) < 4:
        sentence = _("Use more than a few different characters.")
    else:
        return
    raise Invalid(sentence, code="weak_password", fields={"password": [sentence]})


def local_console_path(wanted: str | None) -> str:
    """`wanted` where it is a path of the console on this very server, else the console's first page.

    A link to the sign-in page must not be able to send people elsewhere after it.
    """
    home = "/console/"
    if not wanted or not wanted.startswith(home) or "\\" in wanted or not wanted.isprintable():
        return home
    parts = urlsplit(wanted)
    return home if parts.scheme or parts.netloc or "//" in parts.path or ".." in parts.path else wanted


def hash_password(password: str) -> str:
    """The argon2id hash to store. Takes some 50 ms and 64 MiB."""
    return _hasher.hash(password)


def password_matches(stored: str | None, password: str) -> bool:
    """Whether this is the password of that hash; as slow as hashing, so edges call it in a native thread.

    Without a hash the same work is done and the answer is no: the time it takes must not tell which accounts exist.
    """
    try:
        return _hasher.verify(stored or _hash_of_nobody(), password) and stored is not None
    except (VerificationError, InvalidHashError):
        return False


def hash_outdated(stored: str) -> bool:
    """Whether the hash was made with other parameters than those of today."""
    return _hasher.check_needs_rehash(stored)


@cache
def _hash_of_nobody() -> str:
    return hash_password("nobody has this password")
