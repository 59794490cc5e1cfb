"""What is in a transcript, when it is heard over the avatar's own voice?

Real words are the user's own; everything else lets the avatar go on: noise that a recogniser
took for nothing, "uh-huh" that only says go on, and what the avatar has just said itself.
"""

from __future__ import annotations

import re
from enum import Enum

from backend.session.turn_taking.backchannel import is_backchannel
from backend.session.turn_taking.echo import Evidence, is_echo

_ASIDE = re.compile(r"[\[(（*♪【][^\])）*♪】]*[\])）*♪】]")
"""What recognisers write for sounds: "[BLANK_AUDIO]", "(coughs)", "*sighs*"."""


class Words(Enum):
    NONE = "none"
    BACKCHANNEL = "backchannel"
    ECHO = "echo"
    REAL = "real"


def kind_of_words(
    text: str, avatar_words: str, evidence: Evidence, confidence: float | None = None
) -> Words:
    """What `text` is to an avatar that has just said `avatar_words`; "" when it was silent."""
    said = _ASIDE.sub(" ", text)
    if not any(character.isalnum() for character in said):
        return Words.NONE
    if is_echo(said, avatar_words, evidence, confidence):
        return Words.ECHO
    return Words.BACKCHANNEL if is_backchannel(said) else Words.REAL
