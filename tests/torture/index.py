"""The SQL index thrown away and made again from the files, at rest, under traffic and by several processes at once."""

import asyncio
import random
import sqlite3
import subprocess
import time
from collections.abc import Sequence
from typing import Any

from tests.torture.crowd import Crowd
from tests.torture.ledger import compare, settled, sql_rows
from tests.torture.report import Effort, Findings, Part
from tests.torture.servers import Home, Server, home
from tests.torture.stored import read_all

SLUGS = ("alfa", "beta")
FLUSH_SECONDS = 20.0  # the product promises 2; a busy machine may take its time

Key = tuple[str, ...]
Snapshot = dict[Key, dict[str, Any]]


def snapshot(of: Home) -> Snapshot:
    """Every column of the index by what its row is about; the numbers that only join tables are replaced by names."""
    slugs = {row["id"]: row["slug"] for row in sql_rows(of, "tenants_app_tenant")}
    found: Snapshot = {}
    names: dict[int, str] = {}
    for row in sql_rows(of, "conversations_visitor"):
        names[row["id"]] = row["visitor_id"]
        found["visitor", slugs[row["tenant_id"]], row["visitor_id"]] = _without(row, "id", "tenant_id")
    for row in sql_rows(of, "conversations_conversation"):
        cells = _without(row, "id", "tenant_id") | {"visitor_id": names.get(row["visitor_id"], "nobody")}
        found["conversation", slugs[row["tenant_id"]], row["conversation_id"]] = cells
    return found


def _without(row: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in names}


def differences(before: Snapshot, after: Snapshot) -> list[str]:
    """Every cell in which two snapshots differ, a sentence each."""
    found = [f"{key} is gone" for key in before.keys() - after.keys()]
    found += [f"{key} was not there" for key in after.keys() - before.keys()]
    for key in before.keys() & after.keys():
        for name, value in before[key].items():
            if after[key][name] != value:
                found.append(f"{key} {name}: {value!r}, then {after[key][name]!r}")
    return sorted(found)


def throw_away(of: Home, tables: Sequence[str] = ("conversation", "visitor")) -> int:
    """Delete the index's rows; returns how many there were."""
    with sqlite3.connect(of.folder / "timmy.sqlite3", timeout=30) as database:
        return sum(database.execute(f"DELETE FROM conversations_{table}").rowcount for table in tables)  # noqa: S608


def reindex(of: Home) -> subprocess.CompletedProcess[str]:
    """Make the index again from the files."""
    return of.manage("reindex", check=False)


def differences_after_rebuild(of: Home) -> list[str]:
    """Throw the index away, make it again, and say where it differs from what it was. Right while nothing writes."""
    before = snapshot(of)
    throw_away(of)
    done = reindex(of)
    return differences(before, snapshot(of)) + ([done.stderr] if done.returncode else [])


def differences_from_files(of: Home) -> list[str]:
    """Where the index's numbers are not those of the files, counted by the suite's own reader."""
    indexed = snapshot(of)
    found: list[str] = []
    for stored in read_all(of.data):
        row = indexed.pop(("conversation", stored.slug, stored.conversation), None)
        if row is None:
            found.append(f"{stored.slug}/{stored.conversation} is not in the index")
            continue
        roles = [one["role"] for one in stored.rows]
        wanted = {
            "last_seq": len(stored.rows), "file_size": stored.path.stat().st_size,
            "visitor_messages": roles.count("user"), "assistant_messages": roles.count("assistant"),
            "visitor_id": stored.rows[0]["user_id"], "unanswered": bool(stored.unanswered or stored.open_replies),
            "status": _status(stored.rows),
        }  # fmt: skip
        found += [f"{stored.conversation} {name}: {row[name]}, the file's {value}" for name, value in wanted.items()
                  if row[name] != value]  # fmt: skip
    return found + [f"{key} has no file" for key in indexed if key[0] == "conversation"]


def _status(rows: list[dict[str, str]]) -> str:
    events = "".join(row["receipt"] for row in rows if row["role"] == "system")
    return "closed" if '"event":"end"' in events else "waiting" if '"event":"handoff"' in events else "assistant"


async def flushed(of: Home) -> list[str]:
    """Wait until the index has come up with the files; where it differs after FLUSH_SECONDS."""
    until = time.monotonic() + FLUSH_SECONDS
    while (left := differences_from_files(of)) and time.monotonic() < until:
        await asyncio.sleep(0.25)
    return left


class Trial:
    """Servers on one home, visitors who wander between them, and an index that is deleted under them."""

    def __init__(self, of: Home, servers: list[Server], effort: Effort) -> None:
        self._home, self._servers, self._effort = of, servers, effort
        self._chance = random.Random(f"{effort.seed}/index")
        addresses = [server.ws for server in servers]
        self._crowd = Crowd(
            addresses, SLUGS, effort.of(4, 10), name="x", seed=effort.seed, messages=8, tabs=2,
            pause=0.3 if effort.quick else 0.1,
        )  # fmt: skip
        self._deleted = self._rebuilt = self._killed = 0
        self._failed: list[str] = []

    async def run(self) -> Findings:
        """Traffic with deletions, then quiet; what the index is then, and what a new one is."""
        async with self._crowd:
            await self._crowd.is_ready()
            await asyncio.sleep(self._effort.of(2, 5))
            for number in range(self._effort.of(2, 12)):
                await self._delete_and_rebuild(number)
            await asyncio.sleep(self._effort.of(3, 20))  # what is written behind from here on nobody rebuilds
        waiting = await settled(self._home.data)
        late = await flushed(self._home)
        live = snapshot(self._home)
        rebuilt = await asyncio.to_thread(differences_after_rebuild, self._home)
        return self._tell(live, [*waiting, *late], rebuilt)

    async def _delete_and_rebuild(self, number: int) -> None:
        tables = ("conversation", "visitor") if number % 2 == 0 else ("conversation",)
        self._deleted += await asyncio.to_thread(throw_away, self._home, tables)
        at_once = self._effort.of(1, 2)
        doing = [asyncio.to_thread(reindex, self._home) for _ in range(at_once)]
        if not self._effort.quick and number % 3 == 0:
            doing.append(asyncio.to_thread(self._kill_one))
        for done in await asyncio.gather(*doing):
            if done is not None:
                self._rebuilt += 1
                self._failed += [done.stderr] if done.returncode else []

    def _kill_one(self) -> None:
        server = self._chance.choice(self._servers)
        server.kill()
        server.start()
        self._killed += 1

    def _tell(self, live: Snapshot, late: list[str], rebuilt: list[str]) -> Findings:
        findings = Findings()
        found = compare(self._home.data, self._crowd.told)
        errors = [line for line in self._home.logs().splitlines() if "Traceback" in line]
        findings.at_least("server processes that write the index", len(self._servers), 2)
        findings.at_least("index rows deleted under traffic", self._deleted, 1)
        findings.at_least("rebuilds under traffic", self._rebuilt, self._effort.of(2, 20))
        findings.figures["servers killed (-9) meanwhile"] = self._killed
        findings.at_least("index rows compared", len(live), self._effort.of(16, 100))
        findings.at_least("cells compared", sum(map(len, live.values())), 100)
        findings.at_least("messages acked", found.acks, self._effort.of(50, 500))
        findings.must_be("rebuilds that failed", len(self._failed), 0)
        findings.must_be("differences from the files after traffic", len(late), 0)
        findings.must_be("cells that a new index has otherwise", len(rebuilt), 0)
        found.tell(findings)
        findings.must_be("tracebacks in the servers' logs", len(errors), 0)
        findings.broken += [*self._failed, *late, *rebuilt]
        return findings


def run(effort: Effort) -> Findings:
    """All of it in one home."""
    with home(SLUGS) as made:
        servers = [Server(made) for _ in range(effort.of(2, 3))]
        try:
            for server in servers:
                server.start(wait=False)
            for server in servers:
                server.wait_until_up()
            return asyncio.run(Trial(made, servers, effort).run())
        finally:
            for server in servers:
                server.kill()


PART = Part(
    "index",
    "The SQL index can be thrown away at any moment: made again from the files it is the same in every column.",
    run,
)
