"""Figures for Prometheus at /metrics, for whoever brings the token of LEADCAPTURE_METRICS_TOKEN; without one there are
none, and nothing is counted.

What happens in a process is kept in files under `instance/metrics`, where every process of this machine adds its own
(the multiprocess mode of prometheus_client): web processes and `leadcapture jobs` alike are in the answer of whichever
is asked. What only the database knows is looked up when it is asked for, by indexes.
"""

from __future__ import annotations

import hmac
import logging
import os
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import gevent
from flask import Blueprint, Response, current_app

from leadcapture import clock, db, health, logs, web
from leadcapture.chat import live
from leadcapture.errors import NotFound, Unauthorized, Unavailable
from leadcapture.mail import operations as mail
from leadcapture.mail import queries as mail_queries
from leadcapture.optin import queries as optin_queries
from leadcapture.settings import Settings

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry
    from prometheus_client.metrics_core import Metric

blueprint = Blueprint("metrics", __name__)

LOOKED_AT_EVERY = 5.0  # seconds between two looks at what is open in this process
REQUEST_SECONDS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0)
SHORT_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0)
GROUPS = (1, 2, 5, 10, 20, 50, 100, 200)


class _Kept:
    """What this process counts."""

    def __init__(self) -> None:
        from prometheus_client import Counter, Gauge, Histogram

        self.requests = Histogram(
            "leadcapture_http_request_seconds",
            "Requests answered, by the route as it was registered and the class of the status.",
            ("method", "route", "status"),
            buckets=REQUEST_SECONDS,
        )
        self.sockets = Gauge(
            "leadcapture_sockets", "Sockets that are open.", ("namespace",), multiprocess_mode="livesum"
        )
        self.group = Histogram("leadcapture_write_group_size", "Operations in one commit.", buckets=GROUPS)
        self.write = Histogram(
            "leadcapture_write_seconds", "From asking for a write to its commit on disk.", buckets=SHORT_SECONDS
        )
        self.late = Histogram(
            "leadcapture_job_late_seconds",
            "How much later than it was due a job began.",
            ("job",),
            buckets=SHORT_SECONDS,
        )
        self.ran = Histogram("leadcapture_job_seconds", "How long a job took.", ("job",), buckets=REQUEST_SECONDS)
        self.stood = Histogram(
            "leadcapture_event_loop_late_seconds", "How much later than asked a process woke up.", buckets=SHORT_SECONDS
        )
        self.sent = Counter("leadcapture_mails_sent", "Mails that a mail server took.")
        self.exceptions = Counter("leadcapture_exceptions", "Errors nobody foresaw, by their class.", ("type",))


_kept: _Kept | None = None


def begin(settings: Settings) -> None:
    """Before the processes of a service start: forget what those of the last one left behind."""
    if settings.metrics_token:
        for path in _folder(settings).glob("*.db"):
            if not _lives(path.stem.rpartition("_")[2]):
                path.unlink(missing_ok=True)


def configure(settings: Settings) -> None:
    """Count in this process from now on, where a token is set."""
    global _kept
    if not settings.metrics_token or _kept is not None:
        return
    # It must be known before the library is imported for the first time.
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(_folder(settings))
    _kept = _Kept()
    logs.answered.append(_answered)
    db.written.append(_counted().write.observe)
    db.grouped.append(_counted().group.observe)
    mail.on_sent.append(lambda *_about, **_more: _counted().sent.inc())
    logging.getLogger().addHandler(_Exceptions(logging.ERROR))
    gevent.spawn(_look)


def job_ran(name: str, late: float, seconds: float) -> None:
    """A job began so much later than it was due, and took so long."""
    if _kept is not None:
        _kept.late.labels(name).observe(late)
        _kept.ran.labels(name).observe(seconds)


def ended(pid: int) -> None:
    """A process of this service is no more: what it had open is closed."""
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        from prometheus_client import multiprocess

        multiprocess.mark_process_dead(pid)  # type: ignore[no-untyped-call]  # it brings few types


def _folder(settings: Settings) -> Path:
    folder: Path = settings.instance / "metrics"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def _lives(pid: str) -> bool:
    return pid.isdigit() and Path(f"/proc/{pid}").exists()


def _counted() -> _Kept:
    if _kept is None:
        raise RuntimeError("metrics.configure was not called")
    return _kept


def _answered(method: str, route: str, status: int, seconds: float) -> None:
    _counted().requests.labels(method, route, f"{status // 100}xx").observe(seconds)


class _Exceptions(logging.Handler):
    """Counts what is logged with a traceback."""

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info and record.exc_info[0]:
            _counted().exceptions.labels(record.exc_info[0].__name__).inc()


def _look() -> None:
    kept = _counted()
    while True:
        kept.sockets.labels("visitor").set(len(live.visitors))
        kept.sockets.labels("operator").set(len(live.operators))
        asked = time.monotonic()
        gevent.sleep(LOOKED_AT_EVERY)
        kept.stood.observe(max(0.0, time.monotonic() - asked - LOOKED_AT_EVERY))


# ---- the page -------------------------------------------------------------------------------------------------------


@blueprint.get("/metrics")
def page() -> Response:
    """All figures in Prometheus' text format. Raises NotFound without a token set, Unauthorized without it brought."""
    wanted: str = current_app.config["LEADCAPTURE"].metrics_token
    if not wanted:
        raise NotFound("No such page.")
    if not hmac.compare_digest((web.bearer() or "").encode(), wanted.encode()):
        raise Unauthorized("Bring the token of LEADCAPTURE_METRICS_TOKEN as Bearer.")
    from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
    from prometheus_client.multiprocess import MultiProcessCollector

    registry: CollectorRegistry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # as above
    registry.register(_Asked())
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


class _Asked:
    """What is looked up at the moment of the question; without the database, only that it is away."""

    def collect(self) -> Iterator[Metric]:
        from prometheus_client.metrics_core import GaugeMetricFamily

        now, settings = clock.now(), current_app.config["LEADCAPTURE"]
        part = GaugeMetricFamily("leadcapture_ready", "1 where a part is well, as /readyz sees it.", labels=["part"])
        for name, state in health.examine(settings).items():
            part.add_metric([name], float(state == "ok"))
        yield part
        try:
            with db.read() as session:
                by_status = mail_queries.not_sent(session)
                due = mail_queries.oldest_due(session, now)
                asked = optin_queries.expiring_after(session, now + timedelta(days=settings.confirmation_days - 1))
        except Unavailable:
            return
        mails = GaugeMetricFamily("leadcapture_mails", "Mails in the outbox that were not sent.", labels=["status"])
        for status, number in by_status.items():
            mails.add_metric([status], number)
        yield mails
        age = (now - due).total_seconds() if due else 0.0
        yield GaugeMetricFamily("leadcapture_mail_due_seconds", "How long the oldest due mail waits.", value=age)
        confirmations = GaugeMetricFamily(
            "leadcapture_confirmations", "Confirmations asked for in the last day, by their state.", labels=["status"]
        )
        for status, number in asked.items():
            confirmations.add_metric([status], number)
        yield confirmations
