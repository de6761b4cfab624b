"""A backup, looked at before it is needed."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from leadcapture import clock, db, signing, tables
from leadcapture import settings as settings_module
from leadcapture.backup import archive, operations, restoring, snapshots
from leadcapture.backup.archive import Manifest
from leadcapture.backup.working import at_work
from leadcapture.consent import verifying
from leadcapture.doctor.findings import Finding
from leadcapture.errors import LeadCaptureError
from leadcapture.settings import Settings
from leadcapture.sites import queries as sites

OLD = 7  # days


def examine(file: Path) -> list[Finding]:
    """What is to be said of the backup in this file: whether all of it is there, and can be brought back. Changes
    nothing; needs room beside it to unpack it for a moment."""
    try:
        settings = settings_module.load()
        with at_work(file.absolute().parent, restoring.STAGING) as unpacked:
            return list(_look(settings, file, unpacked))
    except LeadCaptureError as error:
        return [Finding("Backup", False, f"{error.message} Make a new one.")]
    except OSError as error:
        return [Finding("Backup", False, f"{file} cannot be looked into: {error.strerror or error}.")]


def _look(settings: Settings, file: Path, unpacked: Path) -> Iterator[Finding]:
    manifest = archive.read(file, unpacked)
    age = clock.now() - manifest.made_at
    yield Finding(
        "Backup",
        age.days < OLD,
        f"whole, made {manifest.made_at:%Y-%m-%d %H:%M} UTC by version {manifest.program}, "
        + (f"{len(manifest.files):,} files." if age.days < OLD else f"{age.days} days ago: make a new one."),
    )
    if file.stat().st_mode & 0o077:
        yield Finding("Permissions", False, f"others can read people's data in it: run chmod 600 {file}")
    yield _key(settings, manifest, unpacked / "secret_key")
    yield from _database(manifest, unpacked)


def _key(settings: Settings, manifest: Manifest, key: Path) -> Finding:
    inside = key.read_text(encoding="ascii", errors="replace").split(",") if key.exists() else []
    signing.configure([*(one.strip() for one in inside if one.strip()), *settings.secret_keys])
    if not manifest.keys or manifest.keys[0] in operations.fingerprints():
        return Finding("Secret key", True, "in it." if inside else "not in it, but LEADCAPTURE_SECRET_KEY is that key.")
    return Finding(
        "Secret key", False, "neither in it nor here: keep LEADCAPTURE_SECRET_KEY, or nothing of it verifies."
    )


def _database(manifest: Manifest, unpacked: Path) -> Iterator[Finding]:
    path = unpacked / archive.DATABASES[manifest.database]
    if manifest.database == "postgresql":
        snapshots.run([snapshots.program_of("pg_restore"), "--list", "--file=/dev/null", str(path)])
        yield Finding("Database", True, "pg_restore can read it.")
        return
    restoring.check_sqlite(path)
    with closing(sqlite3.connect(path)) as connection:
        counts = {
            table: connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608 names of our own
            for table in snapshots.COUNTED
        }
    if counts != manifest.counts:
        yield Finding("Database", False, "there are not the rows in it that the manifest counts. Make a new one.")
        return
    yield Finding("Database", True, ", ".join(f"{number:,} {table}" for table, number in counts.items() if number))
    yield _ledger(path)


def _ledger(path: Path) -> Finding:
    try:
        tables.upgrade(db.connect(f"sqlite:///{path}").engine)
        with db.read() as session:
            every = [site.id for site in sites.every(session)]
        troubles = []
        for site_id in every:
            with db.read() as session:
                troubles += verifying.verify(session, site_id)
    finally:
        db.close()
    if troubles:
        return Finding("Ledger", False, f"is not what was written: {len(troubles)} findings, the first: {troubles[0]}")
    return Finding("Ledger", True, "is what was written.")
