"""Looks at an installation, or a backup, and says of each part whether it is well, and what to do when it is not."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from leadcapture import settings, signing
from leadcapture.doctor import backups, data, mail, reach
from leadcapture.doctor.findings import Finding, database_trouble
from leadcapture.errors import BadSetting
from leadcapture.settings import Settings

__all__ = ["Finding", "database_trouble", "examine", "examine_backup"]

# In the order a person would mend them.
_PARTS: tuple[Callable[[Settings], Iterator[Finding]], ...] = (
    data.folder,
    data.disk,
    data.database,
    data.redis,
    mail.server,
    mail.names,
    reach.public_url,
)

examine_backup = backups.examine


def examine() -> list[Finding]:
    """Every part's state. Changes nothing."""
    try:
        found = settings.load()
    except BadSetting as error:
        return [Finding("Settings", False, error.message)]
    signing.configure(found.secret_keys)
    findings = [Finding("Settings", True, "can all be read.")]
    for part in _PARTS:
        findings.extend(part(found))
    return findings
