"""Where blocking file work of an event loop is done: beside the loop, and beside the threads of the database."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from conversations.core.records import Row
from conversations.storage.base import Appended, Guard, Storage

T = TypeVar("T")

# Syncs of different files overlap: eight at once give most of what a disk can do.
FILE_THREADS = ThreadPoolExecutor(8, thread_name_prefix="files")
# These never wait for a file's lock, which one of theirs may have to release.
SYNC_THREADS = ThreadPoolExecutor(8, thread_name_prefix="syncs")


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
    return await asyncio.shield(asyncio.wrap_future(SYNC_THREADS.submit(begun.finish)))
