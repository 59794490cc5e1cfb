"""The playback ledger of one reply: what was sent, what the client reported, and the clock.

Pure: every method takes the time (seconds of `backend.clock`). A client that reports nothing is
taken to play each chunk as soon as it arrives and the one before is over, and to fall silent when
it is told to. What it reports moves the estimate.
"""

from __future__ import annotations

from dataclasses import dataclass

from backend.protocol import PlaybackEvent

MARGIN_S = 0.5  # how much longer than its sound a client may take before it is taken to be done


@dataclass(slots=True)
class _Chunk:
    sentence_index: int
    starts_s: float
    duration_s: float
    pause_s: float
    started: bool = False
    ended: bool = False

    @property
    def ends_s(self) -> float:
        return self.starts_s + self.duration_s

    def heard_s(self, now: float) -> float:
        played_s = self.duration_s if self.ended else min(now - self.starts_s, self.duration_s)
        return max(0.0, played_s - self.pause_s)


class Playout:
    """Ledger of one reply. Chunks are numbered in the order in which they were sent."""

    def __init__(self) -> None:
        self._chunks: list[_Chunk] = []
        self._silent_since: float | None = None
        self._was_resumed = False
        self._stopped = False

    def sent(
        self, sentence_index: int, duration_ms: float, now: float, pause_ms: float = 0.0
    ) -> None:
        """A chunk left for the client; it begins with a pause that is no part of the sentence."""
        starts = max(self._moment(now), self._chunks[-1].ends_s) if self._chunks else now
        self._chunks.append(_Chunk(sentence_index, starts, duration_ms / 1000, pause_ms / 1000))

    def reported(
        self, chunk_seq: int, event: PlaybackEvent, now: float, position_ms: float | None = None
    ) -> None:
        """The client's own word; it moves the estimate of this chunk and of all after it."""
        if not 0 <= chunk_seq < len(self._chunks) or self._stopped:
            return
        chunk = self._chunks[chunk_seq]
        if event == "underrun" or chunk.ended or self._was_said(event, chunk):
            return  # said twice, it must not be waited for twice
        if event == "ended":
            position_s = chunk.duration_s
        else:
            position_s = min(max(0.0, (position_ms or 0.0) / 1000), chunk.duration_s)
        chunk.started, chunk.ended = True, event == "ended"
        self._shift(chunk_seq, self._moment(now) - position_s - chunk.starts_s)
        if event == "stopped":
            self.pause(now)
            self._stopped = True

    def _was_said(self, event: PlaybackEvent, chunk: _Chunk) -> bool:
        if event == "started":
            return chunk.started
        if event == "paused":
            return not self.is_paused
        if event == "resumed":
            was_asked, self._was_resumed = self._was_resumed, False
            return not was_asked
        return False

    def pause(self, now: float) -> None:
        """The client was told to fall silent, and to keep everything."""
        if self._silent_since is None:
            self._silent_since = now

    def resume(self, now: float) -> None:
        """It goes on where it was."""
        if self._silent_since is None or self._stopped:
            return
        since, self._silent_since = self._silent_since, None
        self._was_resumed = True
        for number, chunk in enumerate(self._chunks):
            if chunk.ends_s > since:
                self._shift(number, now - since)
                return

    @property
    def is_paused(self) -> bool:
        return self._silent_since is not None

    @property
    def starts_s(self) -> float | None:
        """When the sound began; nothing was sent yet when it is None."""
        return self._chunks[0].starts_s if self._chunks else None

    @property
    def ends_s(self) -> float:
        """When what was sent so far is over, unless it is paused; minus infinity for nothing."""
        return self._chunks[-1].ends_s if self._chunks else float("-inf")

    def ahead_s(self, now: float) -> float:
        """Seconds of sound that were sent and not yet heard."""
        if not self._chunks or self._chunks[-1].ended:
            return 0.0
        return max(0.0, self.ends_s - self._moment(now))

    def remaining_s(self, now: float) -> float:
        """Seconds until the sound is over, at the latest; 0 when it is."""
        if not self._chunks or self._chunks[-1].ended:
            return 0.0
        return max(0.0, self.ends_s + MARGIN_S - self._moment(now))

    def heard_ms(self, sentence_index: int, now: float) -> float:
        """How much of a sentence's sound was heard."""
        moment = self._moment(now)
        parts = (
            chunk.heard_s(moment)
            for chunk in self._chunks
            if chunk.sentence_index == sentence_index
        )
        return sum(parts) * 1000

    def heard_sentences(self, now: float) -> int:
        """How many sentences have begun to sound."""
        moment = self._moment(now)
        begun = [chunk.sentence_index for chunk in self._chunks if chunk.starts_s <= moment]
        return max(begun) + 1 if begun else 0

    def _moment(self, now: float) -> float:
        """The time on the reply's own clock, which stands still in a pause."""
        return now if self._silent_since is None else self._silent_since

    def _shift(self, first: int, by_s: float) -> None:
        for chunk in self._chunks[first:]:
            chunk.starts_s += by_s
