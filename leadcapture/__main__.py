"""The entry point. gevent must patch the standard library before psycopg is imported, or that would block silently."""

from __future__ import annotations

import gc
import sys

from gevent import monkey

monkey.patch_all()

# What the Socket.IO library takes if it is there: for its clients, and for ways to join processes that are not ours.
# Without, each process is lighter by 8 MB and starts a quarter of a second sooner.
NOT_FOR_SOCKETS = ("requests", "redis", "valkey", "kombu", "kafka", "zmq", "aiohttp", "websocket", "tornado")


def main() -> None:
    """Run the command line."""
    # Importing makes much and throws nothing away: looking for garbage meanwhile is a fifth of a start.
    gc.disable()
    sys.modules.update(dict.fromkeys(NOT_FOR_SOCKETS))  # type: ignore[arg-type]  # as `import` says: None is not there
    import socketio  # noqa: F401 so that it is there before anybody else imports it

    for name in NOT_FOR_SOCKETS:
        del sys.modules[name]
    from leadcapture.cli import leadcapture  # after the patch, as said above

    gc.freeze()
    gc.enable()
    leadcapture(prog_name="leadcapture")


if __name__ == "__main__":
    main()
