"""A network that breaks."""

from __future__ import annotations

import contextlib
import itertools
import socket
import threading

from tests.servers import free_port


class Proxy:
    """A TCP proxy that can swallow what flows in one direction, and cut."""

    def __init__(self, target: int) -> None:
        self.port = free_port()
        self._target = target
        self._open: list[tuple[socket.socket, socket.socket]] = []
        self.swallow: str = ""  # "up" or "down": what flows there is lost
        self._listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(("127.0.0.1", self._target), timeout=2)
            except OSError:
                client.close()
                continue
            server.settimeout(None)
            self._open.append((client, server))
            for source, sink, direction in ((client, server, "up"), (server, client, "down")):
                threading.Thread(target=self._pump, args=(source, sink, direction), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket, direction: str) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if self.swallow != direction:
                    sink.sendall(data)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def cut(self) -> None:
        """End every connection through here."""
        ends, self._open = self._open, []
        for end in itertools.chain.from_iterable(ends):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def close(self) -> None:
        self._listener.close()
        self.cut()
