"""One line to the service that believes nothing: every frame is held against the contract.

What it checks is what must never be wrong, however long it runs: a frame belongs to this visitor's
session and to the reply it names, in order, and its bytes are the ones that were announced. What is
wrong goes to `Findings`; the talk goes on.
"""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Literal

from websockets.asyncio.client import ClientConnection

from bench.soak.media import BrokenBoxes, contents
from bench.visitor import Visitor

Kind = Literal["lost", "crossed", "contract", "closed", "crashed"]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that must not happen, and when, in seconds from the start."""

    at_s: float
    kind: Kind
    visitor: int
    words: str


@dataclass
class Findings:
    """What all visitors found wrong, and how much of what they looked at."""

    began_s: float = field(default_factory=time.monotonic)
    wrong: list[Finding] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    _owners: dict[bytes, tuple[int, str]] = field(default_factory=dict)

    def add(self, kind: Kind, visitor: int, words: str) -> None:
        self.wrong.append(Finding(time.monotonic() - self.began_s, kind, visitor, words))

    def owner_of(self, media: bytes, visitor: int, session_id: str) -> tuple[int, str]:
        """Who was given these bytes first: now this one, unless they have been seen before."""
        digest = hashlib.blake2b(media, digest_size=16).digest()
        return self._owners.setdefault(digest, (visitor, session_id))


class CheckedLine(Visitor):
    """follows: the line of the same session before this one.

    What is drawn is this visitor's alone only where its words are: `unique_words` says that the
    next reply's are, so that no other visitor may ever be given the same bytes.
    """

    def __init__(
        self,
        socket: ClientConnection,
        visitor: int,
        findings: Findings,
        follows: CheckedLine | None = None,
    ) -> None:
        super().__init__(socket)
        self.number = visitor
        self.session_id = follows.session_id if follows else ""
        self.newest = follows.newest if follows else 0
        self.unique_words: str | None = None
        self._findings = findings
        self._least = self.newest + 1 if follows else 0
        self._seq = 0
        self._ended = -1
        self._chunk = (-1, -1)  # generation, chunk_seq
        self._piece = 0

    def look_at(self, message: dict[str, Any], media: bytes) -> None:
        self._seq += 1
        self._expect(message["seq"] == self._seq, f"seq {message['seq']}, not {self._seq}")
        self.session_id = self.session_id or message["session_id"]
        if message["session_id"] != self.session_id:
            self._findings.add("crossed", self.number, f"a {message['type']} of another session")
        if (generation := message.get("generation_id")) is not None:
            self._look_at_generation(generation, message["type"])
        if media:
            self._look_at_media(message, media)
        self._findings.counts["messages"] += 1

    def _look_at_generation(self, generation: int, kind: str) -> None:
        newest = max(self.newest, self._least)
        self._expect(generation >= newest, f"{kind} of generation {generation} after {newest}")
        self._expect(generation > self._ended, f"{kind} after the end of generation {generation}")
        self.newest = max(self.newest, generation)
        if kind == "turn_end":
            self._ended = max(self._ended, generation)

    def _look_at_media(self, meta: dict[str, Any], media: bytes) -> None:
        self._findings.counts["media_frames"] += 1
        self._findings.counts["media_bytes"] += len(media)
        self._expect(len(media) == meta["size"], f"{len(media)} bytes, announced {meta['size']}")
        generation, number = meta["generation_id"], meta["chunk_seq"]
        wanted = self._chunk[1] + 1 if generation == self._chunk[0] else 0
        self._expect(number == wanted, f"chunk {number} of {generation}, not {wanted}")
        self._chunk = generation, number
        if meta["type"] == "video_chunk_meta":
            self._look_inside(meta, media)
        if self.unique_words and meta["text"] in self.unique_words:
            owner = self._findings.owner_of(media, self.number, self.session_id)
            if owner != (self.number, self.session_id):
                self._findings.add("crossed", self.number, f"bytes of visitor {owner[0]}")

    def _look_inside(self, meta: dict[str, Any], media: bytes) -> None:
        """The pictures that were announced, and the next piece of this very stream."""
        try:
            inside = contents(media)
        except BrokenBoxes as broken:
            self._findings.add("crossed", self.number, f"a {meta['container']} chunk: {broken}")
            return
        announced = meta["frames"]
        self._expect(
            inside.frames == announced,
            f"{inside.frames} pictures, announced {announced}",
            "crossed",
        )
        if inside.piece is not None:
            wanted = 1 if inside.begins_stream else self._piece + 1
            self._expect(inside.piece == wanted, f"piece {inside.piece}, not {wanted}", "crossed")
            self._piece = inside.piece

    def _expect(self, is_so: bool, words: str, kind: Kind = "contract") -> None:
        if not is_so:
            self._findings.add(kind, self.number, words)
