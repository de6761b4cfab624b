"""The entry point. gevent must patch the standard library before psycopg is imported, or that would block silently."""

from __future__ import annotations

import gc
import sys
from typing import TYPE_CHECKING

from gevent import monkey

if TYPE_CHECKING:
    from click import Group

monkey.patch_all()

# What the Socket.IO library takes if it is there: for its clients, and for ways to join processes that are not ours.
# Without, each process is lighter by 8 MB and starts a quarter of a second sooner.
NOT_FOR_SOCKETS = ("requests", "redis", "valkey", "kombu", "kafka", "zmq", "aiohttp", "websocket", "tornado")


def command_line() -> Group:
    """The commands, imported as cheaply as can be."""
    # Importing makes much and throws nothing away: looking for garbage meanwhile is a fifth of a start.
    gc.disable()
    absent = [name for name in NOT_FOR_SOCKETS if name not in sys.modules]
    sys.modules.update(dict.fromkeys(absent))  # type: ignore[arg-type]  # None says to `import` that it is not there
    import socketio  # noqa: F401 so that nobody else is the first to import it

    for name in absent:
        del sys.modules[name]
    from leadcapture.cli import leadcapture  # after the patch, as said above

    gc.freeze()
    gc.enable()
    return leadcapture


def main() -> None:
    """Run the command line."""
    command_line()(prog_name="leadcapture")


if __name__ == "__main__":
    main()
