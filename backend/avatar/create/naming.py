"""From the name of an avatar to its id."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

_MOST_CHARS = 56
"""Less than an id may have, so that a number finds room behind it."""
_NAMELESS = "face"


def latin_id(name: str) -> str:
    """Latin letters and digits of the name, the rest hyphens; empty where it has none."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.lower())[:_MOST_CHARS].strip("-")


def free_id(avatars: Path, name: str) -> str:
    """An id that no avatar in this folder has, as close to the name as there is one."""
    wanted = latin_id(name) or _NAMELESS
    number, candidate = 1, wanted
    while (avatars / candidate).exists():
        number += 1
        candidate = f"{wanted}-{number}"
    return candidate
