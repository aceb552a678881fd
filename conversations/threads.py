"""Where blocking file work of an event loop is done: beside the loop, and beside the threads of the database."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from queue import SimpleQueue
from typing import TypeVar

from conversations.core.records import Row
from conversations.storage.base import Appended, Begun, Guard, Storage

T = TypeVar("T")

# Syncs of different files overlap: eight at once give most of what a disk can do.
AT_ONCE = 8
FILE_THREADS = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="files")


async def in_file_thread(work: Callable[..., T], *args: object) -> T:
    """Run blocking work in a file thread. The work goes on when the caller is cancelled."""
    return await asyncio.get_running_loop().run_in_executor(FILE_THREADS, work, *args)


async def append(storage: Storage, conversation_id: str, rows: Sequence[Row], guard: Guard | None = None) -> Appended:
    """`storage.append` for an event loop, with as little as possible in threads: each of a thread's system calls gives
    the interpreter up and waits to get it back, and an append has a dozen of which only the sync takes time.

    What was begun goes on when the caller is cancelled.
    """
    begun = storage.begin(conversation_id, rows, guard)
    if begun is None:
        return await in_file_thread(storage.append, conversation_id, rows, guard)
    return await _syncs.finish(begun)


class _SyncThreads:
    """Threads that finish what was begun; an executor's futures would cost as much again as the work.

    They never wait for a file's lock, which one of their own conversations may hold until they come to it.
    """

    def __init__(self) -> None:
        self._begun: SimpleQueue[tuple[Begun, asyncio.AbstractEventLoop, asyncio.Future[Appended]]] = SimpleQueue()
        self._started = False

    def finish(self, begun: Begun) -> "asyncio.Future[Appended]":
        """Finish it in a thread; the future tells how it went, in the running loop."""
        if not self._started:
            self._started = True
            for number in range(AT_ONCE):
                threading.Thread(target=self._work, name=f"syncs_{number}", daemon=True).start()
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Appended] = loop.create_future()
        self._begun.put((begun, loop, future))
        return future

    def _work(self) -> None:
        while True:
            begun, loop, future = self._begun.get()
            try:
                tell = _tell(future.set_result, begun.finish(), future)
            except BaseException as error:  # whatever it is, it is the caller's  # noqa: BLE001
                tell = _tell(future.set_exception, error, future)
            with suppress(RuntimeError):  # the loop has ended: nobody waits any more
                loop.call_soon_threadsafe(tell)
            del begun, future, tell


def _tell(how: Callable[[T], None], what: T, future: "asyncio.Future[Appended]") -> Callable[[], None]:
    return lambda: None if future.done() else how(what)


_syncs = _SyncThreads()
