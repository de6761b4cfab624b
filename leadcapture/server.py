"""Runs the application under gunicorn, the one server, with one command and without a configuration file."""

from __future__ import annotations

import gc
import sys
import time
from typing import TYPE_CHECKING, Any

import gevent
from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger
from gunicorn.workers.ggevent import GeventWorker

from leadcapture import db, jobs, metrics, socketio, tables
from leadcapture.app import create_app
from leadcapture.mail import delivery
from leadcapture.settings import Settings

if TYPE_CHECKING:
    from flask import Flask

HEAD_WITHIN = 30  # seconds that the head of a request may take to come, from the end of the one before
SILENT_FOR = 60.0  # seconds that a connection may send nothing, or take nothing, where something is awaited of it
SLOWEST = 4_000  # bytes a second, at which a body must come in after its first SILENT_FOR seconds


def serve(settings: Settings, *, with_jobs: bool, demo: bool = False) -> None:
    """Migrate where that is ours to do, then serve until a signal ends the process."""
    prepare_database(settings)
    # Connections must not cross the fork into the worker processes.
    db.close()
    metrics.begin(settings)
    # What is there stays: where nobody looks for garbage in it, most of its pages stay shared with the workers.
    gc.collect()
    gc.freeze()
    _Server(settings, with_jobs=with_jobs, demo=demo).run()  # type: ignore[no-untyped-call]  # gunicorn has no types


def prepare_database(settings: Settings) -> None:
    """Connect; an SQLite database is migrated at once, a PostgreSQL one only by `leadcapture db upgrade`."""
    database = db.connect(settings.database_url)
    if database.sqlite and tables.pending(database.engine):
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
            "worker_class": _Worker,
            "worker_connections": 20_000,  # caps open sockets of a process
            "backlog": 2048,
            "keepalive": HEAD_WITHIN,
            "timeout": 60,
            "graceful_timeout": 10,
            "loglevel": self._settings.log_level.lower(),
            "logger_class": _Log,
            "control_socket_disable": True,
            "forwarded_allow_ips": "127.0.0.1,::1",
            "proc_name": "leadcapture",
            # A mail whose answer is awaited when the process ends would be ambiguous for ever.
            "worker_exit": lambda _server, _worker: delivery.finish(5),
            "child_exit": lambda _server, worker: metrics.ended(worker.pid),
        }
        for name, value in options.items():
            self.cfg.set(name, value)  # type: ignore[union-attr]  # load_default_config made it

    def load(self) -> Flask:
        app = create_app(self._settings, demo=self._demo)
        metrics.configure(self._settings)
        jobs.start(live=True, rest=self._with_jobs)
        return app


class _Log(Logger):
    """gunicorn's words in our log, in its format."""

    def setup(self, cfg: Any) -> None:
        self.cfg = cfg
        self.loglevel = self.LOG_LEVELS.get(cfg.loglevel.lower(), 20)
        self._access_log_enabled = False  # every request is told by leadcapture.logs, without its path
        self.error_log.setLevel(self.loglevel)
        self.error_log.propagate = True

    def exception(self, msg: str, *args: Any, **kwargs: Any) -> None:
        # Whoever falls silent is let go of: no fault of ours, and no page of the log.
        if not isinstance(sys.exc_info()[1], TimeoutError):
            super().exception(msg, *args, **kwargs)  # type: ignore[no-untyped-call]  # gunicorn has no types


class _Worker(GeventWorker):
    """gunicorn's worker for those who dawdle, and for an end that does not. It bounds the time of a request's head by
    itself (`keepalive`), but would wait for a body, or for somebody to take an answer, for ever."""

    def run(self) -> None:
        gevent.spawn(self._hang_up_at_the_end)
        super().run()  # type: ignore[no-untyped-call]  # as above

    def _hang_up_at_the_end(self) -> None:
        """Sockets would stay until `graceful_timeout` is over, and a restart take as long. Those who have one come back
        to whoever serves then."""
        while self.alive:
            gevent.sleep(0.2)
        for connection in list(socketio.connections()):
            connection.close()

    def handle(self, listener: Any, client: Any, addr: Any) -> None:
        client.settimeout(SILENT_FOR)
        # Not its own, which would take the timeout away.
        super(GeventWorker, self).handle(listener, client, addr)  # type: ignore[no-untyped-call]  # as above

    def handle_request(self, listener_name: Any, req: Any, sock: Any, addr: Any) -> None:
        if getattr(req.body.reader, "length", None) == 0:
            super().handle_request(listener_name, req, sock, addr)  # type: ignore[no-untyped-call]  # as above
            return
        req.unreader.sock = _Hurried(sock, SILENT_FOR)
        try:
            super().handle_request(listener_name, req, sock, addr)  # type: ignore[no-untyped-call]  # as above
        finally:
            req.unreader.sock = sock


class _Hurried:
    """The reading side of a connection whose body must come in at some speed, however steadily it drips.

    Raises TimeoutError, to which the application answers as to every body that ends too early.
    """

    def __init__(self, sock: Any, seconds: float) -> None:
        self._sock = sock
        self._until = time.monotonic() + seconds

    def recv(self, size: int) -> bytes:
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError("the body came too slowly")
        self._sock.settimeout(min(left, SILENT_FOR))
        try:
            data: bytes = self._sock.recv(size)
        finally:
            self._sock.settimeout(SILENT_FOR)
        self._until += len(data) / SLOWEST
        return data
