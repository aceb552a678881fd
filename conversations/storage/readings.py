"""Readings of conversation files, kept while the files stay as they were read."""

import os
import threading
from collections import OrderedDict
from dataclasses import dataclass

from conversations.core.transcript import Transcript


@dataclass(frozen=True, slots=True)
class _Reading:
    transcript: Transcript
    rows: int
    inode: int
    size: int
    modified_ns: int

    def is_of(self, stat: os.stat_result) -> bool:
        return (self.inode, self.size, self.modified_ns) == (stat.st_ino, stat.st_size, stat.st_mtime_ns)


class Readings:
    """At most `most_rows` rows of the files read last, by path; a reading counts only for an unchanged file."""

    def __init__(self, most_rows: int) -> None:
        self._most_rows, self._rows = most_rows, 0
        self._readings: OrderedDict[str, _Reading] = OrderedDict()
        self._lock = threading.Lock()

    def keep(self, path: str, transcript: Transcript, stat: os.stat_result) -> None:
        """Keep a reading of the file with this `stat`; the ones unused longest give way."""
        reading = _Reading(transcript, len(transcript.rows) + 1, stat.st_ino, stat.st_size, stat.st_mtime_ns)
        with self._lock:
            self._drop(path)
            self._readings[path] = reading
            self._rows += reading.rows
            while self._rows > self._most_rows and len(self._readings) > 1:
                self._drop(next(iter(self._readings)))

    def find(self, path: str, stat: os.stat_result) -> Transcript | None:
        """The reading of the file with this `stat`, or None."""
        reading = self._readings.get(path)
        return reading.transcript if reading and reading.is_of(stat) else None

    def holds(self, path: str) -> bool:
        """Whether some reading of this file is kept, good or not."""
        return path in self._readings

    def forget(self, path: str) -> None:
        """Drop the reading of this file."""
        with self._lock:
            self._drop(path)

    def _drop(self, path: str) -> None:
        reading = self._readings.pop(path, None)
        if reading:
            self._rows -= reading.rows
