"""A database that is away, locked by somebody else, full or read-only: told from a statement that is wrong."""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from leadcapture.errors import Unavailable
from leadcapture.i18n import gettext as _

log = logging.getLogger("leadcapture.db")

# What SQLite cannot do now (https://sqlite.org/rescode.html): BUSY, LOCKED, READONLY, IOERR, FULL, CANTOPEN, PROTOCOL.
SQLITE_AWAY = frozenset({5, 6, 8, 10, 13, 14, 15})
# The same of PostgreSQL, by classes and codes of SQLSTATE (its manual, appendix A): connections; resources and the
# disk; an operator's intervention, as a restart is; the system's own trouble; what was rolled back because of others;
# a standby, which is read-only; a lock that did not come in time.
POSTGRESQL_AWAY = ("08", "53", "57", "58", "40", "25006", "55P03")

SAY_EVERY = 5.0  # seconds between two lines of the log about a database that stays away


@contextmanager
def telling() -> Iterator[None]:
    """What only says that the database is away is told as such; what is wrong with a statement stays what it is."""
    try:
        yield
    except (DBAPIError, PoolTimeout) as error:
        if not is_away(error):
            raise
        reason = _in_one_line(error)
        _say_away(reason)
        raise Unavailable(_("We can't take this right now. Try again in a moment."), reason=reason) from error


def is_away(error: BaseException) -> bool:
    """Whether the error says that the database cannot do anything of the kind now, whatever it is asked."""
    if not isinstance(error, DBAPIError):
        return isinstance(error, PoolTimeout)
    if isinstance(error.orig, sqlite3.Error):
        return getattr(error.orig, "sqlite_errorcode", 0) & 0xFF in SQLITE_AWAY
    state = getattr(error.orig, "sqlstate", None)
    # Without a state nothing came from the server: it was not reached, or the line broke.
    return error.connection_invalidated or (
        isinstance(error, OperationalError | InterfaceError) if state is None else state.startswith(POSTGRESQL_AWAY)
    )


def _in_one_line(error: BaseException) -> str:
    lines = str(getattr(error, "orig", None) or error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


_said_at = -SAY_EVERY


def _say_away(reason: str) -> None:
    global _said_at
    if time.monotonic() - _said_at >= SAY_EVERY:
        _said_at = time.monotonic()
        log.warning("The database cannot be used: %s", reason)
