"""Power loss: what a real server asks of its disk is recorded, and all that the disk may be left with is tried."""

import asyncio
import logging
import random
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench.fake_model import FakeModel
from conversations.storage.base import ConversationNotFound, StorageError
from conversations.storage.csv_files import READINGS, CsvFiles
from tests.conversation_rows import visitor
from tests.torture.client import Client
from tests.torture.handiwork import ANCESTOR
from tests.torture.ledger import compare, settled
from tests.torture.listener import Heard, Listener
from tests.torture.platter import Platter
from tests.torture.report import Effort, Findings, Part
from tests.torture.servers import ROOT, Home, NotRunning, Server, home, serving
from tests.torture.stored import HEADER, PREFIX, SUFFIX, read, records
from tests.torture.syscalls import Call, calls, finished, recording, why_not

SLUG = "alfa"
MODEL = {"ttft": 0.0, "tps": 3000.0, "tokens": 160}
TEXTS = ("Oi", 'Ele disse: "amanhã",\r\nàs 10h', "çãé €" * 780, "Quanto custa?", "a, b\n" * 300, "🌱" * 1900)
FAILING_SYNCS = "inject=fsync:error=EIO:when=4+9"  # in each thread: then a file is made anew
PATIENCE = 60.0


@dataclass(slots=True)
class Moment:
    """A state of the whole disk at some moment, and what had been confirmed by then."""

    files: dict[str, bytes]
    sure: dict[str, bytes]


@dataclass(slots=True)
class Judge:
    """Follows a record call by call, and tries every state that the power's loss may leave at each."""

    platter: Platter
    data: Path
    scratch: Path
    chance: random.Random
    cuts: int
    figures: Counter[str] = field(default_factory=Counter)
    details: list[str] = field(default_factory=list)
    told: dict[str, bytes] = field(default_factory=dict)  # path -> its first bytes, which somebody was told of
    _tried: set[tuple[str, int, int]] = field(default_factory=set)
    _versions: dict[str, set[bytes]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._versions |= {path: {inode.seen} for path, inode in self.platter.names.items() if inode}

    def follow(self, record: list[Call], moments: int) -> list[Moment]:
        """Go through a whole record; so many of its moments are kept as a whole, chosen by chance."""
        about_files = [number for number, call in enumerate(record) if self._is_ours(call)]
        chosen = set(self.chance.sample(about_files, min(moments, len(about_files))))
        listener, kept = Listener(), []
        for number, call in enumerate(record):
            heard = listener.take(call)
            touched = self._touched(call) if self.platter.take(call) else set()
            self.figures["system calls on files"] += bool(touched)
            self.figures["syncs that failed"] += call.name == "fsync" and self._is_ours(call) and not call.worked
            for one in heard:
                touched |= self._hear(one)
            for path in sorted(touched):
                self._try(path)
            if number in chosen:
                kept.append(self._moment())
        return kept

    def _is_ours(self, call: Call) -> bool:
        return f"{call.path}/".startswith((f"{self.data}/", f"{self.data.parent}/tenant_files/"))

    def _touched(self, call: Call) -> set[str]:
        """The files whose possible states a call may have changed."""
        for path in {call.path, call.target} & self.platter.names.keys():
            inode = self.platter.file(path)
            if call.name.startswith("rename") and inode and path == call.target:
                self._versions.setdefault(path, set()).add(inode.seen)
        inside = {path for path in [*self.platter.names, *self.platter.sure] if Path(path).parent == Path(call.path)}
        return {call.path, call.target} - {""} | (inside if call.name == "fsync" else set())

    # What was told

    def _hear(self, heard: Heard) -> set[str]:
        path = self._path_of(heard)
        inode = self.platter.file(path)
        content = inode.seen if inode else b""
        end = len(content)
        if heard.message_id:
            start = content.find(f"{heard.message_id},".encode())
            whole, _ = records(content)
            ends = _ends(whole)
            end = next((one for one in ends if one > start >= 0), 0)
        self.figures["acks" if heard.acked else "rows shown"] += 1
        if not end or not self.platter.is_sure(path, content[:end]):
            self._fault("told before its sync", f"{heard} in {path}")
        if end > len(self.told.get(path, b"")):
            self.told[path] = content[:end]
        return {path}

    def _path_of(self, heard: Heard) -> str:
        if heard.conversation:
            return str(self.data / SLUG / "conversations" / f"{PREFIX}{heard.conversation}{SUFFIX}")
        name = f"{heard.message_id},".encode()
        found = [path for path, inode in self.platter.names.items() if inode and name in inode.seen and _is_chat(path)]
        return found[0] if found else ""

    # Every state of one file

    def _try(self, path: str) -> None:
        name = Path(path).name
        if not (_is_chat(path) or name in ("sessions.csv", "users.csv", "config.json", "knowledge.json")):
            return
        for content in self.platter.outcomes(path, self.chance, self.cuts):
            told = self.told.get(path, b"")
            key = (path, hash(content), len(told))
            if key in self._tried:
                continue
            self._tried.add(key)
            self.figures["states"] += 1
            if _is_chat(path):
                self._open(path, content, told)
            elif content is not None and content not in self._versions.get(path, set()):
                self._fault("replaced files in pieces", path)

    def _open(self, path: str, content: bytes | None, told: bytes) -> None:
        place, name = self.scratch / SLUG / "conversations", Path(path).name
        place.mkdir(parents=True, exist_ok=True)
        file = place / name
        if content is None:
            file.unlink(missing_ok=True)
        elif _is_ancestors(content):
            return  # it waits for its import
        else:
            file.write_bytes(content)
        self.figures["told rows checked"] += len(records(told)[0]) if told else 0
        conversation = name.removeprefix(PREFIX).removesuffix(SUFFIX)
        where = f"{name}, {len(content or b'')} bytes, {len(told)} of them told"
        READINGS.forget_all()
        storage = CsvFiles(SLUG, root=self.scratch)
        try:
            rows = storage.read(conversation).rows
        except ConversationNotFound:
            rows = []
        except StorageError as error:
            self._fault("states that did not open", f"{where}: {error}")
            return
        if not _bytes(file).startswith(told):
            self._fault("told rows lost", where)
            return
        self._go_on(storage, conversation, file, len(rows), where)

    def _go_on(self, storage: CsvFiles, conversation: str, file: Path, rows: int, where: str) -> None:
        before = _bytes(file)
        try:
            done = storage.append(conversation, [visitor("Depois", "after-the-power")])
            again = storage.append(conversation, [visitor("Depois", "after-the-power")])
        except StorageError as error:
            self._fault("states on which the next append failed", f"{where}: {error}")
            return
        if (done.fresh, done.rows[0].seq, again.fresh) != (1, str(rows + 1), 0) or not _bytes(file).startswith(before):
            self._fault("states on which the next append failed", f"{where}: {done.fresh} {done.rows[0].seq}")
        found = read(file)
        if found.torn or found.fault or found.broken_chain or len(found.rows) != rows + 1:
            self._fault("unsound files left", f"{where}: {found.fault} {found.broken_chain}")

    def _fault(self, name: str, where: str) -> None:
        self.figures[name] += 1
        self.details.append(f"{name}: {where}")

    # Whole disks

    def _moment(self) -> Moment:
        names = self.chance.choice(list(self.platter.possible_names()))
        files = {}
        for path, inode in names.items():
            if inode and self.platter.leads_to(path, names):
                files[path] = self.chance.choice(list(inode.outcomes(self.chance, self.cuts)))
        return Moment(files, dict(self.told))


def _ends(whole: list[bytes]) -> Iterator[int]:
    end = len(HEADER)
    for record in whole:
        end += len(record) + 2
        yield end


def _is_chat(path: str) -> bool:
    name = Path(path).name
    return Path(path).parent.name == "conversations" and name.startswith(PREFIX) and name.endswith(SUFFIX)


def _is_ancestors(content: bytes) -> bool:
    return content.startswith(ANCESTOR.encode())


def _bytes(file: Path) -> bytes:
    return file.read_bytes() if file.exists() else b""


# What is recorded


async def _talk(server: Server, effort: Effort) -> None:
    people = [Client(server.ws, SLUG, name=f"p{one}", seed=effort.seed) for one in range(effort.of(3, 12))]

    async def talk(number: int, person: Client) -> None:
        async with person:
            for one in range(effort.of(4, 14)):
                text = TEXTS[(number + one) % len(TEXTS)]
                await person.acked(person.say(f"{text} #{person.name}-{one}"))
                await person.answered()
            await person.send({"type": "rate", "score": 4})

    await asyncio.gather(*(talk(*one) for one in enumerate(people)))


async def _record_server(made: Home, effort: Effort) -> list[Call]:
    log = made.folder / "server.calls"
    async with FakeModel(record=False, **MODEL) as model:
        made.settings |= {"OPENAI_BASE_URL": model.url, "OPENAI_API_KEY": "none", "TIMMY_MODEL": "fake"}
        server = Server(made, wrap=recording(log, "-e", FAILING_SYNCS))
        server.start()
        try:
            await _talk(server, effort)
            server.stop()
        finally:
            server.kill()
    made.settings.clear()
    finished(log)
    return calls(log)


def _record_handiwork(made: Home) -> list[Call]:
    log = made.folder / "handiwork.calls"
    command = [*recording(log), sys.executable, "-m", "tests.torture.handiwork", str(made.folder)]
    done = subprocess.run(command, cwd=ROOT, env=made.environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NotRunning(f"the commands failed:\n{done.stderr[-3000:]}")
    finished(log)
    return calls(log)


# The whole server on some of the states


def _start_on(made: Home, moment: Moment, pristine: Path, findings: Counter[str], details: list[str]) -> None:
    for folder in ("data", "tenant_files"):
        shutil.rmtree(made.folder / folder)
        (made.folder / folder).mkdir()
    for path in made.folder.glob("timmy.sqlite3*"):
        path.unlink()
    shutil.copy(pristine, made.folder / "timmy.sqlite3")
    for path, content in moment.files.items():
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_bytes(content)
    with serving(made) as server:
        waiting = asyncio.run(settled(made.data, PATIENCE))
        server.stop()
    findings["starts"] += 1
    for path, content in moment.files.items():
        if _is_ancestors(content):
            Path(path).unlink()  # nobody has imported it yet, and none of it is ours
    problems = [*waiting, *compare(made.data, []).details]
    problems += [
        f"told rows lost: {path}" for path, told in moment.sure.items() if not _bytes(Path(path)).startswith(told)
    ]
    findings["starts that lost something or left something open"] += bool(problems)
    details += problems


@contextmanager
def _scratch() -> Iterator[Path]:
    # In memory where there is such a place: thousands of states are synced there.
    memory = Path("/dev/shm")  # noqa: S108 - a folder of our own below it
    folder = Path(tempfile.mkdtemp(prefix="timmy-power-", dir=memory if memory.is_dir() else None))
    logging.disable()  # each cut tail is worth a line, but not thousands
    try:
        yield folder
    finally:
        logging.disable(logging.NOTSET)
        shutil.rmtree(folder)


def run(effort: Effort) -> Findings:
    """Record, try every state, start the whole server on some."""
    findings, chance = Findings(), random.Random(effort.seed)
    if reason := why_not():
        findings.broken.append(f"nothing could be recorded: {reason}")
        return findings
    with home((SLUG,)) as made, _scratch() as scratch:
        pristine = shutil.copy(made.folder / "timmy.sqlite3", made.folder / "pristine.sqlite3")
        judge = Judge(Platter(made.data, made.folder / "tenant_files"), made.data, scratch, chance, effort.of(6, 60))
        served = asyncio.run(_record_server(made, effort))
        moments = judge.follow(served, effort.of(0, 10))
        moments += judge.follow(_record_handiwork(made), effort.of(1, 4))
        starts: Counter[str] = Counter()
        for moment in moments:
            _start_on(made, moment, pristine, starts, judge.details)
    _tell(findings, judge, starts, effort)
    return findings


def _tell(findings: Findings, judge: Judge, starts: Counter[str], effort: Effort) -> None:
    found = judge.figures
    findings.at_least("system calls on files recorded", found["system calls on files"], effort.of(100, 1000))
    findings.at_least("syncs made to fail meanwhile", found["syncs that failed"], effort.of(2, 10))
    findings.at_least("acks checked", found["acks"], effort.of(12, 150))
    findings.at_least("rows shown checked", found["rows shown"], effort.of(12, 150))
    findings.must_be("acks and rows told before file and folder were synced", found["told before its sync"], 0)
    findings.at_least("states of a disk tried", found["states"], effort.of(1000, 20_000))
    findings.at_least("told rows looked for in them", found["told rows checked"], effort.of(1000, 20_000))
    for name in (
        "told rows lost", "states that did not open", "states on which the next append failed", "unsound files left",
        "replaced files in pieces",
    ):  # fmt: skip
        findings.must_be(name, found[name], 0)
    findings.at_least("states on which the whole server was started", starts["starts"], effort.of(1, 10))
    lost = "starts that lost something or left something open"
    findings.must_be(lost, starts[lost], 0)
    findings.broken += judge.details


PART = Part(
    "Power loss",
    "Whatever of unsynced bytes and names the power's loss leaves, the product starts on it and misses nothing told.",
    run,
)
