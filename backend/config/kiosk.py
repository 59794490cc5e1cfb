"""A screen in a lobby: what it says, when, and how it looks."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator, model_validator

from backend.config.section import Section
from backend.opening_hours import minute_of_day, open_week

KIOSK_BACKGROUNDS = ("studio", "mist", "paper", "ink", "sage", "dusk", "dawn", "lagoon")


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
