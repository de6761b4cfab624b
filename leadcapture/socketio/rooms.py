"""Who is in which room, on top of python-socketio's managers: leaving is as quick with ten thousand connections as with
ten, and over Redis nobody waits for what other processes are told.

What is told over Redis may be lost while Redis is away. That is noticed here, on either side, and told to whoever asked
(`on_missed`) once the line stands again, so that nothing is missed for longer than Redis is.
"""

from __future__ import annotations

import json
import logging
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import gevent
from gevent.event import Event
from socketio import Manager, RedisManager

if TYPE_CHECKING:
    from redis import Redis

log = logging.getLogger("leadcapture.socketio")

PAUSE, LONGEST_PAUSE = 0.2, 2.0  # seconds between two tries to reach Redis
PATIENCE = 5.0  # seconds after which a line to Redis that says nothing counts as broken
MOST_UNTOLD = 20_000  # events that wait to be told; beyond that they count as lost
AT_ONCE = 200

# Called with the seconds for which this process may not have heard the others.
on_missed: list[Callable[[float], None]] = []


class Rooms(Manager):
    """Knows each connection's rooms, where the library looks through all rooms there are."""

    def __init__(self, *given: Any, **options: Any) -> None:
        super().__init__(*given, **options)  # type: ignore[no-untyped-call]  # the library's
        self._rooms_of: dict[tuple[str, str], set[str | None]] = {}

    def basic_enter_room(self, sid: str, namespace: str, room: str | None, eio_sid: str | None = None) -> None:
        super().basic_enter_room(sid, namespace, room, eio_sid=eio_sid)  # type: ignore[no-untyped-call]  # the library's
        self._rooms_of.setdefault((namespace, sid), set()).add(room)

    def basic_leave_room(self, sid: str, namespace: str, room: str | None) -> None:
        super().basic_leave_room(sid, namespace, room)  # type: ignore[no-untyped-call]  # the library's
        self._rooms_of.get((namespace, sid), set()).discard(room)

    def get_rooms(self, sid: str, namespace: str) -> list[str]:
        return [room for room in self._rooms_of.get((namespace, sid), ()) if room is not None]

    def basic_disconnect(self, sid: str, namespace: str, **_options: Any) -> None:
        for room in self._rooms_of.pop((namespace, sid), ()):
            super().basic_leave_room(sid, namespace, room)  # type: ignore[no-untyped-call]  # the library's
        self.callbacks.pop(sid, None)
        for pending in (self.pending_connect, self.pending_disconnect):
            if sid in pending.get(namespace, ()):
                pending[namespace].remove(sid)
                if not pending[namespace]:
                    del pending[namespace]


class RoomsOverRedis(Rooms, RedisManager):
    """The same on several processes."""

    def __init__(self, url: str, channel: str) -> None:
        super().__init__(url, channel=channel)
        self._untold: deque[str] = deque()
        self._something = Event()
        self._telling = False
        self._lost_since: float | None = None

    # ---- telling -----------------------------------------------------------------------------------------------------

    def _publish(self, data: dict[str, Any]) -> None:
        """Have it told to the other processes soon; nobody waits for that."""
        self._untold.append(json.dumps(data, separators=(",", ":")))
        self._something.set()
        if not self._telling:
            self._telling = True
            gevent.spawn(self._tell)

    def _tell(self) -> None:
        from redis import RedisError  # here, because a service of one process starts without

        line: Redis | None = None
        while True:
            self._something.wait()
            self._something.clear()
            while self._untold:
                batch = [self._untold.popleft() for _event in range(min(AT_ONCE, len(self._untold)))]
                if self._lost_since is not None:
                    missed = {"method": "missed", "host_id": self.host_id, "seconds": time.time() - self._lost_since}
                    batch.append(json.dumps(missed))
                try:
                    line = line or self._line()
                    together = line.pipeline(transaction=False)
                    for text in batch:
                        together.publish(self.channel, text)
                    together.execute()
                    self._lost_since = None
                except (RedisError, OSError) as error:
                    line = None
                    self._lost(error)
                    gevent.sleep(PAUSE)
                if len(self._untold) > MOST_UNTOLD:
                    self._lost(OverflowError())

    def _lost(self, error: Exception) -> None:
        """What could not be told counts as lost: told late it would be old, and its number says that it was missed."""
        if self._lost_since is None:
            self._lost_since = time.time()
            log.warning("Other processes are not told now: %s", type(error).__name__)
        self._untold.clear()
        # One try more, so that the others learn that they missed something.
        self._publish({"method": "nothing", "host_id": self.host_id})

    # ---- hearing -----------------------------------------------------------------------------------------------------

    def _listen(self) -> Iterator[dict[str, Any]]:
        """What other processes tell, as long as this process lives."""
        from redis import RedisError

        pause, since = PAUSE, None
        while True:
            try:
                ears = self._line().pubsub()
                ears.subscribe(self.channel)
                while True:
                    said = ears.get_message(timeout=PATIENCE)
                    if said is None:
                        ears.ping()
                    elif said["type"] == "subscribe":
                        if since is not None:
                            log.warning("Other processes are heard again after %.1f s", time.time() - since)
                            self._missed(time.time() - since)
                        pause, since = PAUSE, None
                    elif said["type"] == "message":
                        event = json.loads(said["data"])
                        if event["method"] == "missed" and event["host_id"] != self.host_id:
                            self._missed(event["seconds"])
                        else:
                            yield event
            except (RedisError, OSError) as error:
                if since is None:
                    since = time.time()
                    log.warning("Other processes are not heard now: %s", type(error).__name__)
                gevent.sleep(pause)
                pause = min(LONGEST_PAUSE, 2 * pause)

    def _missed(self, seconds: float) -> None:
        for react in on_missed:
            gevent.spawn(react, seconds)

    def _line(self) -> Redis:
        from redis import Redis

        return Redis.from_url(self.redis_url, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE)
