"""What `avatar-chat replay` has to say of one file: its turns, and the same turns once more."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.table import Table

from backend.config import Settings
from backend.errors import ConfigError
from backend.replay.drive import replay
from backend.replay.reading import read_recording
from backend.replay.table import turns_json, turns_table
from backend.replay.turns import Turn, turns_of
from backend.replay.waterfall import waterfall
from backend.session.timeline import Header


@dataclass(frozen=True, slots=True)
class Report:
    """`remark` says why nothing was replayed; empty when it was."""

    header: Header
    recorded: list[Turn]
    replayed: list[Turn]
    remark: str

    def table(self) -> Table:
        return turns_table(self.recorded, self.replayed)

    def as_json(self) -> dict[str, Any]:
        return {
            "session_id": self.header.session_id,
            "recorded": turns_json(self.recorded),
            "replayed": turns_json(self.replayed),
            "not_replayed": self.remark,
        }

    def write_html(self, path: Path) -> None:
        """
        Raises:
            ConfigError: the file cannot be written.
        """
        page = waterfall(self.header, self.recorded, self.replayed, self.remark)
        try:
            path.write_text(page, encoding="utf-8")
        except OSError as error:
            raise ConfigError(f"{path} cannot be written: {error.strerror}.") from error


def make_report(path: Path, settings: Settings) -> Report:
    """Read a timeline, and replay it where it holds what that takes.

    Raises:
        BadTimeline: the file is damaged, or is no timeline.
        AvatarChatError: a stage of the replay cannot be loaded.
    """
    recording = read_recording(path)
    why = recording.why_not_driven()
    return Report(
        header=recording.header,
        recorded=turns_of(recording.events),
        replayed=[] if why else turns_of(replay(recording, settings)),
        remark=f"Not replayed. {why}" if why else "",
    )
