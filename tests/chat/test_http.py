"""The same chat without WebSockets."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.chat.talk import ORIGIN, ChatService


def path(chat: ChatService, query: str = "") -> str:
    return f"/v1/{chat.people.site.key}/chat/messages{query}"


def say(chat: ChatService, body: str, client_id: str, token: str = "", **headers: str) -> tuple[int, Any, Any]:
    bearer = {"Authorization": f"Bearer {token}"} if token else {}
    return chat.call(path(chat), {"client_id": client_id, "body": body}, headers=bearer | headers)


def look(chat: ChatService, token: str, after_seq: int = 0, wait: float = 0) -> Any:
    query = f"?after_seq={after_seq}&wait={wait}"
    status, answer, _ = chat.call(path(chat, query), headers={"Authorization": f"Bearer {token}"})
    assert status == 200, answer
    return answer


def test_a_visitor_without_websockets_talks_too(chat: ChatService) -> None:
    alice = chat.operator(chat.people.alice)
    status, ack, _ = say(chat, "Hello?", "h1")
    assert (status, ack["ok"], ack["seq"]) == (200, True, 1)
    heard = alice.hear("message", lambda message: message["conversation"] == ack["conversation"])
    assert heard["body"] == "Hello?"
    alice.say("Yes?", conversation=ack["conversation"], kind="reply")
    answer = look(chat, ack["token"])
    assert [message["body"] for message in answer["messages"]] == ["Hello?", "Yes?"]
    assert (answer["next"], answer["conversation"], answer["status"]) == (2, ack["conversation"], "active")
    assert answer["operator"] == {"name": "Alice"}
    assert answer["available"] is True
    alice.leave()


def test_the_same_post_again_stores_nothing_more(chat: ChatService) -> None:
    _, first, _ = say(chat, "Hello?", "same")
    _, again, _ = say(chat, "Hello?", "same", first["token"])
    assert again == first
    assert look(chat, first["token"])["next"] == 1


def test_a_waiting_request_is_answered_as_soon_as_there_is_something(chat: ChatService) -> None:
    alice = chat.operator(chat.people.alice)
    _, ack, _ = say(chat, "Hello?", "w1")
    alice.emit("take", {"conversation": ack["conversation"]})
    with ThreadPoolExecutor(1) as pool:
        began = time.monotonic()
        waiting = pool.submit(look, chat, ack["token"], 1, 25)
        time.sleep(0.5)  # it waits meanwhile, and others are served
        assert chat.call("/healthz")[0] == 200
        assert not waiting.done()
        sent = time.monotonic()
        alice.say("Here I am", conversation=ack["conversation"], kind="reply")
        answer = waiting.result(timeout=10)
        assert time.monotonic() - sent < 0.9
        assert time.monotonic() - began < 20
    assert [message["body"] for message in answer["messages"]] == ["Here I am"]
    alice.leave()


def test_a_waiting_request_ends_when_the_status_changes_or_the_time_is_over(chat: ChatService) -> None:
    alice = chat.operator(chat.people.alice)
    alice.hear("presence", lambda told: told["available"])
    _, ack, _ = say(chat, "Hello?", "e1")
    began = time.monotonic()
    assert look(chat, ack["token"], 1, 0.5)["messages"] == []
    assert 0.4 < time.monotonic() - began < 5
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(look, chat, ack["token"], 1, 25)
        time.sleep(0.3)  # so that it waits already
        alice.emit("take", {"conversation": ack["conversation"]})
        assert waiting.result(timeout=5)["status"] == "active"
    alice.leave()


def test_only_pages_of_the_site_may_read_the_answers(chat: ChatService) -> None:
    status, _, headers = say(chat, "Hello?", "o1", Origin=ORIGIN)
    assert status == 200
    assert headers["Access-Control-Allow-Origin"] == ORIGIN
    assert headers.get("Access-Control-Allow-Credentials") is None
    status, answer, headers = say(chat, "Hello?", "o2", Origin="https://evil.example.org")
    assert (status, answer["error"]["code"]) == (403, "forbidden")
    assert headers["Access-Control-Allow-Origin"] is None


def test_the_browsers_question_before_is_answered_for_pages_of_the_site_alone(chat: ChatService) -> None:
    asks = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,content-type"}
    status, _, headers = chat.call(path(chat), method="OPTIONS", headers=asks | {"Origin": ORIGIN})
    assert status == 204
    assert headers["Access-Control-Allow-Origin"] == ORIGIN
    assert "Authorization" in headers["Access-Control-Allow-Headers"]
    status, _, headers = chat.call(path(chat), method="OPTIONS", headers=asks | {"Origin": "https://evil.example.org"})
    assert status == 403
    assert headers["Access-Control-Allow-Origin"] is None


def test_without_a_token_of_this_site_there_is_nothing_to_read(chat: ChatService) -> None:
    _, ack, _ = say(chat, "A secret", "t1")
    assert chat.call(path(chat))[0] == 401
    assert chat.call(path(chat), headers={"Authorization": "Bearer nonsense"})[0] == 401
    other = f"/v1/{chat.people.other_site.key}/chat/messages"
    status, answer, _ = chat.call(other, headers={"Authorization": f"Bearer {ack['token']}"})
    assert status == 401
    assert "A secret" not in str(answer)
    assert chat.call("/v1/site_nobody/chat/messages")[0] == 404


@pytest.mark.parametrize(
    "body", [[], "text", 7, {}, {"client_id": 1, "body": "x"}, {"client_id": "c", "body": {"a": 1}}, {"client_id": "c"}]
)
def test_hostile_posts_are_refused(chat: ChatService, body: Any) -> None:
    status, answer, _ = chat.call(path(chat), body)
    assert status == 422
    assert answer["error"]["code"] == "bad_request"


@pytest.mark.parametrize("query", ["?after_seq=x", "?after_seq=-5", "?wait=nan", "?wait=-1", f"?after_seq={2**70}"])
def test_hostile_questions_are_answered(chat: ChatService, query: str) -> None:
    _, ack, _ = say(chat, "Hello?", "q1")
    status, answer, _ = chat.call(path(chat, query), headers={"Authorization": f"Bearer {ack['token']}"})
    assert status == 200
    assert answer["conversation"] == ack["conversation"]
