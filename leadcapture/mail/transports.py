"""The way out: SMTP connections, kept open from mail to mail.

An answer of the server is returned, never raised; only a server that cannot be used at all raises Unreachable.
"""

from __future__ import annotations

import base64
import contextlib
import re
import smtplib
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qs, unquote, urlsplit

from leadcapture.errors import BadSetting, LeadCaptureError
from leadcapture.mail import rules
from leadcapture.mail.rules import Answer, Stage

CONNECT_SECONDS = 10.0
COMMAND_SECONDS = 30.0
# Receivers filter before they answer to the mail itself; giving up early would leave it ambiguous.
CONTENT_SECONDS = 90.0
IDLE_SECONDS = 30.0
PROVEN_SECONDS = 2.0  # a connection that worked this short a while ago is not asked whether it still does
CONNECTIONS = 8  # at once, unless the URL says otherwise; more than one only while many mails wait

_PLAIN = re.compile(r"[^\s<>\"\\\x00-\x1f\x7f]+@[^\s<>\"\\\x00-\x1f\x7f]+")


class Unreachable(LeadCaptureError):
    """The mail server does not answer, has no acceptable certificate, or does not let us in: no mail is to blame."""

    status = 503
    code = "mail_server_unreachable"


@dataclass(frozen=True)
class Server:
    """Where and how to deliver, out of `smtp://user:pass@host:port?tls=starttls|none&connections=8` or `smtps://…`."""

    host: str
    port: int
    tls: str  # "implicit", "starttls" or "none"
    user: str
    password: str
    connections: int = CONNECTIONS  # at most so many at once

    @classmethod
    def parse(cls, url: str) -> Server:
        """The server of a LEADCAPTURE_SMTP_URL. Raises BadSetting.

        Without `tls=` STARTTLS is used where there is a password to protect, and plain SMTP where there is none (a
        relay on the same machine or network).
        """
        parts = urlsplit(url)
        try:
            port = parts.port
        except ValueError as error:
            raise BadSetting("LEADCAPTURE_SMTP_URL has a port that is no number.") from error
        options = parse_qs(parts.query)
        tls = options.get("tls", ["starttls" if parts.username else "none"])[0]
        connections = options.get("connections", [str(CONNECTIONS)])[0]
        if not connections.isdecimal() or not 1 <= int(connections) <= 100:
            raise BadSetting("LEADCAPTURE_SMTP_URL: connections is a number from 1 to 100.")
        if not parts.hostname or tls not in {"starttls", "none"}:
            raise BadSetting("LEADCAPTURE_SMTP_URL: write smtp://user:pass@host:587?tls=starttls (or tls=none).")
        implicit = parts.scheme == "smtps"
        return cls(
            host=parts.hostname,
            port=port or (465 if implicit else 587 if parts.username else 25),
            tls="implicit" if implicit else tls,
            user=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
            connections=int(connections),
        )


@dataclass(frozen=True)
class Letter:
    """A mail as it leaves."""

    from_email: str
    to_email: str
    content: bytes


_server: Server | None = None
_public_url = "http://127.0.0.1:8000"


def configure(*, smtp_url: str | None, public_url: str) -> None:
    """Take the mail server (None: mails are held) and the address people know us by. Raises BadSetting."""
    global _server, _public_url
    _server = Server.parse(smtp_url) if smtp_url else None
    _public_url = public_url


def server() -> Server | None:
    """The configured mail server; None while mails are held."""
    return _server


def public_url() -> str:
    """The base of links in mails."""
    return _public_url


class Connection:
    """One connection to the server, opened when it is needed and kept for the next mail."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self._smtp: smtplib.SMTP | None = None
        self._used_at = 0.0
        self._stage = Stage.SENDER

    @property
    def is_open(self) -> bool:
        """Whether it was opened and not closed by us since."""
        return self._smtp is not None

    def open(self) -> None:
        """Make sure that there is a living connection. Raises Unreachable."""
        if self._smtp is not None:
            if time.monotonic() - self._used_at < PROVEN_SECONDS:
                return
            try:
                if self._smtp.noop()[0] == 250:
                    return
            except (smtplib.SMTPException, OSError):
                pass  # the server hung up between two mails, as it may
            self.drop()
        try:
            self._smtp = self._connect()
        except (smtplib.SMTPException, OSError) as error:
            raise Unreachable(_why(error)) from error

    def send(self, letter: Letter, begin: Callable[[], bool]) -> Answer | None:
        """Hand one mail over; returns the server's answer. `begin` is called right before DATA is sent (together with
        the addresses, where the server takes that); if it says no, None is returned and nothing of the mail was sent.
        """
        smtp = self._smtp
        if smtp is None:
            raise RuntimeError("open() was not called")
        self._used_at = time.monotonic()
        options = ""
        if rules.needs_smtputf8(letter.from_email, letter.to_email):
            if not smtp.has_extn("smtputf8"):
                return Answer(Stage.SENDER, 0, "The mail server carries no addresses that are not ASCII (SMTPUTF8).")
            options = " SMTPUTF8 BODY=8BITMIME" if smtp.has_extn("8bitmime") else " SMTPUTF8"
        sender = f"MAIL FROM:{_path(letter.from_email)}{options}\r\n".encode()
        recipient = f"RCPT TO:{_path(letter.to_email)}\r\n".encode()
        self._stage = Stage.SENDER
        try:
            if smtp.has_extn("pipelining"):
                if not begin():
                    return None
                code, text = self._ask_at_once(smtp, sender, recipient)
            else:
                code, text = self._ask(smtp, sender, recipient)
                if self._stage is Stage.COMMAND:
                    if not begin():
                        self._reset()
                        return None
                    code, text = smtp.docmd("DATA")
            if self._stage is Stage.COMMAND and code == 354:
                self._stage = Stage.CONTENT
                code, text = self._send_content(smtp, letter.content)
        except (smtplib.SMTPException, OSError) as error:
            self.drop()
            return Answer(self._stage, None, _why(error))
        except BaseException:
            # Interrupted in mid-dialogue (the database is away, the process ends): this line is good for nothing else.
            self.drop()
            raise
        if not 200 <= code < 300:
            self._reset()
        return Answer(self._stage, code, text.decode("utf-8", "replace"))

    def drop(self) -> None:
        """Close the connection without good-byes; the next open() makes a new one."""
        if self._smtp is not None:
            self._smtp.close()
            self._smtp = None

    def rest(self) -> None:
        """Say good-bye when nothing was sent for a while: servers dislike idle guests."""
        if self._smtp is not None and time.monotonic() - self._used_at > IDLE_SECONDS:
            with contextlib.suppress(smtplib.SMTPException, OSError):
                self._smtp.quit()
            self.drop()

    def _connect(self) -> smtplib.SMTP:
        server, name = self.server, _own_name()
        smtp: smtplib.SMTP
        if server.tls == "implicit":
            context = ssl.create_default_context()
            smtp = smtplib.SMTP_SSL(server.host, server.port, name, timeout=CONNECT_SECONDS, context=context)
        else:
            smtp = smtplib.SMTP(server.host, server.port, name, timeout=CONNECT_SECONDS)
        try:
            _patience(smtp, COMMAND_SECONDS)
            smtp.ehlo_or_helo_if_needed()
            if server.tls == "starttls":
                smtp.starttls(context=ssl.create_default_context())
                smtp.ehlo()
            if server.user:
                _sign_in(smtp, server)
        except BaseException:
            smtp.close()
            raise
        self._used_at = time.monotonic()
        return smtp

    def _ask(self, smtp: smtplib.SMTP, sender: bytes, recipient: bytes) -> tuple[int, bytes]:
        """One command after the other; at the stage COMMAND both were taken."""
        smtp.send(sender)
        code, text = smtp.getreply()
        if code == 250:
            self._stage = Stage.RECIPIENT
            smtp.send(recipient)
            code, text = smtp.getreply()
            if code in (250, 251):
                self._stage = Stage.COMMAND
        return code, text

    def _ask_at_once(self, smtp: smtplib.SMTP, sender: bytes, recipient: bytes) -> tuple[int, bytes]:
        """Both commands and DATA together (RFC 2920), where the server offers it: the first answer that is no yes, else
        the one to DATA, at the stage COMMAND.
        """
        smtp.send(sender + recipient + b"DATA\r\n")
        refusal = None
        for stage, yes in ((Stage.SENDER, (250,)), (Stage.RECIPIENT, (250, 251))):
            if refusal is None:
                self._stage = stage
            answer = smtp.getreply()
            if refusal is None and answer[0] not in yes:
                refusal = answer
            if answer[0] == 421:
                return refusal or answer
        if refusal is None:
            self._stage = Stage.COMMAND
        answer = smtp.getreply()
        if refusal is not None and answer[0] == 354:
            # It waits for a mail that nobody shall get, and would take the next command for one.
            self.drop()
        return refusal or answer

    def _send_content(self, smtp: smtplib.SMTP, content: bytes) -> tuple[int, bytes]:
        _patience(smtp, CONTENT_SECONDS)
        # RFC 5321, 4.5.2: a line that begins with a dot gets another one; a lone dot ends the mail.
        smtp.send(content.replace(b"\r\n.", b"\r\n..").removesuffix(b"\r\n") + b"\r\n.\r\n")
        answer = smtp.getreply()
        _patience(smtp, COMMAND_SECONDS)
        return answer

    def _reset(self) -> None:
        # After a refusal the server still holds half an envelope; 421 means that it is about to hang up.
        try:
            if self._smtp is not None and self._smtp.rset()[0] != 250:
                self.drop()
        except (smtplib.SMTPException, OSError):
            self.drop()


class Lines:
    """The connections to one server: those that rest are taken again."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.look_again_at: datetime | None = None  # after it was found away
        self._resting: list[Connection] = []

    def take(self) -> Connection:
        """One that rests, the last used, or another."""
        return self._resting.pop() if self._resting else Connection(self.server)

    def give(self, line: Connection) -> None:
        """Take one back that is not needed now."""
        self._resting.append(line)

    def rest(self) -> None:
        """Say good-bye on those that were not used for a while."""
        for line in self._resting:
            line.rest()
        self._resting = [line for line in self._resting if line.is_open]

    def drop(self) -> None:
        """Close all that rest."""
        while self._resting:
            self._resting.pop().drop()


def _path(address: str) -> str:
    address = rules.ascii_address(address)
    return f"<{address}>" if _PLAIN.fullmatch(address) else smtplib.quoteaddr(address)


def _own_name() -> str:
    host = urlsplit(_public_url).hostname or "localhost"
    return host if any(c.isalpha() for c in host) and ":" not in host else f"[{host}]"


def _sign_in(smtp: smtplib.SMTP, server: Server) -> None:
    if (server.user + server.password).isascii():
        smtp.login(server.user, server.password)
        return
    # smtplib sends ASCII only; RFC 4616 says that PLAIN is UTF-8.
    secret = base64.b64encode(f"\0{server.user}\0{server.password}".encode()).decode("ascii")
    code, answer = smtp.docmd("AUTH", f"PLAIN {secret}")
    if code != 235:
        raise smtplib.SMTPAuthenticationError(code, answer)


def _patience(smtp: smtplib.SMTP, seconds: float) -> None:
    if smtp.sock is not None:
        smtp.sock.settimeout(seconds)


def _why(error: Exception) -> str:
    """A line for the console and the log. What the server said is left out: servers quote addresses and user names."""
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return f"The mail server refused the user name or password ({error.smtp_code})."
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"The mail server's certificate is not trusted: {error.verify_message}."
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return "The mail server does not offer what the settings ask for (STARTTLS or signing in)."
    if isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError):  # smtplib wraps some of them
        return "The mail server did not answer in time."
    if isinstance(error, smtplib.SMTPServerDisconnected):
        return "The mail server ended the connection."
    if isinstance(error, smtplib.SMTPResponseException):
        return f"The mail server refused the connection ({error.smtp_code})."
    return f"The mail server could not be reached: {getattr(error, 'strerror', None) or type(error).__name__}."
