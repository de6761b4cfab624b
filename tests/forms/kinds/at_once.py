"""Doing things at the same moment."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import gevent

from leadcapture import db


def all_at_once(work: Callable[[Any], Any], things: Iterable[Any]) -> list[Any]:
    """What `work` gave for each of the things, all done at the same moment: by greenlets where one thread writes, by
    threads on PostgreSQL."""
    if db.current().sqlite:
        greenlets = [gevent.spawn(work, thing) for thing in things]
        gevent.joinall(greenlets, raise_error=True)
        return [greenlet.value for greenlet in greenlets]
    with ThreadPoolExecutor(max_workers=8) as pool:
        return list(pool.map(work, things))
