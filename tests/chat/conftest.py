from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest

from leadcapture import db
from tests.chat.desk import Desk
from tests.chat.talk import ChatService
from tests.conftest import add_people


@pytest.fixture
def desk(either_database: db.Database, now: datetime) -> Desk:
    """The inbox of alice and bob, empty, on either database."""
    return Desk(db.write(add_people, now), now)


@pytest.fixture(scope="module")
def chat(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChatService]:
    """One service for the tests of a module; each makes visitors of its own."""
    with ChatService(tmp_path_factory.mktemp("chat"), RATE_MESSAGE="1000/second") as service:
        service.populate()
        service.start()
        yield service
        service.kill()  # nothing is learnt from waiting for its sockets to close


@pytest.fixture
def make_chat(tmp_path: Path) -> Iterator[Callable[..., ChatService]]:
    """Makes running services with settings of the test's own."""
    made: list[ChatService] = []

    def make(**settings: str) -> ChatService:
        service = ChatService(tmp_path / f"chat{len(made)}", **settings)
        made.append(service)
        service.__enter__()
        service.populate()
        service.start()
        return service

    yield make
    for service in made:
        service.kill()
        service.__exit__(None, None, None)
