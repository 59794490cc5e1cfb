"""What a client may send to its session: how often, how much, and whom it is for.

A bad frame is answered with `error` and changes nothing else.
"""

from __future__ import annotations

import asyncio
import math

from backend import clock
from backend import protocol as p
from backend.api.audio import decode_audio_chunk, decode_pcm, decode_wav
from backend.api.limits import TokenBucket
from backend.api.line import Frame, SaidGoodbye, Upload
from backend.config import ServerSettings
from backend.errors import AvatarChatError, BadMessage, RateLimited, TooLarge
from backend.handlers.messages import Pcm
from backend.session.session import Session

COMPLAINT_EVERY_S = 1.0
SOUND_PER_S = 4.0
"""Seconds of microphone sound that a client may send in a second, for long."""
SOUND_BURST_S = 60.0
"""And at once, such as what a page has kept while its line was slow."""


def is_longer(frame: str, most_bytes: int) -> bool:
    """Than so many bytes of UTF-8."""
    return len(frame) > most_bytes or (
        not frame.isascii() and len(frame.encode("utf-8", "surrogatepass")) > most_bytes
    )


class Intake:
    """Hands the frames of one line to one session."""

    def __init__(self, session: Session, limits: ServerSettings) -> None:
        self._session = session
        self._limits = limits
        rate = limits.max_messages_per_s
        self._bucket = TokenBucket(rate, 2 * rate, clock.now())
        self._sound_s = TokenBucket(SOUND_PER_S, SOUND_BURST_S, clock.now())
        self._complained_s = -math.inf

    async def take(self, frame: Frame) -> None:
        if self._bucket.take(clock.now()):
            await self._take(frame)
        else:
            await self._drop()

    async def _drop(self) -> None:
        """To say so for each would cost as much as to hear it, so it is said once a second; and
        what comes behind it waits in the client's own line, while others have their turn."""
        rate, now = self._limits.max_messages_per_s, clock.now()
        if now - self._complained_s >= COMPLAINT_EVERY_S:
            self._complained_s = now
            self._session.report(RateLimited(f"More than {rate} messages a second."))
        await asyncio.sleep(1 / rate)

    async def _take(self, frame: Frame) -> None:
        try:
            match frame:
                case str():
                    await self._dispatch(self._parse(frame))
                case bytes():
                    self._hear(decode_pcm(frame))
                case Upload():
                    await self._hear_out(frame)
        except AvatarChatError as error:
            self._session.report(error)

    def _hear(self, pcm: Pcm) -> None:
        """One client's sound must not keep the detector, which all share, from the others."""
        if not self._sound_s.take(clock.now(), pcm.size / p.MIC_SAMPLE_RATE):
            raise RateLimited("Sound comes in much faster than anybody speaks.")
        self._session.hear(pcm)

    async def _hear_out(self, upload: Upload) -> None:
        """A recording is one utterance, whatever its pauses."""
        await self._session.hear_out(decode_wav(upload.wav))

    def _parse(self, frame: str) -> p.ClientMessage:
        if is_longer(frame, self._limits.max_message_bytes):
            raise TooLarge(f"A message may have {self._limits.max_message_bytes} bytes.")
        message = p.parse_client_message(frame)
        if isinstance(message, p.Text | p.Say) and len(message.text) > self._limits.max_text_chars:
            raise TooLarge(
                f"A text may have {self._limits.max_text_chars} characters; "
                f"this one has {len(message.text)}."
            )
        return message

    async def _dispatch(self, message: p.ClientMessage) -> None:
        session = self._session
        if isinstance(message, p.Hello):  # nor is its consent to a recording taken
            raise BadMessage("`hello` is only allowed as the first message.")
        session.timeline.received(message)
        match message:
            case p.Text():
                await session.text(message)
            case p.Say():
                await session.say(message)
            case p.Interrupt():
                await session.interrupt()
            case p.StartListen():
                await session.start_listen(message)
            case p.StopListen():
                session.stop_listen()
            case p.AudioChunk():
                self._hear(decode_audio_chunk(message))
            case p.ContextUpdate():
                session.context_update(message)
            case p.UiEvent():
                session.ui_event(message)
            case p.ConfigUpdate():
                await session.config_update(message)
            case p.Playback():
                session.playback(message)
            case p.IdlePosition():
                session.idle_position(message)
            case p.Goodbye():
                raise SaidGoodbye
            case p.Ping():
                session.post(p.Pong(t=message.t))
