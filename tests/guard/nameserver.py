"""A small DNS server on loopback (UDP): zones of our own, and domains it never answers about."""

from __future__ import annotations

import socket
import threading
from typing import Self

import dns.flags
import dns.message
import dns.rcode
import dns.rrset


class NameServer:
    """Answers questions for MX: `mx` names the exchange of each domain ("." is a null MX), `empty` domains have none;
    `broken` ones are answered SERVFAIL, `silent` ones not at all. Every other one does not exist; `com` does, unless
    the server is a `closed` network's."""

    def __init__(
        self,
        mx: dict[str, str] | None = None,
        *,
        empty: frozenset[str] = frozenset(),
        broken: frozenset[str] = frozenset(),
        silent: frozenset[str] = frozenset(),
        mute: bool = False,
        closed: bool = False,
    ) -> None:
        empty |= frozenset() if closed else {"com"}
        self.mx, self.empty, self.broken, self.silent, self.mute = mx or {}, empty, broken, silent, mute
        self.asked: list[str] = []
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._socket.getsockname()[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def _serve(self) -> None:
        while True:
            try:
                packet, peer = self._socket.recvfrom(4096)
            except OSError:
                return
            query = dns.message.from_wire(packet)
            domain = query.question[0].name.to_text().rstrip(".")
            if domain != "com":
                self.asked.append(domain)
            if not self.mute and domain not in self.silent:
                self._socket.sendto(self._answer(query, domain).to_wire(), peer)

    def _answer(self, query: dns.message.Message, domain: str) -> dns.message.Message:
        answer = dns.message.make_response(query, recursion_available=True)
        if domain in self.broken:
            answer.set_rcode(dns.rcode.SERVFAIL)
        elif domain in self.mx:
            answer.answer.append(dns.rrset.from_text(query.question[0].name, 60, "IN", "MX", f"0 {self.mx[domain]}"))
        elif domain not in self.empty:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        return answer
