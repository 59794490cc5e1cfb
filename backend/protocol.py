"""Every WebSocket message, both ways, version 1. Read this first.

Text frames are one JSON object each, told apart by `type`; binary frames are media. This file is
the source of the JSON Schema, the TypeScript types and `docs/protocol.md`. Nothing here knows how
a message is sent or what answers it.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from backend.errors import BadMessage, UnknownType

PROTOCOL_VERSION = 1
MIC_SAMPLE_RATE = 16_000
MAX_MIC_FRAME_BYTES = MIC_SAMPLE_RATE * 2  # one second of s16le mono
MAX_NAME_CHARS = 128
MAX_ROLE_CHARS = 16_000
"""A session keeps it, and so does the store when the session is gone."""

State = Literal["idle", "listening", "thinking", "speaking"]
Output = Literal["video", "audio", "text"]
Container = Literal["mp4", "fmp4"]
Chunking = Literal["sentence", "progressive"]
Clip = Literal["idle", "listening", "thinking"]
TurnEndReason = Literal["completed", "interrupted", "failed"]
PlaybackEvent = Literal["started", "ended", "underrun", "paused", "resumed", "stopped"]
Level = Literal["info", "warning", "error"]


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True)


class VideoFormat(_Message):
    container: Container = "mp4"
    chunking: Chunking = "sentence"
    alpha: bool = Field(
        False,
        description="half as high again: below the picture its matte, at half size on the left, "
        "white where the figure is; only from an avatar that has one",
    )


# ---------------------------------------------------------------- client → server


class Hello(_Message):
    """Optional first message; without it the defaults hold."""

    type: Literal["hello"] = "hello"
    protocol: int = PROTOCOL_VERSION
    token: str | None = None
    resume_token: str | None = None
    avatar: str | None = Field(None, max_length=MAX_NAME_CHARS)
    role: str | None = Field(None, max_length=MAX_ROLE_CHARS)
    voice: str | None = Field(None, max_length=MAX_NAME_CHARS)
    language: str | None = Field(None, max_length=MAX_NAME_CHARS)
    output: Output = "video"
    video: VideoFormat | None = None
    record: bool = Field(
        False, description="consent: words and sound may be kept, if the service is set to do so"
    )


class Text(_Message):
    """A typed user turn. While the avatar speaks it is also an interruption."""

    type: Literal["text"] = "text"
    text: str = Field(min_length=1)
    streaming: bool = True
    message_id: str | None = Field(
        None,
        min_length=1,
        max_length=64,
        description="names the turn, so that it can be sent again over the next line if this one "
        "ends before a word of the answer: it is answered once",
    )


class StartListen(_Message):
    """Open the microphone stream."""

    type: Literal["start_listen"] = "start_listen"
    echo_cancellation: bool | None = Field(
        None, description="whether the avatar's own voice is taken out of the microphone's sound"
    )


class StopListen(_Message):
    """Close the microphone stream; ends the utterance at once."""

    type: Literal["stop_listen"] = "stop_listen"


class AudioChunk(_Message):
    """Microphone audio for clients that cannot send binary frames."""

    type: Literal["audio_chunk"] = "audio_chunk"
    data: str = Field(
        description="base64 of s16le or of a WAV file, 16 kHz, mono, a second at most; `webm_opus` "
        "is answered with `not_available`"
    )
    format: Literal["pcm_s16le", "webm_opus", "wav"] = "pcm_s16le"


class Interrupt(_Message):
    """Stop speaking now."""

    type: Literal["interrupt"] = "interrupt"


class Say(_Message):
    """The avatar speaks this text; no language model is asked."""

    type: Literal["say"] = "say"
    text: str = Field(min_length=1)
    emotion: str | None = None


class ContextUpdate(_Message):
    """What the user is looking at; goes into the prompt."""

    type: Literal["context_update"] = "context_update"
    title: str | None = None
    text: str
    page: int | str | None = None


class UiEvent(_Message):
    """Page turned, item clicked, pointed at."""

    type: Literal["ui_event"] = "ui_event"
    name: str
    data: dict[str, Any] | None = None


class ConfigUpdate(_Message):
    """Takes effect from the next turn; no reconnect."""

    type: Literal["config_update"] = "config_update"
    avatar: str | None = Field(None, max_length=MAX_NAME_CHARS)
    role: str | None = Field(None, max_length=MAX_ROLE_CHARS)
    voice: str | None = Field(None, max_length=MAX_NAME_CHARS)
    language: str | None = Field(None, max_length=MAX_NAME_CHARS)
    output: Output | None = None
    video: VideoFormat | None = None


class Playback(_Message):
    """What the user has really seen and heard."""

    type: Literal["playback"] = "playback"
    generation_id: int
    chunk_seq: int
    event: PlaybackEvent
    position_ms: float | None = Field(None, description="how far into the chunk")


class IdlePosition(_Message):
    """Which part of which loop the page shows now, so that speech can begin from it.

    Worth sending when a loop starts, when it begins anew and when it is moved or exchanged. All
    loops of an avatar share one clock.
    """

    type: Literal["idle_position"] = "idle_position"
    position_ms: float = Field(ge=0, allow_inf_nan=False)
    clip: Clip = "idle"


class Goodbye(_Message):
    """The visitor has gone for good: the session ends and its conversation is forgotten.

    Whoever stays connects anew, to `/ws/new`. The line is closed with 1000.
    """

    type: Literal["goodbye"] = "goodbye"


class Ping(_Message):
    """Answered by `pong` with the same `t`."""

    type: Literal["ping"] = "ping"
    t: float


ClientMessage = Annotated[
    Hello
    | Text
    | StartListen
    | StopListen
    | AudioChunk
    | Interrupt
    | Say
    | ContextUpdate
    | UiEvent
    | ConfigUpdate
    | Playback
    | IdlePosition
    | Goodbye
    | Ping,
    Field(discriminator="type"),
]
_client: TypeAdapter[ClientMessage] = TypeAdapter(ClientMessage)


def parse_client_message(raw: str | bytes) -> ClientMessage:
    """One text frame → one message.

    Raises:
        BadMessage: not JSON, not an object, or a field that does not fit.
        UnknownType: a `type` this version does not know.
    """
    try:
        return _client.validate_json(raw)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        if first["type"] == "union_tag_invalid":
            raise UnknownType(f"Unknown message type. {first['msg']}.") from None
        where = ".".join(str(part) for part in first["loc"]) or "message"
        raise BadMessage(f"{where}: {first['msg']}.") from None


# ---------------------------------------------------------------- server → client


class ServerMessage(_Message):
    """`session_id`, `seq` and `generation_id` are stamped by the outbox, and by nothing else."""

    session_id: str = ""
    seq: int = Field(0, description="1, 2, 3 … per connection, no gap")
    generation_id: int | None = Field(None, description="set when it belongs to a reply")


class AvatarInfo(_Message):
    id: str
    name: str
    width: int
    height: int
    fps: int
    idle_url: str
    poster_url: str
    look: str = Field("", description="one line for a chooser")
    clips: dict[Clip, str] = Field(
        {}, description="address of each loop; `?alpha=stacked` for one with its matte below"
    )
    moods: tuple[str, ...] = Field((), description="those that it shows; none from most")
    alpha: bool = Field(False, description="whether it has a matte")
    deletable: bool = Field(False, description="whether somebody made it of a photo or video")


class Providers(_Message):
    """What really runs."""

    vad: str
    asr: str
    llm: str
    tts: str
    avatar: str


class HistoryItem(_Message):
    role: Literal["user", "assistant"]
    text: str
    interrupted: bool = False


class SessionReady(ServerMessage):
    """First message of every connection."""

    type: Literal["session_ready"] = "session_ready"
    protocol: int = PROTOCOL_VERSION
    resume_token: str
    avatar: AvatarInfo
    providers: Providers
    capabilities: tuple[str, ...]
    resumed: bool = False
    history: tuple[HistoryItem, ...] | None = None
    answered: str | None = Field(
        None,
        description="`message_id` of the last typed turn, if something of its answer was heard",
    )


class StateUpdate(ServerMessage):
    """Every change of state, and only changes."""

    type: Literal["state_update"] = "state_update"
    state: State
    reason: str


class _Recognised(ServerMessage):
    text: str
    language: str
    confidence: float | None = None


class AsrPartial(_Recognised):
    """What is recognised so far."""

    type: Literal["asr_partial"] = "asr_partial"


class AsrFinal(_Recognised):
    """The recognised utterance; with an empty text, no turn comes of what was shown of it."""

    type: Literal["asr_final"] = "asr_final"


class TextChunk(ServerMessage):
    """Reply text as the model streams it."""

    type: Literal["text_chunk"] = "text_chunk"
    chunk: str


class SentenceMessage(ServerMessage):
    """A completed sentence was handed to speech."""

    type: Literal["sentence"] = "sentence"
    index: int
    text: str
    emotion: str | None = None


class _MediaMeta(ServerMessage):
    chunk_seq: int = Field(description="0, 1, 2 … within the reply")
    sentence_index: int
    part: int
    is_last: bool = Field(description="the last part of its sentence")
    text: str
    size: int = Field(description="bytes of the binary frame")
    mime: str
    duration_ms: float
    emotion: str | None = None


class VideoChunkMeta(_MediaMeta):
    """Immediately followed by one binary frame of exactly `size` bytes."""

    type: Literal["video_chunk_meta"] = "video_chunk_meta"
    container: Container
    width: int
    height: int
    fps: int
    frames: int
    first_frame: int = Field(0, description="frame of the idle loop that it begins with")
    start_ms: float = Field(0, description="where it begins on the reply's own time line")


class TtsAudioChunk(_MediaMeta):
    """The same pairing, for `output: audio`."""

    type: Literal["tts_audio_chunk"] = "tts_audio_chunk"
    sample_rate: int
    codec: str


class PlaybackControl(ServerMessage):
    """Somebody seems to speak: fall silent at once, but keep everything. `resume` takes it back."""

    type: Literal["playback_control"] = "playback_control"
    action: Literal["pause", "resume"]


class VisemeTimeline(ServerMessage):
    """Mouth shapes for clients that draw their own face."""

    type: Literal["viseme_timeline"] = "viseme_timeline"
    sentence_index: int
    marks: tuple[tuple[float, float, str, float], ...] = Field(
        description="[start_ms, end_ms, viseme, weight 0…1]; the visemes are sil PP FF TH DD kk CH "
        "SS nn RR aa E I O U"
    )


class TurnEnd(ServerMessage):
    """The last message of a generation; nothing of that generation follows."""

    type: Literal["turn_end"] = "turn_end"
    reason: TurnEndReason
    metrics: dict[str, float]


class Notice(ServerMessage):
    """A provider was replaced or a quality step was taken."""

    model_config = ConfigDict(frozen=True, populate_by_name=True)

    type: Literal["notice"] = "notice"
    component: str
    level: Level
    text: str
    from_: str | None = Field(None, alias="from")
    to: str | None = None


class ErrorMessage(ServerMessage):
    """A bad message or a failed stage; when `recoverable` the session goes on."""

    type: Literal["error"] = "error"
    code: str
    message: str
    recoverable: bool


class Pong(ServerMessage):
    type: Literal["pong"] = "pong"
    t: float


AnyServerMessage = Annotated[
    SessionReady
    | StateUpdate
    | AsrPartial
    | AsrFinal
    | TextChunk
    | SentenceMessage
    | VideoChunkMeta
    | TtsAudioChunk
    | PlaybackControl
    | VisemeTimeline
    | TurnEnd
    | Notice
    | ErrorMessage
    | Pong,
    Field(discriminator="type"),
]


def json_schema() -> dict[str, Any]:
    """JSON Schema of both directions, the source of the TypeScript types and the docs."""
    client: TypeAdapter[Any] = TypeAdapter(ClientMessage)
    server: TypeAdapter[Any] = TypeAdapter(AnyServerMessage)
    _, schema = TypeAdapter.json_schemas(
        [("client", "validation", client), ("server", "serialization", server)],
        ref_template="#/$defs/{model}",
    )
    return schema
