from __future__ import annotations

from tests.chat.talk import ChatService


def test_a_visitor_and_an_operator_talk(chat: ChatService) -> None:
    alice = chat.operator(chat.people.alice)
    alice.hear("queue")
    visitor = chat.visitor()
    assert visitor.welcome["conversation"] is None
    visitor.hear("available", lambda told: told["available"]) if not visitor.welcome["available"] else None
    ack = visitor.say("Do you have it in green?")
    assert ack["ok"]
    assert ack["seq"] == 1
    heard = alice.hear("message", lambda message: message["conversation"] == ack["conversation"])
    assert heard["body"] == "Do you have it in green?"
    assert heard["author"]["kind"] == "visitor"
    taken = alice.emit("take", {"conversation": ack["conversation"]})
    assert taken["ok"]
    assert taken["summary"]["operator"]["name"] == "Alice"
    assert visitor.hear("conversation", lambda told: told["status"] == "active")["operator"] == {"name": "Alice"}
    reply = alice.say("Yes, we do.", conversation=ack["conversation"], kind="reply")
    assert reply["seq"] == 2
    assert visitor.hear("message")["body"] == "Yes, we do."
    visitor.leave()
    alice.leave()
