"""Runs the parts one after another and prints their figures: python -m tests.torture [--quick] [--only NAME …]"""

import argparse
import importlib
import platform
import sys
import time

from tests.torture.report import Effort, Part

# Module -> it holds PART. In this order they run; each has a home of its own and leaves nothing behind.
PARTS = ["kills", "power", "faults", "full_disk", "index", "duplicates", "load", "unread", "hostile"]


def options_of(arguments: list[str]) -> argparse.Namespace:
    """The command line's options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="the short form that CI runs")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, metavar="NAME", help=", ".join(PARTS))
    parser.add_argument("--seed", type=int, default=1, help="what is left to chance follows from it (default: 1)")
    return parser.parse_args(arguments)


def main() -> int:
    """The command line; 1 when a promise broke."""
    options = options_of(sys.argv[1:])
    effort = Effort(options.quick, options.seed)
    form = "short form" if effort.quick else "full run"
    print(f"Torture, {form}, seed {effort.seed}, Python {platform.python_version()}, {platform.system()}", flush=True)
    broken = []
    for name in options.only:
        part: Part = importlib.import_module(f"tests.torture.{name}").PART
        print(f"\n### {part.name}\n{part.promise}\n\n| what | figure |\n| --- | --- |", flush=True)
        began = time.monotonic()
        findings = part.run(effort)
        findings.figures["seconds"] = round(time.monotonic() - began)
        print(findings.as_text(), flush=True)
        broken += [part.name] if findings.broken else []
    print(f"\n{'BROKEN: ' + ', '.join(broken) if broken else 'Every promise held.'}")
    return int(bool(broken))


if __name__ == "__main__":
    sys.exit(main())
