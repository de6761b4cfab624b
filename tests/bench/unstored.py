"""The reference of the relay: our service as it is, but that a visitor's message after the first one is numbered in
memory and not stored.

    python -m tests.bench.unstored serve
"""

from __future__ import annotations

from gevent import monkey

monkey.patch_all()

import dataclasses  # noqa: E402 the patch comes first
from datetime import datetime  # noqa: E402
from typing import Any  # noqa: E402

from leadcapture import __main__, db, ids  # noqa: E402
from leadcapture.chat import operations, ordinary, posting  # noqa: E402
from leadcapture.chat.operations import Posted  # noqa: E402
from leadcapture.chat.protocol import Incoming  # noqa: E402

_last: dict[str, Posted] = {}  # by visitor
_answering: dict[str, int] = {}  # the operator's internal id, by conversation
_write, _gathered = db.write, db.gathered


def write(operation: Any, *given: Any, **named: Any) -> Any:
    """As db.write, but for messages of visitors who have written before."""
    if operation is operations.take:
        _answering[named["conversation"]] = named["operator_id"]
    if operation is not posting.by_visitor:
        return _write(operation, *given, **named)
    visitor = named["visitor"]
    if visitor in _last:
        _last[visitor] = numbered(_last[visitor], given[0], named["incoming"])
    else:
        _last[visitor] = dataclasses.replace(_write(operation, *given, **named), moved=False)
    return _last[visitor]


def gathered(operation: Any, letter: Any) -> Any:
    """As db.gathered, storing nothing of such messages."""
    if operation is not ordinary.post or letter.visitor not in _last:
        return None
    _last[letter.visitor] = numbered(_last[letter.visitor], letter.now, letter.incoming)
    return _last[letter.visitor]


def numbered(last: Posted, now: datetime, incoming: Incoming) -> Posted:
    """The message that follows in the conversation."""
    seq = (last.message.seq or 0) + 1
    message = dataclasses.replace(
        last.message, id=ids.new("message"), client_id=incoming.client_id, body=incoming.body, seq=seq, at=now
    )
    answering = _answering.get(message.conversation)
    return dataclasses.replace(last, message=message, first=True, moved=False, answering=answering)


if __name__ == "__main__":
    db.write, db.gathered = write, gathered
    __main__.main()
