"""What a run measures: the phases, full and quick."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Phase:
    """One kind of measurement, done in rounds for each of its servers in turn."""

    name: str
    model: str
    mode: str
    options: str
    rounds: int
    servers: tuple[str, ...] = ("relay", "timmy")

    def arguments(self, server: str) -> list[str]:
        """What the load client is told; the relay keeps nothing that one could come back to."""
        found = [self.mode, "--model", self.model, *self.options.split()]
        return found if server == "timmy" else [one for one in found if one != "--resume"]


AT_ONCE = "fake?tokens=120"
LIVE = "fake?ttft=0.4&tps=60&tokens=120"
LIVE_BRIEF = "fake?ttft=0.4&tps=60&tokens=60"
SHORT = "fake?tokens=12"  # under 80 letters: one part, so that a turn is two rows

FULL = (
    Phase("cost", AT_ONCE, "turns", "--visitors 50 --turns 30 --warmup 4 --resume", 5),
    Phase("live 50", LIVE, "turns", "--visitors 50 --turns 4 --spread 2.4 --resume", 3),
    Phase("live 200", LIVE, "turns", "--visitors 200 --turns 3 --spread 2.4", 3),
    Phase("growth", SHORT, "growth", "--visitors 40 --upto 1000", 2, ("timmy",)),
    Phase("idle", AT_ONCE, "idle", "--visitors 1000", 2),
)

QUICK = (
    Phase("cost", AT_ONCE, "turns", "--visitors 50 --turns 10 --warmup 2 --resume", 1),
    Phase("live 50", LIVE_BRIEF, "turns", "--visitors 50 --turns 1 --spread 1.4", 1),
    Phase("live 200", LIVE_BRIEF, "turns", "--visitors 200 --turns 1 --spread 1.4", 1),
    Phase("growth", SHORT, "growth", "--visitors 20 --upto 100", 1, ("timmy",)),
    Phase("idle", AT_ONCE, "idle", "--visitors 200", 1),
)
