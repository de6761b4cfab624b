"""A real SMTP server that can be as difficult as real ones are."""

from __future__ import annotations

import asyncio
import email
import email.policy
import ssl
from collections import Counter
from email.message import EmailMessage
from typing import Any, Self

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.servers import free_port


class PostOffice:
    """Keeps what it accepted, and misbehaves for addresses that begin with a word.

    `refuse` maps a word to the answers to RCPT, used up one by one; `refuse_sender` the same for MAIL and
    `refuse_content` for the answer to DATA. With `most` it lets in no more connections at once.
    An address that begins with `hangup-early` loses its connection at RCPT, one with `hangup-late` after the mail was
    taken and before the answer; `once-` before either does so the first time only.
    """

    def __init__(
        self, *, port: int | None = None, slow: float = 0.0, most: int | None = None, **controller: Any
    ) -> None:
        self.port = port or free_port()
        self.slow = slow
        self.refuse: dict[str, list[str]] = {}
        self.refuse_sender: dict[str, list[str]] = {}
        self.hangs_up = True
        self.most = most
        self.refuse_content: dict[str, list[str]] = {}
        self.taken: list[EmailMessage] = []
        self.raw: list[bytes] = []  # the same, byte for byte
        self.recipients: Counter[str] = Counter()
        self.connections = 0
        self.most_at_once = 0
        self._guests: set[Any] = set()
        self.senders: list[tuple[str, list[str]]] = []
        self._controller_settings = {"enable_SMTPUTF8": True, **controller}
        self._controller: Controller | None = None

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}?tls=none"

    def __enter__(self) -> Self:
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port, **self._controller_settings)
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        assert self._controller is not None
        self._controller.stop()

    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        self._guests = {guest for guest in self._guests if not guest.is_closing()}
        if self.most is not None and len(self._guests) >= self.most:
            return ["421 4.7.0 Too many connections"]
        self._guests.add(server.transport)
        self.most_at_once = max(self.most_at_once, len(self._guests))
        self.connections += 1
        session.host_name = hostname
        return responses

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self.senders.append((address, options))
        answers = self._answers(self.refuse_sender, address)
        if answers:
            return answers.pop(0)
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self._hangs_up(address, "hangup-early"):
            assert server.transport is not None
            server.transport.abort()
        answers = self._answers(self.refuse, address)
        if answers:
            return answers.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        (address,) = envelope.rcpt_tos
        if self.slow:
            await asyncio.sleep(self.slow)
        answers = self._answers(self.refuse_content, address)
        if answers:
            return answers.pop(0)
        assert isinstance(envelope.content, bytes)
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        message["X-Envelope-To"] = address
        self.taken.append(message)
        self.raw.append(envelope.original_content or b"")
        hangs_up = self._hangs_up(address, "hangup-late")
        self.recipients[address] += 1
        if hangs_up:
            assert server.transport is not None
            server.transport.abort()
        return "250 OK queued"

    @staticmethod
    def _answers(table: dict[str, list[str]], address: str) -> list[str]:
        return next((answers for word, answers in table.items() if address.startswith(word)), [])

    def _hangs_up(self, address: str, when: str) -> bool:
        if address.startswith(f"once-{when}"):
            first = f"once {address}" not in self.refuse
            self.refuse.setdefault(f"once {address}", [])
            return first
        return self.hangs_up and address.startswith(when)


def password_check(user: str, password: str) -> Any:
    """An aiosmtpd authenticator that lets in exactly this user."""

    def check(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        right = isinstance(data, LoginPassword) and (data.login, data.password) == (user.encode(), password.encode())
        return AuthResult(success=right, handled=False)

    return check


def server_context(certificate: str) -> ssl.SSLContext:
    """A server's TLS context out of one PEM file with key and certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context
