"""Where blocking file work of an event loop is done: beside the loop, and beside the threads of the database."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")

# Syncs of different files overlap: eight at once give most of what a disk can do.
FILE_THREADS = ThreadPoolExecutor(8, thread_name_prefix="files")


async def in_file_thread(work: Callable[..., T], *args: object) -> T:
    """Run blocking work in a file thread. The work goes on when the caller is cancelled."""
    return await asyncio.get_running_loop().run_in_executor(FILE_THREADS, work, *args)
