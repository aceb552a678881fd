"""CPU time and memory of a server and all its children."""

from dataclasses import dataclass

import psutil


@dataclass(frozen=True, slots=True)
class Usage:
    """Seconds of CPU since the start, and resident bytes now."""

    cpu: float
    resident: int


def usage(pid: int) -> Usage:
    """The usage of a process and its living descendants; those that ended are in their parent's account."""
    cpu, resident = 0.0, 0
    root = psutil.Process(pid)
    for process in (root, *root.children(recursive=True)):
        with process.oneshot():
            times = process.cpu_times()
            cpu += times.user + times.system
            resident += process.memory_info().rss
    own = root.cpu_times()
    return Usage(cpu + getattr(own, "children_user", 0.0) + getattr(own, "children_system", 0.0), resident)
