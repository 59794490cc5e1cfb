"""What a scenario file may say. Times are seconds of the scenario unless their name says more."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from backend.protocol import Output, VideoFormat


class BadScenario(Exception):
    """The file and the field that is wrong are in the message."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class LlmScript(_Part):
    """One reply per question, the last one for all that follow."""

    replies: tuple[str, ...] = ("This is the first sentence. And here comes the second one.",)
    first_token_ms: float = 300
    token_ms: float = 20
    cut_after_words: int | None = None
    stalls_after_words: int | None = None
    fails: bool = False


class AsrScript(_Part):
    delay_ms: float = 120
    fails: bool = False


class TtsScript(_Part):
    """`slow_ms` are extra milliseconds by sentence."""

    first_ms: float = 150
    ms_per_char: float = 60
    slow_ms: dict[int, float] = Field(default_factory=dict)
    fails_at: tuple[int, ...] = ()


class AvatarScript(_Part):
    """`pace` is how much faster than real time pictures are drawn."""

    first_ms: float = 80
    pace: float = Field(4.0, gt=0)
    fails_at: tuple[int, ...] = ()


class Stages(_Part):
    llm: LlmScript = LlmScript()
    asr: AsrScript = AsrScript()
    tts: TtsScript = TtsScript()
    avatar: AvatarScript = AvatarScript()


class Client(_Part):
    output: Output = "video"
    video: VideoFormat | None = None
    echo_cancellation: bool | None = True
    start_ms: float = 40
    gap_ms: float = 0
    reports: bool = True


class See(BaseModel):
    """An event of the timeline; every further name is a fact that it must have."""

    model_config = ConfigDict(frozen=True, extra="allow")

    see: str
    generation: int | None = None

    @property
    def facts(self) -> dict[str, Any]:
        return self.model_extra or {}


class Expected(See):
    """`at_s` counts from the start; `after_s` from the expected event before."""

    at_s: float | None = None
    after_s: float | None = None
    within_ms: float = Field(60, gt=0)


class Step(_Part):
    """One thing that the user or the line does, at a time or `plus_s` after an event."""

    at_s: float | None = None
    after: See | None = None
    plus_s: float = 0

    text: str | None = None
    say: str | None = None
    speak: str | None = Field(None, description="these words, evenly spread over `for_s`")
    noise: Literal["cough"] | None = Field(None, description="sound like speech, without words")
    for_s: float = Field(1.0, gt=0)
    start_listen: bool = False
    stop_listen: bool = False
    interrupt: bool = False
    line: Literal["lost", "back"] | None = None

    @model_validator(mode="after")
    def _has_one_time_and_one_deed(self) -> Self:
        if (self.at_s is None) == (self.after is None):
            raise ValueError("needs either at_s or after")
        deeds = (
            "text",
            "say",
            "speak",
            "noise",
            "start_listen",
            "stop_listen",
            "interrupt",
            "line",
        )
        if sum(bool(getattr(self, deed)) for deed in deeds) != 1:
            raise ValueError(f"needs exactly one of {', '.join(deeds)}")
        return self


class Remembered(_Part):
    """A line of the history at the end."""

    role: Literal["user", "assistant"]
    text: str
    interrupted: bool = False


class Scenario(_Part):
    """`expect` are events in this order, others may come between; `absent` never happen."""

    about: str
    settings: dict[str, dict[str, Any]] = Field(default_factory=dict)
    stages: Stages = Stages()
    client: Client = Client()
    do: tuple[Step, ...] = Field(min_length=1)
    until_s: float = Field(30, gt=0)
    expect: tuple[Expected, ...] = Field(min_length=1)
    absent: tuple[See, ...] = ()
    history: tuple[Remembered, ...] | None = None
    most_ahead_s: float | None = Field(
        None, description="never more than this is drawn and not yet played"
    )


def load_scenario(path: Path) -> Scenario:
    """Read one file.

    Raises:
        BadScenario: names the file and the field.
    """
    try:
        return Scenario.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except yaml.YAMLError as error:
        raise BadScenario(f"{path.name}: {error}") from error
    except ValidationError as error:
        wrong = (f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors())
        raise BadScenario(f"{path.name}: " + "; ".join(wrong)) from error
