"""Silero VAD on onnxruntime: PCM in, speech events out. No torch.

The network file comes from the silero-vad package, or from faster-whisper's, and is found without
importing either. Both files take frames of 512 samples with the 64 before each, shape (n, 576),
and carry LSTM state `h`, `c`, each (1, 1, 128).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backend.errors import ProviderUnavailable
from backend.handlers.base import BaseHandler, Context
from backend.handlers.messages import Pcm
from backend.handlers.vad.segmenter import (
    FRAME_MS,
    FRAME_SAMPLES,
    Segmenter,
    SpeechDropped,
    SpeechEnded,
    Utterance,
    VadEvent,
    VadState,
)

_CONTEXT_SAMPLES = 64
_FILES = (
    ("silero_vad", "data/silero_vad_16k_sequence.onnx"),
    ("faster_whisper", "assets/silero_vad_v6.onnx"),
)

State = tuple[NDArray[np.float32], NDArray[np.float32]]


def find_model() -> Path | None:
    """The network file, or None when neither package is installed."""
    for package, inside in _FILES:
        spec = find_spec(package)
        for folder in (spec.submodule_search_locations or []) if spec else []:
            if (path := Path(folder) / inside).is_file():
                return path
    return None


class SileroNet:
    """The network, shared by every session, on one thread of its own."""

    def __init__(self, path: Path) -> None:
        import onnxruntime  # 0.1 s, in the loading thread

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        self._session: Any = onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"]
        )
        self.executor = ThreadPoolExecutor(1, thread_name_prefix="vad")

    def run(self, frames: NDArray[np.float32], state: State) -> tuple[NDArray[np.float32], State]:
        """Probabilities (n,) of frames (n, 576) float32 in -1…1, and the next state."""
        inputs = {"input": frames, "h": state[0], "c": state[1]}
        probabilities, h, c = self._session.run(None, inputs)
        return probabilities.reshape(-1), (h, c)


class SileroVad(BaseHandler[Pcm, VadEvent]):
    """One microphone stream. Time is audio time: milliseconds of sound since the first sample."""

    component = "vad"
    provider = "silero"

    _net: SileroNet
    _rest: Pcm
    _tail: NDArray[np.float32]
    _state: State

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._segmenter = Segmenter(context.settings.vad)
        self._now_ms = 0.0
        self._forget_sound()

    async def _load(self) -> None:
        path = find_model()
        if path is None:
            raise ProviderUnavailable(
                "The Silero VAD file is missing; install the silero-vad package again.",
                component=self.component,
                provider=self.provider,
            )
        self._net = await self.context.weights.get("vad.silero", lambda: SileroNet(path))

    async def process(self, item: Pcm) -> AsyncIterator[VadEvent]:
        """Take PCM of any length; samples that fill no frame wait for the next call.

        Whoever iterates may end the utterance between two events.
        """
        await self.initialize()
        sound = np.concatenate([self._rest, item])
        count = sound.size // FRAME_SAMPLES
        self._rest = sound[count * FRAME_SAMPLES :]
        if not count:
            return
        frames = sound[: count * FRAME_SAMPLES].reshape(count, FRAME_SAMPLES)
        for frame, probability in zip(frames, await self._probabilities(frames), strict=True):
            self._now_ms += FRAME_MS
            for event in self._segmenter.push(frame, float(probability), self._now_ms):
                yield event

    @property
    def now_ms(self) -> float:
        """Sound taken so far, in milliseconds."""
        return self._now_ms

    @property
    def is_open(self) -> bool:
        """Whether something is being said, or may be."""
        return self._segmenter.state is not VadState.SILENT

    @property
    def is_speech(self) -> bool:
        """Whether somebody speaks, or may speak, right now."""
        return self._segmenter.is_speech

    def utterance(self) -> Utterance | None:
        """What is being said, so far; None while nobody surely speaks."""
        return self._segmenter.utterance()

    def forget(self, samples: int) -> None:
        """Cut the first `samples` off what is being said: they were somebody else's."""
        self._segmenter.forget(samples)

    def end(self) -> SpeechEnded | SpeechDropped | None:
        """The user is done: the utterance ends here, and the stream goes on."""
        return self._segmenter.end(self._now_ms, "silence")

    def flush(self) -> SpeechEnded | SpeechDropped | None:
        """The microphone closed: the utterance ends here, and the next stream is a new one."""
        self._forget_sound()
        return self._segmenter.end(self._now_ms, "flushed")

    async def _probabilities(self, frames: NDArray[np.int16]) -> NDArray[np.float32]:
        scaled = frames.astype(np.float32) / 32768
        before = np.vstack([self._tail, scaled[:, -_CONTEXT_SAMPLES:]])
        self._tail = before[-1:]
        inputs = np.hstack([before[:-1], scaled])
        loop = asyncio.get_running_loop()
        probabilities, self._state = await loop.run_in_executor(
            self._net.executor, self._net.run, inputs, self._state
        )
        return probabilities

    def _forget_sound(self) -> None:
        self._rest = np.zeros(0, np.int16)
        self._tail = np.zeros((1, _CONTEXT_SAMPLES), np.float32)
        blank = np.zeros((1, 1, 128), np.float32)
        self._state = (blank, blank)
