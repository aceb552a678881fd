"""A load client for the WebSocket protocol, which prints what it measured as JSON.

python -m bench.load turns --url ws://127.0.0.1:9001 --pid PID --model 'fake?ttft=0.4&tps=60'
python -m bench.load growth ... --upto 1000
python -m bench.load idle ... --visitors 1000
"""

import argparse
import asyncio
import json
import random
import sys
import time
from collections.abc import Iterable
from dataclasses import asdict

import uvloop

from bench.figures import percentile
from bench.script import Settings
from bench.usage import usage
from bench.visitor import Plan, Report, Visitor, letters

_AT_ONCE = 16  # handshakes under way together
_WINDOWS = {10: 8, 100: 20, 1000: 40}  # message: turns measured, the middle one there
_SETTLE = 1.0  # seconds before memory is read


async def open_all(plan: Plan, report: Report, numbers: Iterable[int]) -> list[Visitor]:
    """Visitors that have said hello."""
    visitors = [Visitor(plan, report, number) for number in numbers]
    gate = asyncio.Semaphore(_AT_ONCE)

    async def enter(visitor: Visitor) -> None:
        async with gate:
            await visitor.open()

    await asyncio.gather(*(enter(visitor) for visitor in visitors))
    return visitors


async def all_turn(visitors: list[Visitor], turns: int, spread: float = 0.0) -> None:
    """A closed loop: each visitor asks again once it was answered; the first questions are spread evenly."""

    async def talk(visitor: Visitor, wait: float) -> None:
        await asyncio.sleep(wait)
        for _ in range(turns):
            await visitor.turn()

    share = spread / len(visitors)
    await asyncio.gather(*(talk(visitor, share * index) for index, visitor in enumerate(visitors)))


async def turns(options: argparse.Namespace, plan: Plan, report: Report) -> dict:
    """What a turn costs and how long its steps take."""
    visitors = await open_all(plan, report, range(options.visitors))
    if options.warmup:
        await all_turn(visitors, options.warmup, options.spread)
    report.forget_figures()
    before, own, began = usage(options.pid), time.process_time(), time.perf_counter()
    await all_turn(visitors, options.turns, options.spread)
    took, after = time.perf_counter() - began, usage(options.pid)
    found = {
        "turns": report.turns,
        "turns_per_s": report.turns / took,
        "cpu_ms": 1000 * (after.cpu - before.cpu) / max(1, report.turns),
        "cpu_share": (after.cpu - before.cpu) / took,
        "parts": len(report.seconds["part_late"]) / max(1, report.turns),
        "deltas": report.frames["delta"] / max(1, report.turns),
        "client_cpu_share": (time.process_time() - own) / took,
    }
    if options.resume:
        await asyncio.gather(*(visitor.come_back() for visitor in visitors))
    return found


async def growth(options: argparse.Namespace, plan: Plan, report: Report) -> dict:
    """CPU a turn around messages 10, 100 and 1000 of the same conversations, two rows a turn."""
    warm = await open_all(plan, report, range(options.visitors, options.visitors + 20))
    await all_turn(warm, 5)
    visitors = await open_all(plan, report, range(options.visitors))
    found, at = {}, 0
    for mark, window in ((mark, window) for mark, window in _WINDOWS.items() if mark <= options.upto):
        await all_turn(visitors, mark // 2 - window // 2 - at)
        report.forget_figures()
        before = usage(options.pid)
        await all_turn(visitors, window)
        found[f"cpu_ms_{mark}"] = 1000 * (usage(options.pid).cpu - before.cpu) / max(1, report.turns)
        at = mark // 2 - window // 2 + window
    return found


async def idle(options: argparse.Namespace, plan: Plan, report: Report) -> dict:
    """Memory that a socket takes which has said hello and then holds its peace."""
    warm = await open_all(plan, report, range(options.visitors, options.visitors + 20))
    await asyncio.sleep(_SETTLE)
    before, began = usage(options.pid), time.perf_counter()
    visitors = await open_all(plan, report, range(options.visitors))
    took = time.perf_counter() - began
    await asyncio.sleep(_SETTLE)
    after = usage(options.pid)
    return {
        "sockets": len(visitors) + len(warm),
        "kib_per_socket": (after.resident - before.resident) / 1024 / len(visitors),
        "cpu_ms_per_hello": 1000 * (after.cpu - before.cpu) / len(visitors),
        "hellos_per_s": len(visitors) / took,
    }


def summary(report: Report) -> dict:
    """Percentiles in milliseconds, and what went wrong."""
    shares = (50, 95, 99)
    times = {
        name: {f"p{share}": 1000 * percentile(values, share) for share in shares}
        for name, values in report.seconds.items()
        if values
    }
    return {**times, "counts": asdict(report.counts), "trouble": dict(report.trouble)}


def options_of(arguments: list[str]) -> argparse.Namespace:
    """The command line's options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mode", choices=sorted(MODES))
    parser.add_argument("--url", default="ws://127.0.0.1:9001")
    parser.add_argument("--pid", type=int, required=True, help="the server's process")
    parser.add_argument("--slug", default="bench{}", help="{} becomes the tenant's number, from 0")
    parser.add_argument("--tenants", type=int, default=5)
    parser.add_argument("--model", default="fake", help="the settings of the model behind the server")
    parser.add_argument("--visitors", type=int, default=50)
    parser.add_argument("--turns", type=int, default=10)
    parser.add_argument("--warmup", type=int, default=1, help="turns of each visitor that do not count")
    parser.add_argument("--spread", type=float, default=0.0, help="seconds over which the visitors begin")
    parser.add_argument("--upto", type=int, default=1000, help="growth: the last message")
    parser.add_argument("--resume", action="store_true", help="drop every socket at the end and come back")
    parser.add_argument("--timeout", type=float, default=30.0)
    return parser.parse_args(arguments)


MODES = {"turns": turns, "growth": growth, "idle": idle}


async def run(options: argparse.Namespace) -> dict:
    """One mode's figures and what went wrong meanwhile."""
    report = Report()
    model = Settings().named(options.model)
    tags = "v" + letters(random.SystemRandom().randrange(26**3), 3)
    plan = Plan(options.url, options.slug, options.tenants, model, options.timeout, tags)
    found = await MODES[options.mode](options, plan, report)
    return {**found, **summary(report)}


def main() -> int:
    """The command line; 1 when anything was lost, doubled, out of order, foreign, changed or refused."""
    found = uvloop.run(run(options_of(sys.argv[1:])))
    print(json.dumps(found))
    return int(any(found["counts"].values()))


if __name__ == "__main__":
    sys.exit(main())
