"""What the client of a conversation has chosen: an output, an avatar, a role, a voice, a language.

What it asks for is checked at once and holds from the next turn on. What can be granted, `check`
knows; putting it to work is the session's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from backend.errors import AssetError, AvatarChatError
from backend.handlers.base import Options
from backend.protocol import ConfigUpdate, Hello, Output


class Choices:
    """`options` are those in force.

    check: raises `AssetError` for options that cannot be granted.
    """

    def __init__(self, check: Callable[[Options], None]) -> None:
        self.output: Output = "video"
        self.options = Options()
        self._check = check
        self._pending: Options | None = None

    @property
    def latest(self) -> Options:
        """Those in force, or those that will be from the next turn on."""
        return self._pending or self.options

    @property
    def language(self) -> str:
        return self.options.language or "en"

    def greeted(self, hello: Hello) -> list[AvatarChatError]:
        """A `hello` before the greeting holds at once. Returns why not all of it was granted."""
        self._take_output(hello)
        self.options, refusals = self._granted(hello)
        self._pending = None
        return refusals

    def greeted_again(self, hello: Hello) -> list[AvatarChatError]:
        """One that came after the greeting holds from the first turn on."""
        self._take_output(hello)
        self._pending, refusals = self._granted(hello)
        return refusals

    def update(self, message: ConfigUpdate) -> None:
        """Checked now, in force from the next turn.

        Raises:
            AssetError: it cannot be granted; all stays as it was.
        """
        options = choose(self.latest, message)
        self._check(options)
        self._pending = options
        if message.output is not None:
            self.output = message.output

    def take_effect(self) -> bool:
        """A turn begins: what is pending holds now. Returns whether anything was."""
        if self._pending is None:
            return False
        self.options, self._pending = self._pending, None
        return True

    def restore(self, output: Output, options: Options) -> None:
        """Those of an earlier life of the conversation."""
        self.output, self.options = output, options

    def _take_output(self, hello: Hello) -> None:
        """Without a word on it, a conversation that goes on over another line keeps its own."""
        if "output" in hello.model_fields_set:
            self.output = hello.output

    def _granted(self, hello: Hello) -> tuple[Options, list[AvatarChatError]]:
        """What can be granted of a `hello`, and why not the rest."""
        options = choose(self.latest, hello)
        try:
            self._check(options)
        except AssetError as error:
            return replace(options, avatar=None), [error]
        return options, []


def choose(options: Options, message: Hello | ConfigUpdate) -> Options:
    """`options` with what the message names."""
    language = message.language
    return Options(
        avatar=message.avatar or options.avatar,
        role=message.role or options.role,
        voice=message.voice or options.voice,
        language=None if language == "auto" else language or options.language,
        video=message.video or options.video,
    )
