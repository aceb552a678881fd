"""Writes a run's figures as Markdown tables: the floor, Timmy, and the two compared round by round."""

from dataclasses import dataclass, fields

from bench.figures import differences, ratios, spread, table
from bench.ledger import Counts

Runs = dict[str, dict[str, list[dict]]]  # phase -> server -> what each round's load client printed


@dataclass(frozen=True, slots=True)
class Line:
    """One figure of the table."""

    label: str
    phase: str
    figure: str  # "ack.p50": the key, or keys, in the load client's answer
    compare: str = "ratio"  # or "difference"
    digits: int = 2


def _live(phase: str) -> tuple[Line, ...]:
    return (
        Line(f"{phase} visitors: ack p50, ms", phase, "ack.p50"),
        Line(f"{phase} visitors: ack p95, ms", phase, "ack.p95"),
        Line(f"{phase} visitors: first part later than the model, p50, ms", phase, "first_late.p50", "difference", 1),
        Line(f"{phase} visitors: first part later than the model, p95, ms", phase, "first_late.p95", "difference", 1),
        Line(f"{phase} visitors: any part later than the model, p95, ms", phase, "part_late.p95", "difference", 1),
        Line(f"{phase} visitors: CPU ms a turn", phase, "cpu_ms"),
        Line(f"{phase} visitors: share of the core", phase, "cpu_share"),
    )


LINES = (
    Line("zero delay: CPU ms a turn", "cost", "cpu_ms"),
    Line("zero delay: turns/s", "cost", "turns_per_s", digits=0),
    Line("zero delay: ack p50, ms", "cost", "ack.p50", digits=1),
    Line("zero delay: ack p95, ms", "cost", "ack.p95", digits=1),
    Line("zero delay: parts a turn", "cost", "parts"),
    Line("zero delay: delta frames a turn", "cost", "deltas"),
    *_live("live 50"),
    *_live("live 200"),
    Line("growth: CPU ms a turn at message 10", "growth", "cpu_ms_10"),
    Line("growth: CPU ms a turn at message 100", "growth", "cpu_ms_100"),
    Line("growth: CPU ms a turn at message 1000", "growth", "cpu_ms_1000"),
    Line("idle: KiB a socket", "idle", "kib_per_socket", digits=1),
    Line("idle: CPU ms a handshake and hello", "idle", "cpu_ms_per_hello"),
    Line("idle: hello answered, p50, ms", "idle", "ready.p50", digits=1),
)


def pick(run: dict, figure: str) -> float | None:
    """A figure of one run, or None when that run has none of it."""
    for key in figure.split("."):
        if key not in run:
            return None
        run = run[key]
    return run


def values(runs: Runs, line: Line, server: str) -> list[float]:
    """A figure's values, round by round."""
    found = [pick(run, line.figure) for run in runs.get(line.phase, {}).get(server, [])]
    return [value for value in found if value is not None]


def _row(runs: Runs, line: Line) -> list[str] | None:
    floor, ours = values(runs, line, "relay"), values(runs, line, "timmy")
    if not floor and not ours:
        return None
    if line.compare == "difference":
        compared = spread(differences(ours, floor), 1, "+")
    else:
        both = ratios(ours, floor)
        compared = f"× {spread(both)}" if both else "–"
    return [line.label, spread(floor, line.digits), spread(ours, line.digits), compared]


def _growth(runs: Runs) -> list[list[str]]:
    """A conversation's growth is compared with its own beginning, not with the floor, which keeps nothing."""
    first = values(runs, Line("", "growth", "cpu_ms_10"), "timmy")
    rows = []
    for mark in (100, 1000):
        grown = values(runs, Line("", "growth", f"cpu_ms_{mark}"), "timmy")
        if grown:
            rows.append([f"growth: message {mark} against message 10", "–", "× " + spread(ratios(grown, first)), "–"])
    return rows


def counted(runs: Runs) -> dict[str, dict[str, int]]:
    """For each server, what went wrong in all its runs together."""
    found: dict[str, dict[str, int]] = {}
    for servers in runs.values():
        for name, all_rounds in servers.items():
            sums = found.setdefault(name, {field.name: 0 for field in fields(Counts)})
            for run in all_rounds:
                for kind, count in run["counts"].items():
                    sums[kind] += count
    return found


def troubles(runs: Runs) -> list[str]:
    """One line for each kind of error frame or close that a server sent."""
    lines = []
    for phase, servers in runs.items():
        for name, all_rounds in servers.items():
            for run in all_rounds:
                lines += [f"- {name}, {phase}: {what}, {count} times" for what, count in run["trouble"].items()]
    return lines


def markdown(runs: Runs, heading: str) -> str:
    """The whole report."""
    rows = [row for line in LINES if (row := _row(runs, line))] + _growth(runs)
    speed = table(["figure, median [least..greatest round]", "relay", "timmy", "timmy : relay"], rows)
    kinds = [field.name for field in fields(Counts)]
    whole = counted(runs)
    sound = table(["server", *kinds], [[name, *(str(c[kind]) for kind in kinds)] for name, c in whole.items()])
    return "\n\n".join(part for part in (heading, speed, sound, "\n".join(troubles(runs))) if part)
