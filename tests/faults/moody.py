"""A mail server in a bad mood, as a process of its own: it refuses, has no room, hangs up, takes its time, or is gone.

`python -m tests.faults.moody PORT FOLDER SEED` reads FOLDER/mood before every answer and writes the receiver of each
mail that it took responsibility for into FOLDER/taken, before it answers. `Moody` is the way to it for tests.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Self

from tests.servers import ROOT, free_port, wait_for

END = b"\r\n.\r\n"

# How often each thing happens in each mood: at the greeting, at MAIL, at RCPT, and once the mail is there.
MOODS: dict[str, dict[str, float]] = {
    "fine": {},
    "greylisting": {"greylist": 1.0},
    "full": {"no room": 1.0},
    "busy": {"turns away": 1.0},
    "hangs up": {"hangs up at the receiver": 1.0},
    "drops early": {"hangs up at the receiver": 0.3, "hangs up at DATA": 0.2},
    "drops late": {"hangs up in the mail": 0.1, "hangs up before the answer": 0.1},
    "slow": {"waits": 1.0},
    "careless": {"greylist": 0.5, "goes on after a refusal": 1.0},
    "moody": {
        "greylist": 0.3,
        "no room": 0.05,
        "turns away": 0.05,
        "hangs up at the receiver": 0.05,
        "hangs up at DATA": 0.05,
        "hangs up in the mail": 0.03,
        "hangs up before the answer": 0.03,
        "waits": 0.1,
        "later": 0.05,
    },
}


class Moody:
    """That server, started and ended at will; what it took is kept over its lives."""

    def __init__(self, folder: Path, seed: int = 1) -> None:
        self.folder, self.port, self._seed = folder, free_port(), seed
        self._process: subprocess.Popen[bytes] | None = None
        (folder / "taken").touch()
        self.be("fine")

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}?tls=none"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def be(self, mood: str) -> None:
        """Be in that mood from now on."""
        assert mood in MOODS
        new = self.folder / "mood.new"
        new.write_text(mood)
        new.replace(self.folder / "mood")

    def taken(self) -> Counter[str]:
        """How many mails it took for each receiver."""
        return Counter((self.folder / "taken").read_text().split())

    def start(self) -> None:
        command = [sys.executable, "-m", "tests.faults.moody", str(self.port), str(self.folder), str(self._seed)]
        self._process = subprocess.Popen(command, cwd=ROOT, start_new_session=True, stdout=subprocess.PIPE)
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == b"listening\n"

    def kill(self) -> None:
        """kill -9: nobody is told anything."""
        if self._process is not None:
            assert self._process.stdout is not None
            self._process.kill()
            self._process.wait()
            self._process.stdout.close()
            self._process = None

    def wait_for_taken(self, number: int, seconds: float = 30) -> None:
        wait_for(lambda: sum(self.taken().values()) >= number, f"{number} mails to be taken", seconds)


# ---- in its own process ----------------------------------------------------------------------------------------------


class Server:
    """What all its connections share."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder = folder
        self.chance = random.Random(seed)
        self.tried: set[str] = set()  # for whom greylisting is over
        self.taken = (folder / "taken").open("a")

    def happens(self, what: str) -> bool:
        mood = MOODS[(self.folder / "mood").read_text()]
        return self.chance.random() < mood.get(what, 0.0)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            await self._speak(reader, writer)
        writer.transport.abort()

    async def _speak(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.happens("turns away"):
            writer.write(b"421 4.3.2 too busy\r\n")
            await writer.drain()
            return
        writer.write(b"220 moody\r\n")
        receiver, refused = "", False
        while True:
            line = (await reader.readuntil(b"\r\n")).decode()
            word = line[:4].upper()
            if word == "EHLO":
                writer.write(b"250-moody\r\n250-PIPELINING\r\n250 SMTPUTF8\r\n")
            elif word == "MAIL":
                refused = self.happens("no room")
                writer.write(b"452 4.3.1 no room\r\n" if refused else b"250 OK\r\n")
            elif word == "RCPT":
                receiver = line.partition("<")[2].partition(">")[0]
                if self.happens("hangs up at the receiver"):
                    return
                answer = b"503 no sender\r\n" if refused else self._receiver(receiver)
                refused = not answer.startswith(b"250")
                receiver = "nobody" if refused else receiver
                writer.write(answer)
            elif word == "DATA" and refused and not self.happens("goes on after a refusal"):
                writer.write(b"554 no valid recipients\r\n")
            elif word == "DATA":
                if self.happens("hangs up at DATA"):
                    return
                writer.write(b"354 go on\r\n")
                if self.happens("hangs up in the mail"):
                    await writer.drain()
                    await reader.read(200)
                    return
                await reader.readuntil(END)
                if self.happens("waits"):
                    await asyncio.sleep(self.chance.uniform(0.005, 0.04))
                if self.happens("later"):
                    writer.write(b"451 4.3.0 later\r\n")
                    continue
                self.taken.write(f"{receiver}\n")
                self.taken.flush()
                if self.happens("hangs up before the answer"):
                    return
                writer.write(b"250 taken\r\n")
            else:
                writer.write(b"250 OK\r\n")
            await writer.drain()

    def _receiver(self, receiver: str) -> bytes:
        if receiver.startswith("gone"):
            return b"550 5.1.1 no such user\r\n"
        if receiver not in self.tried and self.happens("greylist"):
            self.tried.add(receiver)
            return b"451 4.7.1 greylisted\r\n"
        return b"250 OK\r\n"


async def main(port: int, folder: Path, seed: int) -> None:
    server = await asyncio.start_server(Server(folder, seed).serve, "127.0.0.1", port, limit=2**20)
    print("listening", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])))
