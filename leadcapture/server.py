"""Runs the application under gunicorn, the one server, with one command and without a configuration file."""

from __future__ import annotations

from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication

from leadcapture import db, jobs, tables
from leadcapture.app import create_app
from leadcapture.mail import delivery
from leadcapture.settings import Settings


def serve(settings: Settings, *, with_jobs: bool, demo: bool = False) -> None:
    """Migrate where that is ours to do, then serve until a signal ends the process."""
    prepare_database(settings)
    # Connections must not cross the fork into the worker processes.
    db.close()
    _Server(settings, with_jobs=with_jobs, demo=demo).run()  # type: ignore[no-untyped-call]  # gunicorn has no types


def prepare_database(settings: Settings) -> None:
    """Connect; an SQLite database is migrated at once, a PostgreSQL one only by `leadcapture db upgrade`."""
    database = db.connect(settings.database_url)
    if database.sqlite:
        tables.upgrade(database.engine)


class _Server(BaseApplication):
    def __init__(self, settings: Settings, *, with_jobs: bool, demo: bool) -> None:
        self._settings = settings
        self._with_jobs = with_jobs
        self._demo = demo
        super().__init__()  # type: ignore[no-untyped-call]  # gunicorn brings few types

    def load_config(self) -> None:
        options: dict[str, Any] = {
            "bind": f"{self._settings.host}:{self._settings.port}",
            "workers": self._settings.workers,
            "worker_class": "gevent",
            "worker_connections": 20_000,  # caps open sockets of a process
            "backlog": 2048,
            "keepalive": 30,
            "timeout": 60,
            "graceful_timeout": 10,
            "loglevel": self._settings.log_level.lower(),
            "control_socket_disable": True,
            "forwarded_allow_ips": "127.0.0.1,::1",
            "proc_name": "leadcapture",
            # A mail whose answer is awaited when the process ends would be ambiguous for ever.
            "worker_exit": lambda _server, _worker: delivery.finish(5),
        }
        for name, value in options.items():
            self.cfg.set(name, value)  # type: ignore[union-attr]  # load_default_config made it

    def load(self) -> Flask:
        app = create_app(self._settings, demo=self._demo)
        jobs.start(live=True, rest=self._with_jobs)
        return app
