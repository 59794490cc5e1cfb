"""What an ear asks of the conversation that it listens for, and what it tells it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from backend.handlers.messages import Transcript


@dataclass(frozen=True, slots=True)
class AvatarSpeech:
    """The avatar sounds, or would if it were not paused."""

    since_s: float
    """Clock second at which its sound began."""
    words: str
    """What it has said, the words of this moment included."""


class Conversationalist(Protocol):
    """The one who answers. Only `barge_in` and `heard` may take their time."""

    def avatar_speech(self) -> AvatarSpeech | None:
        """None while the avatar is silent. A paused avatar still speaks."""

    def is_thinking(self) -> bool:
        """Whether a reply was asked for, of which nothing sounds yet."""

    def pause_playback(self) -> None:
        """Be quiet at once, but lose nothing."""

    def resume_playback(self) -> None:
        """Go on; harmless where nothing is paused."""

    async def barge_in(self) -> None:
        """Give up the reply; returns when nothing more of it follows."""

    def heard_partial(self, transcript: Transcript) -> None:
        """What the user has said so far."""

    def heard_nothing(self, shown: Transcript) -> None:
        """No turn comes of what was `shown` last of an utterance."""

    async def heard(self, transcript: Transcript) -> None:
        """A whole turn of the user."""

    def failed(self, error: BaseException) -> None:
        """Something went wrong while listening; listening goes on."""
