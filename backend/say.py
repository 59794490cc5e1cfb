"""One clip without a session: text → voice → face → an MP4 file. What `avatar-chat say` does."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

from backend.config import Settings
from backend.engine.local import LocalEngine
from backend.errors import ConfigError
from backend.handlers.base import Options, closing
from backend.handlers.messages import Sentence, Stamp, VideoChunk
from backend.handlers.text.speakable import to_sentence
from backend.session.stages import StageFactory, Stages


@dataclass(frozen=True, slots=True)
class Clip:
    """What was written. `voice` and `face` are the providers that made it."""

    frames: int
    duration_ms: float
    size: int
    voice: str
    face: str


async def say_to_file(
    settings: Settings, text: str, output: Path, avatar: str | None, language: str | None
) -> Clip:
    """Speak `text` as one clip.

    Raises:
        ConfigError: nothing in the text can be spoken, or the file cannot be written.
        AvatarChatError: no voice or no face works here.
    """
    sentence = to_sentence(Stamp("say", 1), 0, text, language or "en")
    if not sentence.spoken:
        raise ConfigError("There is nothing to say in this text.")
    engine = LocalEngine(settings.engine)
    stages = StageFactory(settings, engine).build("say")
    try:
        await engine.start()
        await stages.reconfigure(Options(avatar=avatar, language=language))
        chunk = await _render(stages, sentence)
        voice, face = stages.tts.active, stages.avatar.active
    finally:
        await stages.release()
        await engine.close()
    await asyncio.to_thread(_write, output, chunk.data)
    return Clip(
        frames=chunk.frames,
        duration_ms=chunk.duration_ms,
        size=len(chunk.data),
        voice=voice,
        face=face,
    )


def _write(output: Path, data: bytes) -> None:
    try:
        output.write_bytes(data)
    except OSError as error:
        raise ConfigError(f"{output} cannot be written: {error.strerror}.") from error


async def _render(stages: Stages, sentence: Sentence) -> VideoChunk:
    made: list[VideoChunk] = []
    async with closing(stages.tts.process(sentence)) as sounds:
        async for sound in sounds:
            async with closing(stages.avatar.process(sound)) as chunks:
                made += [chunk async for chunk in chunks]
    if not made:
        raise ConfigError("The voice made no sound of this text.")
    return made[-1]
