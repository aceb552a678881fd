"""Visitors who send as fast as they like, in a process of their own.

Says a line when it is ready, begins when it is told a line, and prints as JSON what its visitors were told.

python -m tests.torture.flooders --server ws://127.0.0.1:9001 --slug alfa --group 7 --count 20 --seconds 10
"""

import argparse
import asyncio
import json
import os
import sys
import time
from collections import Counter
from typing import Any

import uvloop

from bench.websocket import WebSocket, WebSocketError
from tests.torture.multitude import address

PER_SECOND = 100
PATIENCE = 30.0


class Flooder:
    """Sends without a pause; who was closed comes at once again, with its token or as somebody new."""

    def __init__(self, options: argparse.Namespace, number: int) -> None:
        self.url = f"{options.server}/ws/chat/{options.slug}/"
        self.whence = {"X-Forwarded-For": address(options.group, number)}
        self.new_each_time, self.number, self.group = number % 2 == 1, number, options.group
        self.visitor: str | None = None
        self.found: Counter[str] = Counter()
        self.closed = asyncio.Event()
        self.closed.set()
        self._sent = 0

    async def flood(self, until: float) -> None:
        """Until this moment (monotonic seconds), and until closed once."""
        due = time.monotonic()
        while due < until or (not self.found["closed 4429"] and due < until + PATIENCE):
            if self.closed.is_set():
                await self._enter()
            else:
                self._send()
            due = max(due + 1 / PER_SECOND, time.monotonic() - 0.05)
            await asyncio.sleep(max(0.0, due - time.monotonic()))
        if not self.closed.is_set():
            self.socket.drop()
        self.found["never closed"] += not self.found["closed 4429"]

    async def _enter(self) -> None:
        self.closed.clear()
        self.socket = WebSocket(self._frame, self._gone)
        try:
            async with asyncio.timeout(10):
                await self.socket.open(self.url, self.whence)
        except (OSError, WebSocketError, TimeoutError) as error:
            self.found[f"no handshake: {type(error).__name__}"] += 1
            self.closed.set()
            return
        self.found["sockets"] += 1
        self.socket.send({"type": "hello", "visitor": None if self.new_each_time else self.visitor})

    def _send(self) -> None:
        self._sent += 1
        self.found["sent"] += 1
        client_id = f"f{self.group}-{self.number}-{self._sent}"
        self.socket.send({"type": "message", "client_id": client_id, "text": f"compre agora {self._sent}"})

    def _frame(self, frame: dict[str, Any]) -> None:
        kind = frame["type"]
        if kind == "error":
            self.found[frame["code"]] += 1
            self.found["with retry_after"] += frame["code"] == "rate_limited" and frame.get("retry_after", 0) >= 1
        elif kind in {"ack", "ready"}:
            self.found[kind] += 1
        if kind == "ready":
            self.visitor = frame["visitor"]

    def _gone(self, code: int) -> None:
        self.found[f"closed {code}"] += 1
        self.closed.set()


async def run(options: argparse.Namespace) -> Counter[str]:
    """What all of them were told."""
    flooders = [Flooder(options, number) for number in range(options.count)]
    until = time.monotonic() + options.seconds
    await asyncio.gather(*(flooder.flood(until) for flooder in flooders))
    return sum((flooder.found for flooder in flooders), Counter())


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", required=True)
    parser.add_argument("--slug", default="alfa")
    parser.add_argument("--group", type=int, default=1)
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=10.0)
    options = parser.parse_args(sys.argv[1:])
    os.nice(19)  # who measures on the same core goes first
    print("ready", flush=True)
    sys.stdin.readline()
    print(json.dumps(uvloop.run(run(options))))


if __name__ == "__main__":
    main()
