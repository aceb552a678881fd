"""Several server processes on one data folder, restarted while others serve, and programs beside them."""

import asyncio
import json
import sys
from collections import Counter

from tests.torture.servers import ROOT, Home, NotRunning, Server

# What an integrator's program does (docs/protocol.md, "Python").
TALK = """
import json, sys
import django; django.setup()
from conversations.python_api import process_message
slug, key, name, count = sys.argv[1:]
for number in range(int(count)):
    text = f"{name} {number}"
    print(json.dumps([text, process_message(text, slug, session_key=key)]), flush=True)
"""
OPEN = """
import sys
import django; django.setup()
from conversations.models import Conversation
from conversations.python_api import process_message
from conversations.tokens import issue
slug, key = sys.argv[1:]
process_message("Oi", slug, session_key=key)
print(issue(slug, Conversation.objects.latest("pk").visitor.visitor_id))
"""

Said = list[tuple[str, list[str]]]  # texts, each with the parts of its reply


class Cluster:
    """So many servers of one home; `restarts` counts them by kind."""

    def __init__(self, of: Home, processes: int) -> None:
        self.home = of
        self.servers = [Server(of) for _ in range(processes)]
        self.restarts: Counter[str] = Counter()

    @property
    def addresses(self) -> list[str]:
        """Where their sockets are, without a path."""
        return [server.ws for server in self.servers]

    async def start(self) -> None:
        """Start every server."""
        await asyncio.gather(*(asyncio.to_thread(server.start) for server in self.servers))

    async def restart(self, server: Server, *, kill: bool) -> None:
        """End one server, by kill -9 or as an operator does, and start it again."""
        await asyncio.to_thread(server.kill if kill else server.stop)
        self.restarts["kill" if kill else "stop"] += 1
        await asyncio.to_thread(server.start)

    def stop(self) -> None:
        """End every server as an operator does: the index is written then."""
        for server in self.servers:
            server.stop()

    def kill(self) -> None:
        """End what is left of them."""
        for server in self.servers:
            server.kill()

    async def talk(self, slug: str, key: str, name: str, messages: int) -> Said:
        """Let a program say so much through the Python API, each text with the program's name and a number."""
        lines = await self._python(TALK, slug, key, name, str(messages))
        return [(text, parts) for text, parts in map(json.loads, lines.splitlines())]

    async def open(self, slug: str, key: str) -> str:
        """Let a program open a new conversation; a token for its visitor, as the installation itself issues them."""
        return (await self._python(OPEN, slug, key)).strip()

    async def _python(self, program: str, *arguments: str) -> str:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", program, *arguments, cwd=ROOT, env=self.home.environment,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        out, errors = await process.communicate()
        if process.returncode:
            raise NotRunning(f"a program with the Python API failed:\n{errors.decode()[-3000:]}")
        return out.decode()
