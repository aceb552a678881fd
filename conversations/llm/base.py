"""What answers: a chat model streams one reply's text; how it fails has a name."""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import ClassVar

from conversations.core.prompt import Prompt


class ModelError(Exception):
    """The model gave no (further) answer. `code` is the row's error_code; `retry`: asking again may help."""

    code: ClassVar[str] = "invalid"
    retry: ClassVar[bool] = False


class RateLimited(ModelError):
    """Too many requests; `after` seconds are asked for (None: not said)."""

    code = "rate_limited"
    retry = True

    def __init__(self, message: str, after: float | None = None) -> None:
        super().__init__(message)
        self.after = after


class Unreachable(ModelError):
    """No connection, or the server is in trouble (5xx)."""

    code = "unreachable"
    retry = True


class TimedOut(ModelError):
    """No first word in time, or silence in the middle."""

    code = "timeout"


class Cut(ModelError):
    """The stream ended before the reply did."""

    code = "cut"
    retry = True


class Invalid(ModelError):
    """The server answered something that is no reply (a login page, no choices, a bad request)."""

    code = "invalid"


class Refused(ModelError):
    """The key was refused or the content was filtered: asking again changes nothing."""

    code = "refused"


@dataclass(slots=True)
class Outcome:
    """What a model tells about a reply beside its text; filled while it streams."""

    model: str = ""
    tokens_in: int | None = None
    tokens_cached: int | None = None
    tokens_out: int | None = None
    finish_reason: str = ""
    knowledge: tuple[str, ...] = ()


class ChatModel(ABC):
    """A backend that answers. Instances serve all tenants and any number of replies at once."""

    provider: ClassVar[str]

    @abstractmethod
    def stream(self, prompt: Prompt, outcome: Outcome) -> AsyncIterator[str]:
        """The reply's text in pieces as they come; fills `outcome`.

        Raises a ModelError at any point; what was yielded before stays said. Cancelling the iteration ends the
        request.
        """

    def get_ready(self) -> None:  # noqa: B027 - most backends need nothing
        """Do once, in the running event loop, what would else be done in the first visitor's time."""

    async def aclose(self) -> None:  # noqa: B027 - most backends hold nothing open
        """Close what is kept open for the running event loop; the backend can be used again after."""
