"""What a client may rely on, checked message by message."""

from __future__ import annotations

from backend.protocol import AnyServerMessage, SessionReady, TurnEnd


class Wire:
    """What the page may rely on, checked message by message, over every line.

    What is wrong is kept: raised here it would only look like a page that has gone.
    """

    def __init__(self) -> None:
        self.resume_token: str | None = None
        self.wrong: list[str] = []
        self._seq = 0
        self.newest = 0
        self.ended: dict[int, str] = {}
        self._chunk_seq = -1

    def new_line(self) -> None:
        self._seq = 0

    def take(self, message: AnyServerMessage) -> None:
        self._seq += 1
        self._must(message.seq == self._seq, "out of sequence", message)
        if isinstance(message, SessionReady):
            self.resume_token = message.resume_token
        if (generation := message.generation_id) is None:
            return
        self._must(generation not in self.ended, "after its end", message)
        if isinstance(message, TurnEnd):
            self.ended[generation] = message.reason
            return
        self._must(generation >= self.newest, "stale", message)
        if generation > self.newest:
            self.newest, self._chunk_seq = generation, -1
        if (chunk_seq := getattr(message, "chunk_seq", None)) is not None:
            self._must(chunk_seq == self._chunk_seq + 1, "chunks out of order", message)
            self._chunk_seq = chunk_seq

    def _must(self, is_right: bool, what: str, message: AnyServerMessage) -> None:
        if not is_right:
            self.wrong.append(f"{what}: {message}")
