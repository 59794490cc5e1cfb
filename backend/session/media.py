"""From what the stages make to what the wire carries: metas, sound files, viseme timelines."""

from __future__ import annotations

import io
import wave

from backend.handlers.messages import SAMPLE_RATE, Pcm, SpokenAudio, VideoChunk
from backend.handlers.tts.visemes import viseme_marks
from backend.protocol import TtsAudioChunk, VideoChunkMeta, VisemeTimeline


def video_message(chunk: VideoChunk, chunk_seq: int) -> VideoChunkMeta:
    """The meta that goes before `chunk.data`."""
    return VideoChunkMeta(
        chunk_seq=chunk_seq,
        sentence_index=chunk.sentence.index,
        part=chunk.part,
        is_last=chunk.is_last,
        text=chunk.sentence.text,
        size=len(chunk.data),
        container=chunk.container,
        mime=chunk.mime,
        width=chunk.width,
        height=chunk.height,
        fps=chunk.fps,
        frames=chunk.frames,
        first_frame=chunk.first_frame,
        start_ms=chunk.start_ms,
        duration_ms=chunk.duration_ms,
        emotion=chunk.mood or chunk.sentence.emotion,
    )


def audio_message(
    sound: SpokenAudio, pcm: Pcm, part: int, chunk_seq: int
) -> tuple[TtsAudioChunk, bytes]:
    """A part of a sentence as a WAV file, with its meta; `sound` is the last run in it."""
    file = io.BytesIO()
    with wave.open(file, "wb") as wav:
        wav.setnchannels(1)
        wav.setsampwidth(2)
        wav.setframerate(SAMPLE_RATE)
        wav.writeframes(pcm.tobytes())
    data = file.getvalue()
    meta = TtsAudioChunk(
        chunk_seq=chunk_seq,
        sentence_index=sound.sentence.index,
        part=part,
        is_last=sound.is_last,
        text=sound.sentence.text,
        size=len(data),
        mime="audio/wav",
        duration_ms=pcm.size * 1000 / SAMPLE_RATE,
        sample_rate=SAMPLE_RATE,
        codec="pcm_s16le",
        emotion=sound.sentence.emotion,
    )
    return meta, data


def viseme_message(sound: SpokenAudio) -> VisemeTimeline | None:
    """The mouth shapes of this run's phonemes, when the voice names any."""
    marks = viseme_marks(sound.marks)
    if not marks:
        return None
    return VisemeTimeline(sentence_index=sound.sentence.index, marks=marks)
