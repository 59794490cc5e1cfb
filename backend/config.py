"""One Settings tree. Every option is typed, documented and carries its unit in its name.

Sources, strongest first: arguments, environment (`AVATAR_CHAT_LLM__BASE_URL=…`), `.env`,
`avatar-chat.yaml` (or the file that `AVATAR_CHAT_CONFIG` names), the defaults below.
"""

from __future__ import annotations

import os
from pathlib import Path
from types import NoneType
from typing import Any, Literal, get_args

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    YamlConfigSettingsSource,
)

from backend.errors import ConfigError
from backend.opening_hours import minute_of_day, open_week

ROOT = Path(__file__).resolve().parent.parent
ENV_PREFIX = "AVATAR_CHAT_"
KIOSK_BACKGROUNDS = ("studio", "mist", "paper", "ink", "sage", "dusk", "dawn", "lagoon")


class Section(BaseModel):
    """A branch of the tree. Unknown names are errors, so a typing slip cannot go unseen."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    @field_validator("*", mode="before")
    @classmethod
    def _blank_is_none(cls, value: object, info: ValidationInfo) -> object:
        """A variable that is set to nothing unsets what may be unset. A blank token, above all,
        must not open the door to whoever sends nothing."""
        assert info.field_name is not None
        words = value.get_secret_value() if isinstance(value, SecretStr) else value
        is_blank = isinstance(words, str) and not words.strip()
        may_be_unset = NoneType in get_args(cls.model_fields[info.field_name].annotation)
        return None if is_blank and may_be_unset else value


class ServerSettings(Section):
    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8000, ge=0, le=65535, description="TCP port; 0 takes a free one.")
    token: SecretStr | None = Field(None, description="When set, `hello` must carry this token.")
    admin_token: SecretStr | None = Field(
        None,
        description="Shows live sessions, their replies and the log in `/api/status` to whoever "
        "sends it as `Authorization: Bearer …`; the service's own computer needs none.",
    )
    page_dir: Path = Field(
        ROOT / "frontend/apps/chat/dist", description="Folder of the built chat page."
    )
    max_text_chars: int = Field(4000, ge=1, description="Longest typed turn, in characters.")
    max_message_bytes: int = Field(
        256 * 1024, ge=1024, description="Longest JSON message, in bytes."
    )
    max_messages_per_s: int = Field(
        200, ge=1, description="Messages a client may send per second, microphone frames included."
    )


class SessionSettings(Section):
    limit: int = Field(8, ge=1, description="Most sessions at once.")
    idle_timeout_s: float = Field(600.0, gt=0, description="A silent session ends after this.")
    hello_timeout_s: float = Field(
        0.15, gt=0, description="How long to wait for an optional `hello` before the defaults hold."
    )
    memory_ceiling_mb: int = Field(
        4096,
        ge=128,
        description="Above this the longest-idle session is ended. Counted is the resident memory "
        "of all processes of the service that is theirs alone: not what files lend, such as the "
        "loops of the faces, which the system takes back by itself.",
    )
    watch_interval_s: float = Field(5.0, gt=0, description="Pace of the idle and memory watch.")
    history_turns: int = Field(20, ge=1, description="User turns kept for the language model.")
    queue_size: int = Field(4, ge=1, description="Bound of each queue between two stages.")
    grace_s: float = Field(
        30.0, ge=0, description="How long a session waits for a client whose line has dropped."
    )
    leave_s: float = Field(
        30.0, ge=0, description="How long a service told to stop lets running replies finish."
    )
    ahead_s: float = Field(
        4.0, gt=0, description="How far ahead of playback a reply is drawn; the rest waits."
    )
    report_wait_s: float = Field(
        0.3, ge=0, description="Bound on the wait for the client's word on what was heard."
    )
    stall_timeout_s: float = Field(
        20.0, gt=0, description="A client that takes nothing for so long has lost its line."
    )
    poll_timeout_s: float = Field(
        15.0, gt=0, description="A client without WebSocket that polls no more has lost its line."
    )


class StoreSettings(Section):
    kind: Literal["memory", "redis"] = Field(
        "memory", description="Where conversations wait for their client to come back."
    )
    redis_url: SecretStr = Field(
        SecretStr("redis://localhost:6379/0"), description="Redis address, for `redis`."
    )
    key_prefix: str = Field(
        "avatar-chat:session:", description="Of the keys in Redis; the session id follows."
    )
    ttl_s: float = Field(
        900.0, gt=0, description="A conversation nobody comes back to is forgotten."
    )
    timeout_s: float = Field(0.5, gt=0, description="Bound on one call of the store.")


class EndOfTurnSettings(Section):
    """When a user who falls silent is taken to be done."""

    speculate_ms: int = Field(200, ge=32, description="Silence after which recognition starts.")
    floor_ms: int = Field(300, ge=32, description="Silence that ends a finished sentence.")
    default_ms: int = Field(500, ge=32, description="Silence that ends what cannot be judged.")
    ceiling_ms: int = Field(1500, ge=32, description="Silence that ends a broken-off sentence.")
    partial_interval_ms: int = Field(
        800, ge=100, description="Least time between two partial transcripts."
    )
    partial_load: float = Field(
        0.5, gt=0, le=1, description="Most of the time that partial transcripts may take."
    )

    @model_validator(mode="after")
    def _longer_and_longer(self) -> EndOfTurnSettings:
        waits = (self.speculate_ms, self.floor_ms, self.default_ms, self.ceiling_ms)
        if list(waits) != sorted(waits):
            raise ValueError("speculate_ms ≤ floor_ms ≤ default_ms ≤ ceiling_ms must hold")
        return self


class BargeInSettings(Section):
    """When the voice of the user stops the avatar."""

    enabled: bool = Field(True, description="Listen while the avatar speaks.")
    pause_ms: int = Field(64, ge=32, description="Possible speech that pauses the avatar.")
    confirm_ms: int = Field(700, ge=100, description="Speech that interrupts whatever it says.")
    verdict_ms: int = Field(
        2000,
        ge=200,
        description="A pause without a verdict ends after this: speech goes on.",
    )
    guard_ms: int = Field(
        400, ge=0, description="Deaf start of a reply for clients without echo cancellation."
    )


class TimelineSettings(Section):
    dir: Path | None = Field(
        ROOT / "var/timelines", description="Folder of the sessions' timelines; empty keeps none."
    )
    keep: int = Field(200, ge=1, description="Most timelines kept; the oldest go first.")
    record: bool = Field(
        False, description="Keep words and sound too, for clients whose `hello` consents."
    )


class VadSettings(Section):
    on_threshold: float = Field(0.5, gt=0, lt=1, description="Probability that opens speech.")
    off_threshold: float = Field(0.35, gt=0, lt=1, description="Probability that closes it.")
    open_ms: int = Field(250, ge=32, description="Speech needed to open a segment.")
    pre_roll_ms: int = Field(400, ge=0, description="Audio kept from before the segment opened.")
    max_segment_s: float = Field(30.0, gt=1, description="Longest segment; then it is closed.")


class AsrSettings(Section):
    chain: tuple[Literal["whisper", "pocketsphinx"], ...] = Field(
        ("whisper", "pocketsphinx"), min_length=1, description="Recognisers, best first."
    )
    model: str = Field(
        "small", description="faster-whisper size, hub name, or path of a CTranslate2 folder."
    )
    models_dir: Path = Field(
        ROOT / "models/cache/whisper", description="Where pulled recognition models live."
    )
    auto_pull: bool = Field(
        True, description="Fetch the model in the background when it is not there yet."
    )
    language: str = Field("auto", description="`auto` or a language code such as `en`, `zh`.")
    threads: int = Field(2, ge=1, description="CPU threads of the recogniser.")
    beam_size: int = Field(1, ge=1, le=10, description="Whisper beam width.")
    min_rms: float = Field(
        0.004, ge=0, description="Segments quieter than this (full scale = 1) are not recognised."
    )
    min_speech_ratio: float = Field(
        0.2, ge=0, le=1, description="Segments with less speech than this are not recognised."
    )
    timeout_s: float = Field(20.0, gt=0, description="Bound on one recognition.")


class LlmSettings(Section):
    chain: tuple[Literal["openai", "builtin"], ...] = Field(
        ("openai", "builtin"), min_length=1, description="Language models, best first."
    )
    base_url: str | None = Field(
        None, description="Any OpenAI-compatible endpoint; empty means OpenAI's own."
    )
    api_key: SecretStr | None = Field(
        None, description="Key of the endpoint. `OPENAI_API_KEY` is honoured too."
    )
    model: str = Field("gpt-4o-mini", description="Model name at the endpoint.")
    system_prompt: str = Field(
        "You are a friendly person on a video call. Answer in the user's language, in one to "
        "three short spoken sentences, without lists or markup.",
        description="The role when a session names none.",
    )
    mood_tags: bool = Field(
        True, description="Ask the model to name a mood in brackets where the face should show it."
    )
    temperature: float = Field(0.7, ge=0, le=2, description="Sampling temperature.")
    max_tokens: int = Field(400, ge=1, description="Longest reply, in tokens.")
    first_token_timeout_s: float = Field(8.0, gt=0, description="Bound on the first token.")
    price_in: float = Field(0.0, ge=0, description="Price of a million tokens of the question.")
    price_out: float = Field(0.0, ge=0, description="Price of a million tokens of the answer.")
    stall_timeout_s: float = Field(
        15.0, gt=0, description="Bound on the silence within an answer; then it counts as cut."
    )


class TtsSettings(Section):
    chain: tuple[Literal["edge", "espeak"], ...] = Field(
        ("edge", "espeak"), min_length=1, description="Voices, best first."
    )
    voices: dict[str, str] = Field(
        {"en": "en-US-AriaNeural", "zh": "zh-CN-XiaoxiaoNeural"},
        description="Edge-TTS voice by language.",
    )
    espeak_voices: dict[str, str] = Field(
        {"en": "en-us+f2", "zh": "cmn+f2"}, description="espeak-ng voice by language."
    )
    rate_percent: int = Field(0, ge=-50, le=100, description="Speed against the voice's own.")
    pitch_hz: int = Field(0, ge=-50, le=50, description="Pitch against the voice's own.")
    first_audio_timeout_s: float = Field(3.0, gt=0, description="Bound on the first sound.")


class AvatarSettings(Section):
    default: str = Field("", description="Avatar id; empty takes nora, or else the first in `dir`.")
    dir: Path = Field(ROOT / "avatars", description="Folder of avatar packages.")
    model: Path = Field(
        ROOT / "models/onnx/lightlips.json",
        description="Lip-sync net: the card of ours, or any ONNX file with the Wav2Lip contract.",
    )
    drawn_by: Literal["net", "warp"] | None = Field(
        None, description="What draws every avatar's mouth; empty takes what its card says."
    )
    net_threads: int = Field(1, ge=1, description="CPU threads of the lip-sync net per worker.")
    finder_python: Path = Field(
        ROOT / ".venv-faces/bin/python",
        description="Python of the face finder, which only `avatar create` and `mark` need.",
    )
    creation: Literal["off", "local", "token"] = Field(
        "local",
        description="Who may make and delete avatars over the network: nobody, the service's own "
        "computer and whoever has `server.token`, or the latter alone.",
    )
    creation_max_mb: int = Field(
        200, ge=1, description="Largest photo or video that is taken for an avatar, in megabytes."
    )
    creation_timeout_s: float = Field(300.0, gt=0, description="Bound on the making of an avatar.")
    timeout_s: float = Field(
        5.0, gt=0, description="Bound on the first picture of a sentence; then it is only spoken."
    )
    head_motion: bool = Field(True, description="The head nods and tilts a little with the voice.")
    cache_dir: Path | None = Field(
        ROOT / "var/avatars",
        description="Folder of decoded loops, which all workers share; empty keeps them in memory.",
    )
    cache_mb: int = Field(
        4000, ge=100, description="Most of it; what was not used for longest goes first."
    )
    crf: int = Field(23, ge=0, le=51, description="x264 quality; lower is better and larger.")
    audio_kbps: int = Field(64, ge=24, description="AAC bit rate.")


class EngineSettings(Section):
    render_workers: int = Field(
        0, ge=0, description="Processes that draw faces; 0 takes one per core, at most four."
    )
    start_timeout_s: float = Field(60.0, gt=0, description="Bound on a worker's start.")
    call_timeout_s: float = Field(
        20.0, gt=0, description="A worker that is busy with one call for longer is replaced."
    )


class KioskSettings(Section):
    """The page with `?kiosk=1`: a screen in a lobby, for whoever comes by. See docs/kiosk.md."""

    avatar: str = Field("", description="Avatar id; empty takes the service's own choice.")
    languages: tuple[Literal["en", "zh"], ...] = Field(
        ("en", "zh"),
        min_length=1,
        description="What visitors speak; invited in turn, greeted in the first.",
    )
    invitations: dict[str, str] = Field(
        {"en": "Talk to me", "zh": "来和我聊聊"},
        description="What stands on the screen while nobody is there, by language.",
    )
    greetings: dict[str, str] = Field(
        {
            "en": "Hello, good to see you! What can I do for you?",
            "zh": "您好，很高兴见到您！有什么可以帮您？",
        },
        description="The first words to a visitor, by language.",
    )
    hours: tuple[str, ...] = Field(
        (),
        description="Opening hours by the screen's own clock, such as `Mon-Fri 08:00-18:00`; it "
        "sleeps otherwise. None: always open.",
    )
    silence_s: float = Field(
        25.0, gt=0, description="Quiet after which it asks whether somebody is still there."
    )
    farewell_s: float = Field(
        10.0, gt=0, description="And how much longer until the visit is over and forgotten."
    )
    voice: bool = Field(
        True, description="A voice wakes it. Its sound is measured in the page and sent nowhere."
    )
    camera: bool = Field(
        False, description="A face before the camera wakes it. No picture leaves the page."
    )
    keyboard: bool = Field(False, description="An on-screen keyboard, to write instead of talking.")
    background: str = Field(
        "studio",
        description="`studio`, `mist`, `paper`, `ink`, `sage`, `dusk`, `dawn`, `lagoon`, or the "
        "path of an image.",
    )
    logo: Path | None = Field(None, description="Path of an image for the corner of the screen.")
    restart_at: str = Field(
        "04:00", description="When the page loads itself anew, if nobody is there; empty for never."
    )

    @field_validator("hours")
    @classmethod
    def _understood(cls, hours: tuple[str, ...]) -> tuple[str, ...]:
        open_week(hours)
        return hours

    @field_validator("restart_at")
    @classmethod
    def _a_time(cls, at: str) -> str:
        if at:
            minute_of_day(at)
        return at

    @field_validator("background")
    @classmethod
    def _a_name_or_an_image(cls, background: str) -> str:
        if background not in KIOSK_BACKGROUNDS and not Path(background).is_file():
            raise ValueError("there is no background of this name, and no such file")
        return background

    @model_validator(mode="after")
    def _words_for_everybody(self) -> KioskSettings:
        for language in self.languages:
            if not self.greetings.get(language) or not self.invitations.get(language):
                raise ValueError(f"a greeting or an invitation in `{language}` is missing")
        return self


class BreakerSettings(Section):
    failures: int = Field(2, ge=1, description="Failures in a row that open a circuit breaker.")
    cooldown_s: float = Field(30.0, gt=0, description="Rest before a failed provider is tried.")


class LogSettings(Section):
    level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least level.")
    format: Literal["console", "json"] = Field("console", description="Shape of a log line.")


class TracingSettings(Section):
    otlp_endpoint: str | None = Field(
        None,
        description="Base address of an OpenTelemetry collector (OTLP over HTTP), such as "
        "`http://localhost:4318`; empty sends no traces. `OTEL_EXPORTER_OTLP_HEADERS` is honoured.",
    )
    service_name: str = Field("avatar-chat", description="`service.name` of every trace.")


class MonitorSettings(Section):
    page_dir: Path = Field(
        ROOT / "frontend/apps/monitor/dist", description="Folder of the built monitor page."
    )
    prometheus_url: str | None = Field(
        None,
        description="Base address of a Prometheus that watches this service, such as "
        "`http://localhost:9090`, for the monitor page; empty shows what the service remembers.",
    )


class ModelsSettings(Section):
    mirror: str | None = Field(
        None, description="Base address of a hub mirror for `models pull`; `HF_ENDPOINT` too."
    )


class Settings(BaseSettings):
    """The whole tree; see each section for its options."""

    model_config = SettingsConfigDict(
        env_prefix=ENV_PREFIX,
        env_nested_delimiter="__",
        env_file=".env",
        extra="ignore",  # a `.env` may hold other programs' names; ours are checked below
        frozen=True,
    )

    server: ServerSettings = ServerSettings()
    session: SessionSettings = SessionSettings()
    store: StoreSettings = StoreSettings()
    end_of_turn: EndOfTurnSettings = EndOfTurnSettings()
    barge_in: BargeInSettings = BargeInSettings()
    timeline: TimelineSettings = TimelineSettings()
    vad: VadSettings = VadSettings()
    asr: AsrSettings = AsrSettings()
    llm: LlmSettings = LlmSettings()
    tts: TtsSettings = TtsSettings()
    avatar: AvatarSettings = AvatarSettings()
    engine: EngineSettings = EngineSettings()
    breaker: BreakerSettings = BreakerSettings()
    kiosk: KioskSettings = KioskSettings()
    models: ModelsSettings = ModelsSettings()
    log: LogSettings = LogSettings()
    monitor: MonitorSettings = MonitorSettings()
    tracing: TracingSettings = TracingSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        path = Path(os.environ.get(f"{ENV_PREFIX}CONFIG", "avatar-chat.yaml"))
        yaml = YamlConfigSettingsSource(settings_cls, yaml_file=path)
        return init_settings, env_settings, dotenv_settings, yaml


def load_settings(**overrides: Any) -> Settings:
    """Read every source once.

    Raises:
        ConfigError: names each wrong option, the value it has and what is allowed.
    """
    _refuse_unknown_names(os.environ)
    try:
        return Settings(**overrides)
    except ValidationError as error:
        raise ConfigError("\n".join(_explain(item) for item in error.errors())) from error
    except (OSError, ValueError) as error:
        raise ConfigError(f"The settings could not be read: {error}") from error


def _refuse_unknown_names(environ: os._Environ[str]) -> None:
    known = {name.upper() for name in Settings.model_fields} | {"CONFIG"}
    for name in environ:
        if name.upper().startswith(ENV_PREFIX):
            section = name.upper().removeprefix(ENV_PREFIX).split("__")[0]
            if section not in known:
                allowed = ", ".join(sorted(known))
                raise ConfigError(f"{name}: there is no such option. Sections are: {allowed}.")


def _explain(item: Any) -> str:
    path = ".".join(str(part) for part in item["loc"])
    env = ENV_PREFIX + "__".join(str(part) for part in item["loc"]).upper()
    if item["type"] == "extra_forbidden":
        return f"{path} ({env}): there is no such option."
    field = _field(item["loc"])
    hint = f" {field.description}" if field and field.description else ""
    shown = "***" if _holds_secret(field.annotation if field else Settings) else repr(item["input"])
    return f"{path} ({env}) = {shown}: {item['msg']}.{hint}"


def _field(location: tuple[int | str, ...]) -> FieldInfo | None:
    """The innermost that has a name; what is inside a list or a table has none."""
    model: Any = Settings
    field = None
    for part in location:
        fields = getattr(model, "model_fields", {})
        if part not in fields:
            return field
        field = fields[part]
        model = field.annotation
    return field


def _holds_secret(annotation: Any) -> bool:
    """By its type, which may be a whole section's."""
    fields = getattr(annotation, "model_fields", {}).values()
    inner = (*get_args(annotation), *(field.annotation for field in fields))
    return annotation is SecretStr or any(map(_holds_secret, inner))
