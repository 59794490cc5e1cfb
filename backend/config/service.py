"""The service around the conversation: doors, sessions, workers, and what is told of them."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, field_validator

from backend.config.section import ROOT, Section


class ServerSettings(Section):
    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8000, ge=0, le=65535, description="TCP port; 0 takes a free one.")
    hang_timeout_s: float = Field(
        60.0,
        ge=0,
        description="The process ends itself, with a trace, when its event loop has stood still "
        "for so long: whatever keeps it running begins it anew. 0 never does.",
    )
    token: SecretStr | None = Field(None, description="When set, `hello` must carry this token.")
    origins: tuple[str, ...] = Field(
        (),
        description="Sites whose pages may talk to this service besides its own, such as "
        "`https://example.org`; `*` is every site. With `token` any page may that knows it.",
    )
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

    @field_validator("redis_url")
    @classmethod
    def _is_an_address(cls, url: SecretStr) -> SecretStr:
        if not url.get_secret_value().startswith(("redis://", "rediss://", "unix://")):
            raise ValueError("must begin with redis://, rediss:// or unix://")
        return url


class TimelineSettings(Section):
    dir: Path | None = Field(
        ROOT / "var/timelines", description="Folder of the sessions' timelines; empty keeps none."
    )
    keep: int = Field(200, ge=1, description="Most timelines kept; the oldest go first.")
    record: bool = Field(
        False, description="Keep words and sound too, for clients whose `hello` consents."
    )


class EngineSettings(Section):
    render_workers: int = Field(
        0, ge=0, description="Processes that draw faces; 0 takes one per core, at most four."
    )
    start_timeout_s: float = Field(60.0, gt=0, description="Bound on a worker's start.")
    call_timeout_s: float = Field(
        20.0, gt=0, description="A worker that is busy with one call for longer is replaced."
    )


class BreakerSettings(Section):
    failures: int = Field(2, ge=1, description="Failures in a row that open a circuit breaker.")
    cooldown_s: float = Field(30.0, gt=0, description="Rest before a failed provider is tried.")


class ModelsSettings(Section):
    mirror: str | None = Field(
        None, description="Base address of a hub mirror for `models pull`; `HF_ENDPOINT` too."
    )


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
