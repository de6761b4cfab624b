"""`python -m tests.faults.impatient …`: the command line, with less patience for those who dawdle than a test has."""

from __future__ import annotations

from gevent import monkey

monkey.patch_all()

from leadcapture import server  # noqa: E402 the patch comes first
from leadcapture.__main__ import main  # noqa: E402 as above
from leadcapture.socketio import engine  # noqa: E402 as above

server.HEAD_WITHIN = 2
server.SILENT_FOR = 4.0
engine.MOST_OF_AN_ADDRESS = 5
main()
