"""The Edge-TTS service as its client sees it: SSML in, MP3 frames and word marks out.

The voice is espeak's. Modes: `ok`; `slow` (waits for `gate` before the first sound); `gated`
(waits for `gate` in the middle); `truncating` (the first request ends in the middle); `cutting`
(the first connection breaks in the middle); `forbidden` (403); `silent` (never answers);
`mute` (ends without a sound).
"""

from __future__ import annotations

import asyncio
import io
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from xml.sax.saxutils import unescape

import av
import soxr
from aiohttp import web

from backend.handlers.tts.espeak_native import Manner, Utterance, espeak
from tests.fakes.server import serving

MP3_RATE = 24_000
PATH = "/consumer/speech/synthesize/readaloud/edge/v1"
_FRAME_BYTES = 720
_BYTES_PER_MS = 6
_TICKS_PER_MS = 10_000


class _HungUp(Exception):
    """The client has left."""


@dataclass(frozen=True)
class Word:
    text: str
    start_ms: float
    end_ms: float


@dataclass
class FakeEdge:
    mode: str = "ok"
    url: str = ""
    requests: list[str] = field(default_factory=list)
    """The SSML of every request."""
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    hung_up: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when a client leaves before its answer is complete."""

    @property
    def texts(self) -> list[str]:
        return [unescape(re.sub(r"<[^>]+>", "", ssml)) for ssml in self.requests]

    async def answer(self, request: web.Request) -> web.StreamResponse:
        if self.mode == "forbidden":
            raise web.HTTPForbidden
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.receive_str()
        self.requests.append((await socket.receive_str()).partition("\r\n\r\n")[2])
        self.asked.set()
        try:
            await self._speak(socket, self.texts[-1])
        except (ConnectionError, _HungUp):
            self.hung_up.set()
        except asyncio.CancelledError:
            self.hung_up.set()
            raise
        return socket

    async def _speak(self, socket: web.WebSocketResponse, text: str) -> None:
        await socket.send_str(_head("turn.start") + "{}")
        await socket.send_str(_head("response") + "{}")
        if self.mode in ("slow", "silent"):
            await self._wait_or_leave(socket)
        if self.mode == "mute":
            await socket.send_str(_head("turn.end") + "{}")
            return
        utterance = espeak().speak(text, Manner("cmn" if _is_chinese(text) else "en-us"))
        mp3 = encode_mp3(utterance)
        is_first = len(self.requests) == 1
        stops = is_first and self.mode in ("truncating", "cutting")
        half = len(mp3) // 2 // _FRAME_BYTES * _FRAME_BYTES
        words = _words(text, utterance)
        await self._send(socket, words, mp3, 0, half)
        if self.mode == "gated":
            await self._wait_or_leave(socket)
        if stops and self.mode == "cutting":
            assert socket._req is not None and socket._req.transport is not None
            socket._req.transport.abort()
            return
        if not stops:
            await self._send(socket, words, mp3, half, len(mp3))
        header = b"X-RequestId:0\r\nPath:audio\r\n"
        await socket.send_bytes(len(header).to_bytes(2, "big") + header)
        await socket.send_str(_head("turn.end") + "{}")

    async def _send(
        self,
        socket: web.WebSocketResponse,
        words: list[Word],
        mp3: bytes,
        begin: int,
        end: int,
    ) -> None:
        """Bytes begin..end of the sound, each word's mark before the frame that it begins in."""
        header = b"X-RequestId:0\r\nContent-Type:audio/mpeg\r\nPath:audio\r\n"
        for start in range(begin, end, _FRAME_BYTES):
            for word in words:
                if start <= word.start_ms * _BYTES_PER_MS < start + _FRAME_BYTES:
                    await socket.send_str(_head("audio.metadata") + _mark(word))
            frame = mp3[start : min(start + _FRAME_BYTES, end)]
            await socket.send_bytes(len(header).to_bytes(2, "big") + header + frame)

    async def _wait_or_leave(self, socket: web.WebSocketResponse) -> None:
        gate = asyncio.ensure_future(self.gate.wait())
        leaving = asyncio.ensure_future(socket.receive())
        try:
            await asyncio.wait([gate, leaving], return_when=asyncio.FIRST_COMPLETED)
            if leaving.done():
                raise _HungUp
        finally:
            gate.cancel()
            leaving.cancel()


@asynccontextmanager
async def fake_edge(mode: str = "ok") -> AsyncIterator[FakeEdge]:
    """Yields the fake; point `edge_tts.communicate.WSS_URL` at its `url`."""
    fake = FakeEdge(mode)
    app = web.Application()
    app.router.add_get(PATH, fake.answer)
    async with serving(app) as address:
        fake.url = f"ws://{address}{PATH}?TrustedClientToken=none"
        yield fake


@cache
def _mp3_of(pcm: bytes, rate_hz: int) -> bytes:
    import numpy as np

    sound = soxr.resample(np.frombuffer(pcm, np.int16), rate_hz, MP3_RATE)
    out = io.BytesIO()
    options = {"write_xing": "0", "id3v2_version": "0"}
    with av.open(out, "w", format="mp3", options=options) as container:
        stream = container.add_stream("libmp3lame", rate=MP3_RATE, layout="mono")
        stream.bit_rate = 48_000
        fifo = av.AudioFifo()
        frame = av.AudioFrame.from_ndarray(sound[None], format="s16", layout="mono")
        frame.sample_rate, frame.pts = MP3_RATE, 0
        fifo.write(frame)
        while block := fifo.read(576, partial=False):
            container.mux(stream.encode(block))
        if rest := fifo.read(0, partial=True):
            container.mux(stream.encode(rest))
        container.mux(stream.encode(None))
    return out.getvalue()


def encode_mp3(utterance: Utterance) -> bytes:
    """The format of the service: 24 kHz, mono, 48 kbit/s, no header of its own."""
    return _mp3_of(utterance.pcm.tobytes(), utterance.rate_hz)


def _words(text: str, utterance: Utterance) -> list[Word]:
    """Each word from its first sound to the next word's, or to the pause before that."""
    sounds = [moment for moment in utterance.moments if moment.kind == "phoneme"]
    found = list(re.finditer(r"[\u4e00-\u9fff]|[^\W\u4e00-\u9fff]+", text))
    words = []
    for word in found:
        here = [
            n for n, s in enumerate(sounds) if s.value and word.start() <= s.at_char < word.end()
        ]
        if here:
            end_ms = sounds[min(here[-1] + 1, len(sounds) - 1)].at_ms
            words.append(Word(word[0], sounds[here[0]].at_ms, end_ms))
        else:  # said in one with the word before
            words.append(Word(word[0], words[-1].end_ms - 40, words[-1].end_ms))
    return words


def _head(path: str) -> str:
    return f"X-RequestId:0\r\nContent-Type:application/json; charset=utf-8\r\nPath:{path}\r\n\r\n"


def _mark(word: Word) -> str:
    text = {"Text": word.text, "Length": len(word.text), "BoundaryType": "WordBoundary"}
    start, length = (
        round(ms * _TICKS_PER_MS) for ms in (word.start_ms, word.end_ms - word.start_ms)
    )
    data = {"Offset": start, "Duration": length, "text": text}
    return json.dumps({"Metadata": [{"Type": "WordBoundary", "Data": data}]})


def _is_chinese(text: str) -> bool:
    return bool(re.search(r"[\u4e00-\u9fff]", text))
