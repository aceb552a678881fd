"""Readings of conversation files, kept while the files stay as they were read."""

import os
import threading
from collections import OrderedDict
from dataclasses import dataclass

from conversations.core.transcript import Transcript


@dataclass(frozen=True, slots=True)
class Reading:
    """A file's transcript; `durable` says that this process has seen its bytes and its name synced."""

    transcript: Transcript
    durable: bool
    rows: int
    inode: int
    size: int
    modified_ns: int

    def is_of(self, stat: os.stat_result) -> bool:
        """Whether the file with this `stat` is the one that was read, unchanged."""
        return (self.inode, self.size, self.modified_ns) == (stat.st_ino, stat.st_size, stat.st_mtime_ns)


class Readings:
    """At most `most_rows` rows of the files used last, by path; a reading counts only for an unchanged file."""

    def __init__(self, most_rows: int) -> None:
        self._most_rows, self._rows = most_rows, 0
        self._readings: OrderedDict[str, Reading] = OrderedDict()
        self._lock = threading.Lock()

    def keep(self, path: str, transcript: Transcript, stat: os.stat_result, *, durable: bool) -> None:
        """Keep a reading of the file with this `stat`; the ones unused longest give way."""
        rows = len(transcript.rows) + 1
        reading = Reading(transcript, durable, rows, stat.st_ino, stat.st_size, stat.st_mtime_ns)
        with self._lock:
            self._drop(path)
            self._readings[path] = reading
            self._rows += reading.rows
            while self._rows > self._most_rows and len(self._readings) > 1:
                self._drop(next(iter(self._readings)))

    def find(self, path: str, stat: os.stat_result) -> Reading | None:
        """The reading of the file with this `stat`, or None."""
        with self._lock:
            reading = self._readings.get(path)
            if reading is None or not reading.is_of(stat):
                return None
            self._readings.move_to_end(path)
            return reading

    def holds(self, path: str) -> bool:
        """Whether some reading of this file is kept, good or not."""
        return path in self._readings

    def forget(self, path: str) -> None:
        """Drop the reading of this file."""
        with self._lock:
            self._drop(path)

    def forget_all(self) -> None:
        """Drop every reading (what a new process knows)."""
        with self._lock:
            self._readings.clear()
            self._rows = 0

    def _drop(self, path: str) -> None:
        reading = self._readings.pop(path, None)
        if reading:
            self._rows -= reading.rows
