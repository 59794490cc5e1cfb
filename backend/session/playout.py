"""What the user has heard of one reply: what was sent, what the client reported, and the clock.

Pure: every method takes the time (seconds, monotonic). A client that reports nothing is taken to
play each chunk as soon as it arrives and the one before is over.
"""

from __future__ import annotations

from dataclasses import dataclass

MARGIN_S = 0.5  # how much longer than its sound a client may take before it is taken to be done


@dataclass(slots=True)
class _Chunk:
    sentence_index: int
    starts_s: float
    ends_s: float
    started: bool = False
    ended: bool = False


class Playout:
    """Ledger of one reply."""

    def __init__(self) -> None:
        self._chunks: list[_Chunk] = []

    def sent(self, sentence_index: int, duration_ms: float, now: float) -> None:
        """A chunk left for the client; chunks are numbered in this order."""
        starts = max(now, self._chunks[-1].ends_s) if self._chunks else now
        self._chunks.append(_Chunk(sentence_index, starts, starts + duration_ms / 1000))

    def reported(self, chunk_seq: int, event: str, now: float) -> None:
        """The client's own word; it moves the estimate of this chunk and of all after it."""
        if not 0 <= chunk_seq < len(self._chunks):
            return
        chunk = self._chunks[chunk_seq]
        if event == "underrun" or chunk.ended or (event == "started" and chunk.started):
            return  # said twice, it must not be waited for twice
        late_by = now - (chunk.ends_s if event == "ended" else chunk.starts_s)
        chunk.started, chunk.ended = True, event == "ended"
        for later in self._chunks[chunk_seq:]:
            later.starts_s += late_by
            later.ends_s += late_by

    def remaining_s(self, now: float) -> float:
        """Seconds until the sound is over, at the latest; 0 when it is."""
        if not self._chunks or self._chunks[-1].ended:
            return 0.0
        return max(0.0, self._chunks[-1].ends_s + MARGIN_S - now)

    def heard_sentences(self, now: float) -> int:
        """How many sentences have begun to sound."""
        begun = [chunk.sentence_index for chunk in self._chunks if chunk.starts_s <= now]
        return max(begun) + 1 if begun else 0
