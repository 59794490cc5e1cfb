"""What the user has told: read from the conversation each time, never stored."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

_NAME = re.compile(
    r"\bmy name(?: is|'s) ([a-z][a-z'-]+(?: [A-Z][a-z'-]+)?)"
    r"|\b(?:please )?call me ([a-z][a-z'-]+)"
    r"|我(?:的名字)?(?:叫做?|名叫|的名字是)([\u4e00-\u9fffA-Za-z·]{1,12})"
    r"|(?:请)?叫我([\u4e00-\u9fffA-Za-z·]{1,12})",
    re.IGNORECASE,
)
_I_AM = re.compile(r"\bI(?: am|'m) ([A-Z][a-z]+)(?=[.,!]|$| and\b)")
_NOT_A_NAME = re.compile(r"什么|谁|啥|\b(?:what|who|not|is|later|back|maybe)\b", re.IGNORECASE)
_TAIL = re.compile(r"(?:吧|啊|呀|哦|就好|就行|好了)$")
_LIKE = re.compile(
    r"\bI (?:really |also )?(?:like|love|enjoy) ([a-z][a-z' -]{2,30}?)(?= and\b| but\b|[.,!?]|$)"
    r"|我(?:很|最|也|特别)?(?:喜欢|爱)([\u4e00-\u9fffA-Za-z]{1,10})",
    re.IGNORECASE,
)
_PLACE = re.compile(
    r"\bI(?: am|'m| come) from ([a-z][a-z' -]{2,24}?)(?= and\b| but\b|[.,!?]|$)"
    r"|\bI live in ([a-z][a-z' -]{2,24}?)(?= and\b| but\b|[.,!?]|$)"
    r"|我(?:来自|住在)([\u4e00-\u9fffA-Za-z]{1,10})",
    re.IGNORECASE,
)


def name_in(text: str) -> str | None:
    """The name that the speaker gives in this line."""
    for pattern in (_NAME, _I_AM):
        if (found := _group(pattern, text)) and not _NOT_A_NAME.search(found):
            name = _TAIL.sub("", found)
            return name if not name.islower() else name.title()
    return None


def liking_in(text: str) -> str | None:
    """What the speaker says to like."""
    found = _group(_LIKE, text)
    return None if found is None or found.lower() in ("you", "it", "that", "你") else found


def place_in(text: str) -> str | None:
    """Where the speaker says to be from."""
    return _group(_PLACE, text)


def known_name(lines: Sequence[str]) -> str | None:
    return _latest(name_in, lines)


def known_liking(lines: Sequence[str]) -> str | None:
    return _latest(liking_in, lines)


def known_place(lines: Sequence[str]) -> str | None:
    return _latest(place_in, lines)


def _latest(read: Callable[[str], str | None], lines: Sequence[str]) -> str | None:
    return next((found for line in reversed(lines) if (found := read(line))), None)


def _group(pattern: re.Pattern[str], text: str) -> str | None:
    found = pattern.search(text)
    return next((group.strip() for group in found.groups() if group), None) if found else None
