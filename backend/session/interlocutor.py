"""The side of a session that its ear talks to: who sounds, who was heard, who is to fall silent."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from backend import clock
from backend.handlers.messages import Transcript
from backend.protocol import AsrFinal, AsrPartial, ServerMessage
from backend.session.floor import Floor
from backend.session.turn_taking.conversation import AvatarSpeech


@dataclass(frozen=True, slots=True)
class Heard:
    """A complete turn of the user, and when it was known how much of it (clock seconds)."""

    text: str
    speech_ended_s: float
    first_partial_s: float | None
    final_s: float


class Interlocutor:
    """See `Conversationalist`. `answer` is given every complete turn of the user."""

    def __init__(
        self,
        floor: Floor,
        post: Callable[[ServerMessage], None],
        answer: Callable[[Heard], Awaitable[None]],
        report: Callable[[BaseException], None],
    ) -> None:
        self._floor = floor
        self._post = post
        self._answer = answer
        self._report = report
        self._first_partial_s: float | None = None

    def avatar_speech(self) -> AvatarSpeech | None:
        turn = self._floor.turn
        if turn is None or (since_s := turn.reply.playout.starts_s) is None:
            return None
        words = turn.reply.script.begun(turn.reply.playout, clock.now())
        return AvatarSpeech(since_s, words)

    def is_thinking(self) -> bool:
        return self._floor.turn is not None and self.avatar_speech() is None

    def pause_playback(self) -> None:
        self._floor.pause()

    def resume_playback(self) -> None:
        self._floor.resume()

    async def barge_in(self) -> None:
        async with self._floor.lock:
            await self._floor.clear("barge_in")

    def heard_partial(self, transcript: Transcript) -> None:
        if self._first_partial_s is None:
            self._first_partial_s = clock.now()
        self._post(
            AsrPartial(
                text=transcript.text,
                language=transcript.language,
                confidence=transcript.confidence,
            )
        )

    def heard_nothing(self, shown: Transcript) -> None:
        self._first_partial_s = None
        self._post(AsrFinal(text="", language=shown.language))

    async def heard(self, transcript: Transcript) -> None:
        self._post(
            AsrFinal(
                text=transcript.text,
                language=transcript.language,
                confidence=transcript.confidence,
            )
        )
        now, ended_s = clock.now(), transcript.speech_ended_at
        first_partial_s, self._first_partial_s = self._first_partial_s, None
        await self._answer(
            Heard(transcript.text, now if ended_s is None else ended_s, first_partial_s, now)
        )

    def failed(self, error: BaseException) -> None:
        self._report(error)
