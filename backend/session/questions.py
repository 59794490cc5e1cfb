"""From what the user asks to what a reply is asked for: language, prompt, its place in the history.

Pure. Who may speak is the floor's affair, and making the reply the turn's.
"""

from __future__ import annotations

from backend.config import LlmSettings
from backend.handlers.messages import ChatMessage, Prompt, Stamp
from backend.handlers.text.language import detect_language
from backend.handlers.text.mood import MOOD_REQUEST
from backend.protocol import Say
from backend.session.asked import Asked
from backend.session.choices import Choices
from backend.session.history import History
from backend.session.notes import Notes
from backend.session.reply import Request


class Questions:
    """Those of one conversation. `notes` are what the user does beside asking."""

    def __init__(self, history: History, choices: Choices, settings: LlmSettings) -> None:
        self.notes = Notes()
        self.asked = Asked()
        self.is_spoken = False
        """The last question was, so no client can send it again."""
        self._history = history
        self._choices = choices
        self._settings = settings

    @property
    def answered(self) -> str | None:
        """The client's id of the last typed turn, if something of its answer was heard."""
        return None if self._history.awaits_answer else self.asked.last

    def is_settled(self, message_id: str | None, *, is_answering: bool) -> bool:
        """A turn that comes again, and was answered or is being answered now."""
        if message_id not in self.asked:
            return False
        is_unheard = message_id == self.asked.last and self._history.awaits_answer
        return is_answering or not is_unheard

    def ask(
        self,
        text: str,
        asked_at: float,
        stamp: Stamp,
        *,
        streaming: bool = True,
        message_id: str | None = None,
        is_spoken: bool = False,
    ) -> Request:
        """A turn of the user, kept; `stamp` is that of the reply to come."""
        if message_id not in self.asked:  # else it stands in the history already
            self._history.user(text)
            self.asked.add(message_id)
        self.is_spoken = is_spoken
        return self._request(text, asked_at, stamp, streaming=streaming)

    def ask_what_is_owed(self, asked_at: float, stamp: Stamp) -> Request | None:
        """The spoken question of which no word was answered; once, for it may be what ended all."""
        text = self._history.unanswered if self.is_spoken else None
        self.is_spoken = False
        return None if text is None else self._request(text, asked_at, stamp, streaming=True)

    def _request(self, text: str, asked_at: float, stamp: Stamp, *, streaming: bool) -> Request:
        language = detect_language(text, self._choices.language)
        messages = (ChatMessage("system", self._system_prompt()), *self._history.messages())
        return Request(
            text=text,
            output=self._choices.output,
            language=language,
            asked_at=asked_at,
            prompt=Prompt(stamp, messages, language),
            streaming=streaming,
            chunking=self._choices.options.video.chunking,
        )

    def say(self, message: Say, asked_at: float) -> Request:
        """What the avatar is to say itself."""
        return Request(
            text=message.text,
            output=self._choices.output,
            language=detect_language(message.text, self._choices.language),
            asked_at=asked_at,
            emotion=message.emotion,
            chunking=self._choices.options.video.chunking,
        )

    def _system_prompt(self) -> str:
        role = self._choices.options.role or self._settings.system_prompt
        face = f"\n\n{MOOD_REQUEST}" if self._settings.mood_tags else ""
        return self.notes.added_to(role + face)
