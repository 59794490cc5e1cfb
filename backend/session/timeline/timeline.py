"""One session's timeline: what the session, its ear and its outbox tell it, put into lines.

Telling costs microseconds and never waits: lines go to a sink, which for a service is the writer
thread. Nothing here reads a file or decides anything about the conversation.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

from backend import clock
from backend.config import Settings
from backend.handlers.messages import SAMPLE_RATE, Pcm
from backend.protocol import ClientMessage, Hello, ServerMessage, SessionReady, TurnEnd
from backend.session.timeline.events import Event, Header, kept_settings
from backend.session.timeline.facts import (
    encode_pcm,
    event_facts,
    message_facts,
    snake_name,
    sound_ms,
)
from backend.session.timeline.recent_turns import OnTurn, RecentTurns
from backend.session.timeline.spans import TurnSpans
from backend.session.timeline.writer import writer


class Sink(Protocol):
    """Where lines go. None of these waits."""

    def put(self, line: Header | Event) -> bool:
        """`False` when there is no room and the line is lost."""
        ...

    def flush(self) -> None: ...

    def close(self) -> None: ...


class NoFile:
    """Where no file is wanted."""

    def put(self, line: Header | Event) -> bool:
        return True

    def flush(self) -> None: ...

    def close(self) -> None: ...


class Timeline:
    """Lines of one session. All methods run on the event loop and return at once.

    The header tells what really runs, so it is written with the greeting; what happens before
    waits for it. `on_turn` is given every reply that is over, as spans.
    """

    def __init__(
        self,
        sink: Sink,
        settings: Settings,
        session_id: str,
        on_turn: OnTurn = lambda turn: None,
    ) -> None:
        self._sink = sink
        self._recent = RecentTurns(on_turn)
        self._settings = settings
        self._session_id = session_id
        self._began_s = clock.now()
        self._started_at = datetime.now(UTC).isoformat(timespec="milliseconds")
        self._is_recording = False
        self._before: list[Event] | None = []
        self._silent_samples = 0
        self._lost = 0

    def note(self, event: str, /, generation: int | None = None, **facts: Any) -> None:
        """Something happened now. Facts are JSON values: numbers and names, never words."""
        noted = Event(clock.now() - self._began_s, event, generation, facts)
        self._recent.take(noted)
        if self._before is not None:
            self._before.append(noted)
        else:
            self._put(noted)

    def received(self, message: ClientMessage) -> None:
        """A client's message, as `client.<type>`; `hello` may consent to a recording."""
        if isinstance(message, Hello):
            self._is_recording = self._settings.timeline.record and message.record
        generation = getattr(message, "generation_id", None)
        facts = message_facts(message, with_words=self._is_recording)
        self.note(f"client.{message.type}", generation, **facts)

    def microphone(self, pcm: Pcm) -> None:
        """Samples of the microphone: each frame with its sound in a recording, else each second."""
        if self._is_recording:
            self.note("microphone", ms=sound_ms(pcm), pcm=encode_pcm(pcm))
            return
        self._silent_samples += pcm.size
        if self._silent_samples >= SAMPLE_RATE:
            self.note("microphone", ms=self._silent_samples * 1000 // SAMPLE_RATE)
            self._silent_samples = 0

    def sent(self, message: ServerMessage, media_bytes: int = 0, took_s: float = 0.0) -> None:
        """A message that went to the client, as `server.<type>`, stamped as it was sent."""
        if isinstance(message, SessionReady) and self._before is not None:
            self._begin(message)
        facts = message_facts(message, with_words=self._is_recording)
        if media_bytes:
            facts |= {"media_bytes": media_bytes, "took_ms": round(took_s * 1000, 1)}
        kind = type(message).model_fields["type"].default  # the base class has no type of its own
        self.note(f"server.{kind}", message.generation_id, **facts)
        if isinstance(message, TurnEnd):
            self.flush()

    def observed(self, event: object) -> None:
        """A voice event or a decision of the ear (a dataclass), as `ear.<name>`."""
        self.note(f"ear.{snake_name(event)}", **event_facts(event, with_words=self._is_recording))

    @property
    def turns(self) -> Sequence[TurnSpans]:
        """The last replies that are over, oldest first."""
        return self._recent.turns

    def flush(self) -> None:
        """What is told so far should be on disk soon."""
        self._sink.flush()

    def close(self) -> None:
        """Nothing follows. Safe to call twice."""
        if self._before is not None:
            self._begin(None)
        self._recent.close()
        self._sink.close()

    def _begin(self, ready: SessionReady | None) -> None:
        before, self._before = self._before or [], None
        self._put(
            Header(
                session_id=self._session_id,
                started_at=self._started_at,
                avatar=ready.avatar.id if ready else "",
                providers=ready.providers if ready else None,
                settings=kept_settings(self._settings),
            )
        )
        for event in before:
            self._put(event)

    def _put(self, line: Header | Event) -> None:
        if self._lost and self._sink.put(self._gap()):
            self._lost = 0
        if not self._sink.put(line):
            self._lost += 1

    def _gap(self) -> Event:
        return Event(clock.now() - self._began_s, "lost", None, {"events": self._lost})


class NullTimeline(Timeline):
    """Keeps nothing, and nothing in mind."""

    def __init__(self) -> None:
        self._recent = RecentTurns()

    def note(self, event: str, /, generation: int | None = None, **facts: Any) -> None: ...

    def received(self, message: ClientMessage) -> None: ...

    def microphone(self, pcm: Pcm) -> None: ...

    def sent(self, message: ServerMessage, media_bytes: int = 0, took_s: float = 0.0) -> None: ...

    def observed(self, event: object) -> None: ...

    def flush(self) -> None: ...

    def close(self) -> None: ...


def open_timeline(
    settings: Settings, session_id: str, on_turn: OnTurn = lambda turn: None
) -> Timeline:
    """The timeline of a session that begins now; without a file where none is wanted."""
    folder = settings.timeline.dir
    sink: Sink = NoFile()
    if folder is not None:
        sink = writer.open(folder, session_id, settings.timeline.keep)
    return Timeline(sink, settings, session_id, on_turn)
