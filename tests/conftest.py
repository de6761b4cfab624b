"""What all tests share. alice and bob belong to the site, charlie is the outsider who must get nothing.

In-process tests run on a fresh, migrated SQLite; tests of the whole run a real `leadcapture serve`.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from jinja2 import FileSystemBytecodeCache
from sqlalchemy import Engine, event, make_url

from leadcapture import clock, db, engines, i18n, ids, ratelimit, signing, tables, uploads
from leadcapture import settings as settings_module
from leadcapture.app import configure, create_app
from leadcapture.demo import operations as demo_operations
from leadcapture.guard import mx
from leadcapture.mail import caps
from leadcapture.operators.models import Membership, Operator
from leadcapture.operators.rules import hash_password
from leadcapture.settings import Settings
from leadcapture.sites.models import Site
from tests.servers import PostgreSQL, Redis, Service

PASSWORD = "correct horse"
SEEDED_AT = datetime(2026, 3, 4, 10, 30, tzinfo=UTC)


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """The environment the service is configured by; tests add to it before they ask for `settings`."""
    return configured(tmp_path / "instance")


def configured(instance: Path) -> dict[str, str]:
    """The environment of an instance folder that signs as all tests do."""
    return {
        "LEADCAPTURE_INSTANCE": str(instance),
        "LEADCAPTURE_SECRET_KEY": "a secret key of the tests",
        # Tests mail the same few people again and again; what the default promises is tested by itself.
        "LEADCAPTURE_MAIL_PER_ADDRESS": "1000/day",
        # Nobody outside is asked whether the domains of our examples take mail.
        "LEADCAPTURE_CHECK_MX": "no",
    }


@pytest.fixture
def settings(environ: dict[str, str]) -> Settings:
    return settings_module.load(environ)


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with every migration run and nothing in it: copying it is faster than migrating for each test."""
    path = tmp_path_factory.mktemp("migrated") / "leadcapture.db"
    tables.upgrade(db.connect(f"sqlite:///{path}").engine)
    db.close()
    return path


@pytest.fixture(scope="session")
def seeded(migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An instance folder with the demo's data as of SEEDED_AT, which takes seconds to make: copy it."""
    settings = settings_module.load(configured(tmp_path_factory.mktemp("seeded")))
    configure_slices(settings)
    shutil.copy(migrated, settings.instance / "leadcapture.db")
    db.connect(settings.database_url)
    db.write(demo_operations.seed, SEEDED_AT, public_url="http://127.0.0.1:8000")
    db.close()
    return settings.instance


def configure_slices(settings: Settings) -> None:
    """What is one for the whole process, for tests that need no application."""
    signing.configure(settings.secret_keys)
    ratelimit.configure(settings)
    caps.configure(settings)
    mx.configure(settings)
    uploads.configure(settings)
    i18n.use("en")


@pytest.fixture
def database(settings: Settings, migrated: Path) -> Iterator[db.Database]:
    """A fresh, migrated database that db.read() and db.write() use."""
    with copied(migrated, settings) as database:
        yield database


@contextmanager
def copied(path: Path, settings: Settings) -> Iterator[db.Database]:
    """A copy of that SQLite file as the database that db.read() and db.write() use."""
    configure_slices(settings)
    shutil.copy(path, settings.instance / "leadcapture.db")
    with shared_engines(settings.database_url):
        yield db.connect(settings.database_url)
        db.close()


# Each engine compiles every statement once, which takes longer than running it. So the tests of a worker share theirs,
# one that reads and one that writes, and only the file beneath is another.
_engines: dict[str, Engine] = {}


@contextmanager
def shared_engines(url: str) -> Iterator[None]:
    """Whoever connects to that SQLite database meanwhile gets the engines of the tests before."""
    make = engines.sqlite

    def engine(wanted: str, *, begin: str) -> Engine:
        if wanted != url:
            return make(wanted, begin=begin)
        if begin not in _engines:
            _engines[begin] = make(url, begin=begin)
            event.listen(_engines[begin], "do_connect", partial(_to_its_file, begin))
        _engines[begin].url = make_url(url)
        return _engines[begin]

    engines.sqlite = engine
    try:
        yield
    finally:
        engines.sqlite = make


def _to_its_file(begin: str, _dialect: Any, _record: Any, arguments: list[Any], _options: Any) -> None:
    arguments[:] = [_engines[begin].url.database]


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> FileSystemBytecodeCache:
    """The templates, compiled once for the applications of all tests."""
    return FileSystemBytecodeCache(str(tmp_path_factory.mktemp("templates")))


# Applications are made of some 140 routes, which takes longer than most tests: one serves all that want the same
# settings. There is never more than one, for the socket server belongs to the newest.
_made: dict[str, Any] = {}


@pytest.fixture
def app(settings: Settings, database: db.Database, compiled: FileSystemBytecodeCache) -> Flask:
    """The whole application in this process, on the fresh database."""
    return application(settings, compiled)


def application(settings: Settings, compiled: FileSystemBytecodeCache) -> Flask:
    """The whole application in this process, by these settings."""
    wanted = {name: value for name, value in settings.values.items() if name != "INSTANCE"}
    if _made.get("settings") != wanted:
        made = create_app(settings, demo=True)
        made.testing = True
        made.jinja_env.bytecode_cache = compiled
        _made.update(settings=wanted, app=made, config=dict(made.config))
    configure(settings)
    app: Flask = _made["app"]
    app.config.clear()
    app.config.update(_made["config"], LEADCAPTURE=settings)
    return app


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def now() -> datetime:
    return SEEDED_AT


@pytest.fixture
def people(database: db.Database, now: datetime) -> SimpleNamespace:
    """site with alice (owner) and bob (operator); other_site with charlie (owner). Everybody's password is PASSWORD."""
    return db.write(add_people, now)


# Hashing a password takes its time on purpose; once is enough.
hashed = cache(hash_password)


def add_people(session, now: datetime) -> SimpleNamespace:
    password_hash = hashed(PASSWORD)
    site = Site(
        key=ids.new("site"),
        name="Demo shop",
        allowed_origins=["https://shop.example.org"],
        privacy_url="https://shop.example.org/privacy",
        sender_name="Demo shop",
        sender_email="hello@shop.example.org",
        recipient_email="alice@example.org",
        recipient_verified_at=now,
        created_at=now,
        updated_at=now,
    )
    other = Site(
        key=ids.new("site"),
        name="Other shop",
        allowed_origins=["https://other.example.org"],
        created_at=now,
        updated_at=now,
    )
    session.add_all([site, other])
    session.flush()
    everybody = SimpleNamespace(site=site, other_site=other, password=PASSWORD)
    for name, where, role in (("alice", site, "owner"), ("bob", site, "operator"), ("charlie", other, "owner")):
        operator = Operator(
            public_id=ids.new("operator"),
            email=f"{name}@example.org",
            email_key=f"{name}@example.org",
            name=name.capitalize(),
            password_hash=password_hash,
            created_at=now,
        )
        session.add(operator)
        session.flush()
        session.add(Membership(operator_id=operator.id, site_id=where.id, role=role))
        setattr(everybody, name, operator)
    return everybody


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """A real `leadcapture serve` with the demo's data, on a free port, delivering to a real SMTP server."""
    with Service(tmp_path / "service") as service:
        service.seed_demo()
        service.start()
        yield service


@pytest.fixture
def make_service(tmp_path: Path) -> Iterator[Callable[..., Service]]:
    """Makes services that are not started yet, with settings of the test's own (names without the prefix)."""
    made: list[Service] = []

    def make(**settings: str) -> Service:
        service = Service(tmp_path / f"service{len(made)}", **settings)
        made.append(service)
        return service.__enter__()

    yield make
    for service in made:
        service.__exit__(None, None, None)


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[PostgreSQL]:
    """A real PostgreSQL for this worker; ask `postgresql_url` for a database of your own in it."""
    with PostgreSQL() as server:
        yield server


@pytest.fixture
def postgresql_url(postgresql_server: PostgreSQL) -> str:
    """The SQLAlchemy URL of a fresh, empty PostgreSQL database."""
    return postgresql_server.new_database()


@pytest.fixture(scope="session")
def migrated_postgresql(postgresql_server: PostgreSQL) -> str:
    """The URL of a migrated PostgreSQL database that tests have one after the other: to empty it is faster than to make
    one for each."""
    url = postgresql_server.new_database()
    tables.upgrade(db.connect(url).engine)
    db.close()
    return url


@pytest.fixture
def postgresql(migrated_postgresql: str, settings: Settings) -> Iterator[db.Database]:
    """As `database`, on PostgreSQL."""
    configure_slices(settings)
    database = db.connect(migrated_postgresql)
    with database.engine.begin() as connection:
        # As a replica does: without looking at what refers to what, and without triggers.
        connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        for table in tables.metadata.sorted_tables:
            connection.exec_driver_sql(f"DELETE FROM {table.name}")
    yield database
    db.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def either_database(request: pytest.FixtureRequest) -> db.Database:
    """Runs the test twice: on SQLite and on PostgreSQL."""
    return request.getfixturevalue("database" if request.param == "sqlite" else "postgresql")


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redis]:
    with Redis(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
def real_now() -> datetime:
    return clock.now()
