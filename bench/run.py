"""Runs the whole benchmark, relay and Timmy in turn, and prints what came out.

python -m bench.run [--quick] [--out FILE] [--servers relay,timmy] [--phases cost,idle]
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.plan import FULL, QUICK, Phase
from bench.report import Runs, counted, markdown
from bench.servers import ROOT, Cores, Home, NotRunning, fake_model, pinned, server

_LOAD = 300  # seconds after which a load client is taken to hang


def measure(phase: Phase, name: str, home: Home, cores: Cores, model_url: str) -> dict:
    """One round of one phase: a fresh server, a load client, its figures."""
    with server(name, home, cores, model_url, phase.model) as (url, pid):
        command = [sys.executable, "-m", "bench.load", *phase.arguments(name)]
        command += ["--url", url, "--pid", str(pid), "--tenants", str(home.tenants)]
        try:
            done = subprocess.run(
                pinned(cores.rest, command), cwd=ROOT, capture_output=True, text=True, timeout=_LOAD, check=False
            )
        except subprocess.TimeoutExpired as late:
            raise NotRunning(f"the load client of {phase.name} on {name} took more than {_LOAD} s") from late
    if not done.stdout:
        raise NotRunning(f"the load client of {phase.name} on {name} failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout)


def rounds(phase: Phase, servers: list[str], home: Home, cores: Cores, model_url: str) -> dict[str, list[dict]]:
    """A phase's rounds: A B A B, so that a machine's slow minutes fall on both."""
    found: dict[str, list[dict]] = {name: [] for name in servers if name in phase.servers}
    for number in range(phase.rounds):
        for name in found:
            began = time.monotonic()
            found[name].append(measure(phase, name, home, cores, model_url))
            took = time.monotonic() - began
            print(f"{phase.name}: {name}, round {number + 1}, {took:.0f} s", file=sys.stderr, flush=True)
    return found


def heading(cores: Cores, quick: bool, seconds: float, load: float) -> str:
    """What was run, and on what."""
    kind = "quick run: a smoke test, its figures are rough" if quick else "full run"
    machine = f"Python {platform.python_version()}, {platform.system()}, {os.cpu_count()} cores"
    busy = f"Load average before the run: {load:.2f} (well above 0: others used the machine, take care)."
    return f"Benchmark, {kind}; {seconds:.0f} s. {machine}. {busy} {cores.describe()}"


def options_of(arguments: list[str]) -> argparse.Namespace:
    """The command line's options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a smoke test of under 90 s")
    parser.add_argument("--out", type=Path, help="also write the report here; .json: every round's figures")
    parser.add_argument("--servers", default="relay,timmy", help="which of the two")
    parser.add_argument("--phases", default="", help="only these, by name")
    return parser.parse_args(arguments)


def run(options: argparse.Namespace, home: Home, cores: Cores) -> Runs:
    """Every phase that was asked for."""
    servers, only = options.servers.split(","), options.phases.split(",") if options.phases else []
    if "timmy" in servers:
        home.prepare()
    runs: Runs = {}
    with fake_model(home, cores) as model_url:
        for phase in QUICK if options.quick else FULL:
            if not only or phase.name in only:
                runs[phase.name] = rounds(phase, servers, home, cores, model_url)
    return runs


def main(arguments: list[str]) -> int:
    """The command line; 1 when anything was lost, doubled, changed, foreign or refused, 2 when nothing ran."""
    options, cores, began, load = options_of(arguments), Cores.found(), time.monotonic(), os.getloadavg()[0]
    try:
        with tempfile.TemporaryDirectory(prefix="timmy-bench-", ignore_cleanup_errors=True) as folder:
            runs = run(options, Home(Path(folder)), cores)
    except NotRunning as problem:
        print(problem, file=sys.stderr)
        return 2
    text = markdown(runs, heading(cores, options.quick, time.monotonic() - began, load))
    print(text)
    if options.out:
        options.out.write_text(json.dumps(runs, indent=1) if options.out.suffix == ".json" else text + "\n")
    return int(any(count for sums in counted(runs).values() for count in sums.values()))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
