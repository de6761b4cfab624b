"""Bringing back a backup: unpacked and verified beside what is there, heeding what that knows, and swapped in at the
end. What was there is kept; until the end nothing of it is touched but read.
"""

from __future__ import annotations

import os
import secrets
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine, ExceptionContext, create_engine, event, text
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

import leadcapture.hooks  # noqa: F401 whoever withdraws or is erased here is so everywhere
from leadcapture import db, signing, tables, uploads
from leadcapture import settings as settings_module
from leadcapture.backup import archive, aside, carrying, lock, operations, snapshots, swapping
from leadcapture.backup.archive import BadArchive, Manifest
from leadcapture.backup.carrying import Carried
from leadcapture.backup.operations import Progress
from leadcapture.backup.working import at_work
from leadcapture.consent import verifying
from leadcapture.errors import Conflict
from leadcapture.forms import kinds
from leadcapture.mail import caps, restored, transports
from leadcapture.mail.restored import Outcome
from leadcapture.settings import Settings
from leadcapture.sites import queries as sites

STAGING, KEPT = "restoring-", "before-restore-"
_REVISION = "alembic_version"


@dataclass(frozen=True)
class Restored:
    """What came of it: the backup's manifest, its mails, what was taken over from the former database (None: it could
    not be read, or there was none), what is wrong with the ledger, and where the former data is."""

    manifest: Manifest
    mails: Outcome
    carried: Carried | None
    ledger: list[str]
    kept: str | None


def restore(settings: Settings, now: datetime, file: Path, progress: Progress = lambda *_: None) -> Restored:
    """Replace all data by that of the backup. Raises BadArchive or Conflict with a sentence; then all is as it was."""
    stamp = f"{now:%Y%m%dT%H%M%SZ}"
    try:
        with at_work(settings.instance, STAGING) as staged:
            size = file.stat().st_size
            manifest = archive.read(file, staged, lambda read: progress("Archive", read, size))
            settings = _configured(settings, staged)
            with lock.alone(settings):
                swapping.finish(settings)
                _check(settings, manifest, staged / archive.DATABASES[manifest.database])
                _take_keys(settings, staged, manifest)
                kinds.use_folder(settings.form_kinds)
                onto = _onto_sqlite if manifest.database == "sqlite" else _onto_postgresql
                return onto(settings, now, staged, manifest, stamp)
    except OSError as error:
        raise Conflict(f"The backup cannot be restored: {error.strerror or error}.") from error


def _onto_sqlite(settings: Settings, now: datetime, staged: Path, manifest: Manifest, stamp: str) -> Restored:
    here = lock.database_file(settings)
    if here is None:
        raise RuntimeError("this is for SQLite")
    with _beside(staged / archive.SQLITE, here) as coming:
        engine = create_engine(f"sqlite:///{coming}", poolclass=NullPool)
        with engine.begin() as connection:
            restored.hold(connection, now)
        former = _former(f"sqlite:///{here}") if here.exists() else None
        outcome = _heeding(settings, f"sqlite:///{coming}", now, manifest, former)
        _emptied_log(here)
        kept = here.parent / f"{KEPT}{stamp}"
        swapping.swap(
            settings,
            [
                *((here.with_name(here.name + end), kept / (here.name + end)) for end in ("", "-wal", "-shm")),
                (coming, here),
                *_file_moves(settings, staged, stamp),
            ],
        )
    return replace(outcome, kept=str(kept) if former else None)


def _onto_postgresql(settings: Settings, now: datetime, staged: Path, manifest: Manifest, stamp: str) -> Restored:
    program = snapshots.program_of("pg_restore")
    engine = create_engine(settings.database_url, poolclass=NullPool)
    with engine.begin() as connection:
        schema = aside.put(connection, now)
    try:
        dump, wanted = staged / archive.POSTGRESQL, staged / "contents"
        snapshots.run([program, "--list", f"--file={wanted}", str(dump)])
        # The row that says which migration this is comes last, together with the holding of the mails: until it is
        # there, no service starts on these tables.
        contents = wanted.read_text(encoding="utf-8").splitlines(keepends=True)
        wanted.write_text("".join(line for line in contents if " TABLE DATA " not in line or _REVISION not in line))
        snapshots.run(
            [program, "--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges", "--no-comments"],
            f"--use-list={wanted}",
            str(dump),
            on=settings.database_url,
        )
    except BaseException:
        with engine.begin() as connection:
            if schema is not None:
                aside.bring_back(connection, schema)
        raise
    with engine.begin() as connection:
        restored.hold(connection, now)
        connection.execute(text(f"INSERT INTO {_REVISION} VALUES (:revision)"), {"revision": manifest.revision})  # noqa: S608 our own word
    former = _former(settings.database_url, schema) if schema else None
    outcome = _heeding(settings, settings.database_url, now, manifest, former)
    swapping.swap(settings, list(_file_moves(settings, staged, stamp)))
    return replace(outcome, kept=None if schema is None else f"the schema {schema}")


def _heeding(settings: Settings, url: str, now: datetime, manifest: Manifest, former: Engine | None) -> Restored:
    """Bring the restored database up to this version and have it heed what the former one knows."""
    transports.configure(smtp_url=settings.smtp_url, public_url=settings.public_url)
    caps.configure(settings)
    uploads.configure(settings)
    tables.upgrade(db.connect(url).engine)
    try:
        try:
            if former is None:
                raise _Unreadable
            with Session(former) as reading:
                mails, carried = db.write(_taken_over, now, reading)
                _catch_up(now, reading)
        except _Unreadable:
            mails, carried = db.write(restored.recognise, None), None
            _catch_up(now, None)
        with db.read() as session:
            troubles = [f"every site: {trouble}" for trouble in verifying.structure(session)]
            every = [(site.id, site.key) for site in sites.every(session)]
        for site_id, key in every:
            with db.read() as session:
                troubles += [f"{key}: {trouble}" for trouble in verifying.verify(session, site_id)]
    finally:
        db.close()
    return Restored(manifest, mails, carried, troubles, kept=None)


def _taken_over(session: Session, now: datetime, former: Session) -> tuple[Outcome, Carried]:
    carried = carrying.carry(session, now, former)
    return restored.recognise(session, former), carried


def _catch_up(now: datetime, former: Session | None) -> None:
    """What fell due since the backup was made, such as reminders, is written now, while nothing is sent: so it can be
    held against what was sent already."""
    with db.read() as session:
        newest = restored.newest(session)
    kinds.run_due(now)
    db.write(restored.recognise_repeats, former, after=newest)


class _Unreadable(Exception):
    """There is no former database, or nothing can be read out of it."""


def _former(url: str, schema: str | None = None) -> Engine:
    """The former database, or that schema of it. It may be why somebody restores: whatever it fails at means that it
    cannot be read."""
    engine = create_engine(url, poolclass=NullPool, execution_options={"schema_translate_map": {None: schema}})

    @event.listens_for(engine, "handle_error")
    def _fail(context: ExceptionContext) -> None:
        raise _Unreadable from context.original_exception

    return engine


# ---- the files ------------------------------------------------------------------------------------------------------


@contextmanager
def _beside(staged: Path, here: Path) -> Iterator[Path]:
    """The staged database in the folder that it is to lie in: a rename never crosses from one disk to another."""
    if staged.parent.parent == here.parent:
        yield staged
        return
    coming = here.with_name(f"{STAGING}{secrets.token_hex(6)}")
    shutil.move(staged, coming)
    try:
        yield coming
    finally:
        coming.unlink(missing_ok=True)


def _file_moves(settings: Settings, staged: Path, stamp: str) -> Iterator[swapping.Move]:
    """Uploads and key take the place of what is there. What sets this machine up stays, where there is any."""
    instance, kept = settings.instance, settings.instance / f"{KEPT}{stamp}"
    (staged / "uploads").mkdir(mode=0o700, exist_ok=True)
    os.sync()  # thousands of small files: the disk is asked once for all of them
    yield instance / "uploads", kept / "uploads"
    yield staged / "uploads", instance / "uploads"
    if (staged / "secret_key").exists():
        yield instance / "secret_key", kept / "secret_key"
        yield staged / "secret_key", instance / "secret_key"
    with suppress(FileNotFoundError):
        for key in sorted((staged / "dkim").iterdir()):
            yield key, instance / "dkim" / key.name


def _configured(settings: Settings, staged: Path) -> Settings:
    """The settings with the backup's config.toml where there is none yet; one that is there stays."""
    coming, here = staged / "config.toml", settings.instance / "config.toml"
    if not coming.exists() or here.exists():
        return settings
    shutil.copy(coming, here)
    here.chmod(0o600)
    return settings_module.load()


def _take_keys(settings: Settings, staged: Path, manifest: Manifest) -> None:
    """Sign and verify with the backup's secret key from now on, and with those of this folder; written down where they
    are kept in a file. Raises Conflict where the backup's is not at hand."""
    keys = list(settings.secret_keys)
    here, coming = settings.instance / "secret_key", staged / "secret_key"
    in_file = here.exists() and here.read_text(encoding="ascii").strip() == settings.values["SECRET_KEY"]
    if coming.exists() and in_file:
        known = [key.strip() for key in coming.read_text(encoding="ascii", errors="replace").split(",") if key.strip()]
        # Links and erasures of the time since were signed with the key of this folder: it goes on to count.
        keys = [*known, *(key for key in keys if key not in known)]
        coming.write_text(",".join(keys), encoding="ascii")
    elif coming.exists():
        coming.unlink()
    signing.configure(keys)
    if manifest.keys and manifest.keys[0] not in operations.fingerprints():
        raise Conflict(
            "This backup was made under another secret key, which is not in it: set LEADCAPTURE_SECRET_KEY to that "
            "key (several, with commas between them, count too) and try again."
        )


# ---- the databases --------------------------------------------------------------------------------------------------


def _check(settings: Settings, manifest: Manifest, database: Path) -> None:
    wanted = "sqlite" if lock.database_file(settings) else "postgresql"
    if manifest.database != wanted:
        names = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
        raise Conflict(
            f"This backup is of a {names[manifest.database]} database, and LEADCAPTURE_DATABASE_URL names "
            f"{names[wanted]}: set it to one of the same kind."
        )
    from alembic.script import ScriptDirectory  # here, because it takes long and starting must not

    known = ScriptDirectory(str(tables.MIGRATIONS))
    if manifest.revision not in {script.revision for script in known.walk_revisions()}:
        raise Conflict("This backup was made by a later version of LeadCapture: restore it with that one.")
    if wanted == "sqlite":
        check_sqlite(database)


def check_sqlite(path: Path) -> None:
    """Raises BadArchive where the file is no database, or a damaged one."""
    with closing(sqlite3.connect(path)) as connection:
        # What a trigger or view of a made-up database would do is not done before it is known to be ours.
        connection.execute("PRAGMA trusted_schema = OFF")
        try:
            said = [str(row[0]) for row in connection.execute("PRAGMA quick_check(3)")]
        except sqlite3.DatabaseError as error:
            said = [str(error)]
    if said != ["ok"]:
        raise BadArchive(f"The database in this backup is damaged: {said[0]}")


def _emptied_log(path: Path) -> None:
    """Have everything in the former database's file itself. One that is broken is kept as it is."""
    if path.exists():
        with suppress(sqlite3.Error), closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
