"""Cut a stream of reply text into pieces to speak, the first one early. Pure.

The cuts depend on the text alone, never on how the stream was chopped: each position is judged
once, when the character after it has arrived. Chinese and English punctuation.
What a piece sounds like is `speakable`'s business.
"""

from __future__ import annotations

import re

FIRST_WEIGHT = 8
"""The first piece may end, at a clause even, once it is this heavy.

A CJK character weighs 2.5, any other character but blank space 1.
"""
NEXT_WEIGHT = 12
"""A later piece may end once it is this heavy; shorter sentences are joined to the next."""
CLAUSE_WEIGHT = 90
"""A later piece this heavy may end at a comma."""
LONG_WEIGHT = 200
"""A piece this heavy ends at the next space or CJK character."""
LONGEST_WEIGHT = 400
"""A piece this heavy ends, whatever comes."""

_CJK_WEIGHT = 2.5
_CJK = re.compile(r"[\u3000-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef]")
_CJK_STOPS, _STOPS = "。！？", "!?.…"
_CJK_CLAUSES, _CLAUSES = "，；：—", ",;:"
_CLOSERS = "\"'”’」』）)】》]*_"
_RUN = _CJK_STOPS + _STOPS + _CJK_CLAUSES + _CLAUSES + _CLOSERS + "~～"


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_NEVER_END = _set(
    "mr mrs ms dr prof st sr jr rev gen col capt lt sgt gov sen rep mt vs e.g i.e cf al "
    "u.s u.k u.n d.c ph.d"
)
_END_UNLESS_NUMBER_FOLLOWS = _set("no fig vol pp ch sec eq approx")
_END_IF_CAPITAL_FOLLOWS = _set(
    "etc inc ltd co corp dept est a.m p.m jan feb mar apr jun jul aug sep sept oct nov dec"
)
_LAST_WORD = re.compile(r"([^\W_]+(?:\.[^\W_]+)*)\.$")
_LIST_NUMBER = re.compile(r"(?:^|\n)\s*\d{1,3}\.$")
_GLUED_NUMBER = re.compile(r"(?:^|\s)\d+\.$")
_ADDRESS = re.compile(r"(?:://|www\.|@)\S*$", re.IGNORECASE)

_FENCE = "```"
_SPAN = re.compile(r"\*\*[^*]+\*\*|\*[^*\s][^*]*\*|\[[^\]]*\]|[(（][^)）]*[)）]|`[^`]*`")
_OPENER = re.compile(r"\*\*|\*(?=\S)|[\[(（`]")
_OPEN_SPAN_CHARS = 60
"""An opener that is still not closed after this many characters opens nothing."""


class SentenceSplitter:
    """Feed with `push`, end with `flush`.

    Joined, the pieces are the text, less blank space at its very end: a blank piece is none.
    """

    def __init__(self) -> None:
        self._text = ""
        self._begin_piece()
        self._is_first = True

    def _begin_piece(self) -> None:
        self._judged = 0
        self._weight = 0.0
        self._in_code = False
        self._fence_end = 0

    def push(self, delta: str) -> list[str]:
        """Take more text; return the pieces that are now complete, as they stand in the text."""
        self._text += delta
        pieces = []
        while cut := self._next_cut():
            pieces.append(self._text[:cut])
            self._text = self._text[cut:]
            self._begin_piece()
            self._is_first = False
        return pieces

    def flush(self) -> list[str]:
        """The text has ended: return what is left, and be ready for another text."""
        rest, self._text = self._text, ""
        self._begin_piece()
        self._is_first = True
        return [rest] if rest.strip() else []

    def _next_cut(self) -> int | None:
        while self._judged + 1 < len(self._text):
            self._judged += 1
            self._take(self._judged)
            if self._ends_at(self._judged):
                return self._judged
        return None

    def _take(self, end: int) -> None:
        """Let the character before `end` count."""
        char = self._text[end - 1]
        if not char.isspace():
            self._weight += _CJK_WEIGHT if _CJK.match(char) else 1
        start = end - len(_FENCE)
        if start >= self._fence_end and self._text.startswith(_FENCE, start):
            self._in_code = not self._in_code
            self._fence_end = end

    def _ends_at(self, end: int) -> bool:
        after = self._text[end]
        if self._in_code or after.isspace() or after in _RUN or self._weight < FIRST_WEIGHT:
            return False
        if self._weight >= LONG_WEIGHT and self._is_too_long(end):
            return True
        piece = self._text[:end]
        body = piece.rstrip()
        blank = piece[len(body) :]
        core = body.rstrip(_CLOSERS) or body
        if not (blank or core[-1] in _RUN) or _is_inside_span(piece):
            return False
        if "\n" in blank:
            return not _LIST_NUMBER.search(core)
        if self._weight >= self._sentence_weight and _is_sentence_end(core, blank, after):
            return True
        return self._weight >= self._clause_weight and _is_clause_end(core, blank)

    def _is_too_long(self, end: int) -> bool:
        before, after = self._text[end - 1], self._text[end]
        breakable = before.isspace() or _CJK.match(before) or _CJK.match(after)
        return bool(breakable) or self._weight >= LONGEST_WEIGHT

    @property
    def _sentence_weight(self) -> float:
        return FIRST_WEIGHT if self._is_first else NEXT_WEIGHT

    @property
    def _clause_weight(self) -> float:
        return FIRST_WEIGHT if self._is_first else CLAUSE_WEIGHT


def _is_sentence_end(core: str, blank: str, after: str) -> bool:
    stop = core[-1]
    if stop in _CJK_STOPS:
        return True
    if stop not in _STOPS:
        return False
    if stop == ".":
        return _is_full_stop(core, blank, after)
    if blank or _CJK.match(after):
        return True
    return stop != "…" and after.isalpha() and not _ADDRESS.search(core)


def _is_full_stop(core: str, blank: str, after: str) -> bool:
    if not blank:
        glued = after.isupper() and bool(_GLUED_NUMBER.search(core))
        return glued or bool(_CJK.match(after))
    if _LIST_NUMBER.search(core):
        return False
    found = _LAST_WORD.search(core)
    word = found[1].lower() if found else ""
    if word in _END_UNLESS_NUMBER_FOLLOWS:
        return not after.isdigit()
    if word in _END_IF_CAPITAL_FOLLOWS:
        return not (after.islower() or after.isdigit())
    is_initial = len(word) == 1 and word.isascii() and word.isalpha()
    return not (is_initial or word in _NEVER_END)


def _is_clause_end(core: str, blank: str) -> bool:
    return core[-1] in _CJK_CLAUSES or (core[-1] in _CLAUSES and bool(blank))


def _is_inside_span(piece: str) -> bool:
    """Is a bracket, a stage direction or emphasis still open at the end of the piece?"""
    openers = list(_OPENER.finditer(_SPAN.sub(lambda span: " " * len(span[0]), piece)))
    return bool(openers) and len(piece) - openers[-1].start() <= _OPEN_SPAN_CHARS
