"""A model that says what a test wrote down, in the pieces and with the pauses and failures it wants."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from typing import ClassVar

from conversations.core.prompt import Prompt
from conversations.llm.base import ChatModel, ModelError, Outcome

Step = str | ModelError | asyncio.Event
Script = Iterable[Step] | Callable[[Prompt], Iterable[Step]]


class ScriptedModel(ChatModel):
    """Plays one script per request, the last one again and again; keeps the prompts it was given.

    A step is a piece of text, a ModelError to raise, or an asyncio.Event to wait for.
    """

    provider: ClassVar[str] = "scripted"

    def __init__(self, *scripts: Script) -> None:
        self.scripts: list[Script] = list(scripts) or [["Certo."]]
        self.prompts: list[Prompt] = []

    async def stream(self, prompt: Prompt, outcome: Outcome) -> AsyncIterator[str]:
        outcome.model = "scripted"
        script = self.scripts[min(len(self.prompts), len(self.scripts) - 1)]
        self.prompts.append(prompt)
        for step in script(prompt) if callable(script) else script:
            if isinstance(step, ModelError):
                raise step
            if isinstance(step, asyncio.Event):
                await step.wait()
            else:
                await asyncio.sleep(0)  # as a model does that waits for its next word
                yield step
        outcome.finish_reason = "stop"
