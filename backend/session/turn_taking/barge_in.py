"""When does the voice of the user stop the avatar? First reversibly, then for good.

    QUIET ──pause_ms of speech: PAUSE──▶ PAUSED ──confirm_ms of speech, or real words: INTERRUPT──▶
      ▲                                    │
      └── no words, "uh-huh", a cough, or no verdict within verdict_ms: RESUME

Without echo cancellation (`trusts_sound` false) sound proves nothing while the avatar speaks: it
may be its own. Then only words stop it, and nothing pauses. An avatar that is still thinking is
silent, so sound is proof again, but there is nothing to pause.
"""

from __future__ import annotations

from enum import Enum

from backend.config import BargeInSettings
from backend.handlers.vad.segmenter import (
    SpeechDropped,
    SpeechMaybe,
    SpeechResumed,
    SpeechStarted,
    VadEvent,
)
from backend.session.turn_taking.words import Words


class Avatar(Enum):
    """What the avatar does. One that was paused still speaks."""

    SILENT = "silent"
    THINKING = "thinking"
    SPEAKING = "speaking"


class Action(Enum):
    PAUSE = "pause"
    RESUME = "resume"
    INTERRUPT = "interrupt"


class BargeIn:
    """Returns what to do now, or None. All times are milliseconds of sound."""

    def __init__(self, settings: BargeInSettings, *, trusts_sound: bool, now_ms: float) -> None:
        self._settings = settings
        self._trusts_sound = trusts_sound
        self._now_ms = now_ms
        self._speech_ms = 0.0
        self._is_speech = False
        self._is_sure = False
        self._may_pause = True
        self._paused_at_ms: float | None = None

    @property
    def has_paused(self) -> bool:
        """The avatar is held, and waits for a verdict."""
        return self._paused_at_ms is not None

    def event(self, event: VadEvent) -> Action | None:
        """Something is known about speech."""
        match event:
            case SpeechMaybe():
                self._speech_ms = 0.0
                self._is_sure = False
                self._may_pause = True
            case SpeechStarted():
                self._is_sure = True
            case SpeechResumed():
                self._may_pause = True
            case SpeechDropped():
                return self._resume()
        return None

    def tick(self, now_ms: float, avatar: Avatar, *, is_speech: bool) -> Action | None:
        """Time has passed, with or without speech."""
        self._speech_ms += (now_ms - self._now_ms) * is_speech
        self._now_ms, self._is_speech = now_ms, is_speech
        if is_speech and self._is_proof(avatar):
            if self._is_sure and self._speech_ms >= self._settings.confirm_ms:
                return self._interrupt()
            if avatar is Avatar.SPEAKING and self._is_candidate():
                self._paused_at_ms = now_ms
                return Action.PAUSE
        if avatar is not Avatar.SPEAKING or self._is_late(now_ms):
            return self._resume()
        return None

    def heard(self, words: Words, avatar: Avatar) -> Action | None:
        """A transcript, partial or whole, of what is being said or was said last."""
        if words is Words.REAL:
            return None if avatar is Avatar.SILENT else self._interrupt()
        if self._is_speech:
            return None  # more may follow
        self._speech_ms = 0.0
        return self._resume()

    def _is_proof(self, avatar: Avatar) -> bool:
        """Whether sound alone tells that the user speaks to an avatar who has the turn."""
        return avatar is Avatar.THINKING or (self._trusts_sound and avatar is Avatar.SPEAKING)

    def _is_candidate(self) -> bool:
        is_long = self._speech_ms >= self._settings.pause_ms
        return is_long and self._may_pause and not self.has_paused

    def _is_late(self, now_ms: float) -> bool:
        """The verdict is overdue."""
        since = self._paused_at_ms
        return since is not None and now_ms - since >= self._settings.verdict_ms

    def _interrupt(self) -> Action:
        self._paused_at_ms = None
        self._speech_ms = 0.0
        return Action.INTERRUPT

    def _resume(self) -> Action | None:
        if not self.has_paused:
            return None
        self._paused_at_ms = None
        self._may_pause = False  # until there is new speech
        return Action.RESUME
