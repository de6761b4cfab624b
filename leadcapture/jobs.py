"""The table of jobs: what runs by itself, and how often. Each job claims rows and does them, so any number of processes
may run the same table."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import gevent

import leadcapture.hooks  # noqa: F401 importing them is what connects them
from leadcapture import clock, metrics
from leadcapture.chat import escalation, files, watching
from leadcapture.chat import live as chat
from leadcapture.consent import checkpoints
from leadcapture.errors import Unavailable
from leadcapture.forms import challenge, kinds
from leadcapture.forms import expiry as forms
from leadcapture.imports import running
from leadcapture.mail import caps, clocks, delivery, opens
from leadcapture.privacy import moving, orphans, retaining
from leadcapture.repermission import asking

log = logging.getLogger("leadcapture.jobs")


@dataclass(frozen=True)
class Job:
    """One row: a function of `now` and the seconds between two runs. `live` ones speak to open sockets, so they run in
    web processes; the others run wherever jobs run."""

    name: str
    every: float
    run: Callable[[datetime], None]
    live: bool = False


TABLE: tuple[Job, ...] = (
    Job("presence", 1, chat.presence_due, live=True),
    Job("snoozed conversations", 2, chat.snoozed_due, live=True),
    Job("unanswered conversations", 1, chat.unanswered_due, live=True),
    Job("escalation", 1, escalation.due, live=True),
    Job("people on the sites", 1, watching.people_due, live=True),
    Job("deliver mail", 0.5, delivery.deliver_due),
    Job("mails of a clock that was ahead", 2, clocks.due),
    Job("form kinds", 5, kinds.run_due),
    Job("files of no message", 300, files.sweep_due),
    Job("expire confirmations", 60, forms.expire_due),
    Job("spent proofs of work", 300, challenge.purge_due),
    Job("mails of each address", 600, caps.sweep_due),
    Job("opened links", 600, opens.sweep_due),
    Job("ask for permission again", 20, asking.due),
    Job("imports", 1, running.due),
    Job("retention", 600, retaining.due),
    Job("checkpoints of the ledger", 3600, checkpoints.due),
    Job("changes of address", 3600, moving.sweep_due),
    Job("uploads of nobody", 21_600, orphans.sweep_due),
)


def start(*, live: bool, rest: bool) -> list[gevent.Greenlet[..., None]]:
    """Start the chosen jobs, a greenlet each; they run until killed."""
    return [gevent.spawn(_repeat, job) for job in TABLE if (live if job.live else rest)]


def _repeat(job: Job) -> None:
    due = time.monotonic()
    while True:
        began = time.monotonic()
        try:
            job.run(clock.now())
        except Unavailable:
            # Said in the log already, once for all jobs; what is due stays due.
            gevent.sleep(min(5.0, job.every * 5))
        except Exception:
            # One bad row must not end a job; what failed stays due.
            log.exception("job %s failed", job.name)
            gevent.sleep(min(5.0, job.every * 5))
        ended = time.monotonic()
        metrics.job_ran(job.name, began - due, ended - began)
        due = ended + job.every
        gevent.sleep(job.every)
