"""What hears: from windows of sound to what moves the mouth, one row per video frame.

A hearing half comes in two widths. `<name>.encoder.onnx` hears the 16 mel columns of the Wav2Lip
contract, frame by frame; `<name>.hearing.onnx`, which ours is, hears a longer past in one stretch,
and through `<name>.phones.onnx` which phones people would take it for. Time logic is `mouth`'s,
columns are `ear`'s, drawing is `lipsync`'s.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from backend.avatar.lips import mouth, phones
from backend.avatar.lips.articulation_marks import Articulation, Said, Uttered
from backend.avatar.lips.ear import Ear
from backend.avatar.lips.mel import (
    MEL_BANDS,
    MEL_FRAMES_PER_S,
    VIDEO_FPS,
    WINDOW_FRAMES,
    Float32,
    Pcm,
    video_frames,
    windows_at,
)
from backend.avatar.network import Contract, Network, load_network
from backend.errors import ModelFileError

_WIDE, _NARROW = ".hearing.onnx", ".encoder.onnx"
_LONGEST_WINDOW = 4 * MEL_FRAMES_PER_S


@dataclass(frozen=True, slots=True)
class Window:
    """The columns that a video frame is heard by: so many, from `lead` before its own moment on."""

    lead: int = 0
    columns: int = WINDOW_FRAMES


class Listener(ABC):
    """What hears. Immutable and safe to share between threads.

    name: the file's stem, and " int8" where that is what draws. window: what a frame hears.
    """

    def __init__(self, name: str, window: Window) -> None:
        self.name = name
        self.window = window

    @abstractmethod
    def drive(self, heard: Float32, speaking: Float32, said: Said | None = None) -> Float32:
        """What moves the mouth: what was heard of consecutive frames (n, …), how much of each is
        speech (n,), and what the voice's marks ask of them, to (n, …) float32."""

    def ear(self) -> Ear:
        """For one sentence: it gives the columns that are heard."""
        return Ear()

    def heard(self, columns: Float32, starts: npt.NDArray[np.intp], silence: Float32) -> Float32:
        """What this net makes of consecutive frames, each alone: (n, …).

        columns: (rows, …) from the `ear`, and its `silence`. starts: (n,) where the frames' windows
        begin.
        """
        return self.of_windows(windows_at(columns, starts, self.window.columns, silence))

    def of_windows(self, windows: Float32) -> Float32:
        """As `heard`, of windows (n, 1, rows, columns) already cut."""
        return windows

    def hear(self, pcm: Pcm, uttered: Iterable[Uttered] = ()) -> Float32:
        """The drive of a whole clip at once: (samples,) mono at 16 kHz, and its marks if there are
        any, to (n, …)."""
        moments = np.rint(np.arange(video_frames(len(pcm))) * (MEL_FRAMES_PER_S / VIDEO_FPS))
        starts = moments.astype(np.intp) - self.window.lead
        ear = self.ear()
        columns = ear.listen(pcm, int(starts.max(initial=0)) + self.window.columns)
        articulation = Articulation()
        articulation.add(uttered)
        said = articulation.frames(0, len(starts), float("inf"))
        speaking = mouth.speaking(mouth.levels(columns, starts + self.window.lead, ear.silence))
        return self.drive(self.heard(columns, starts, ear.silence), speaking, said)


@dataclass(frozen=True, slots=True)
class HearingHalf:
    """A net from sound to controls. phones: the net that its ear needs, if it needs one; a half
    with such an ear takes a whole stretch (1, 1, rows, columns) to a column each (1, 8, …)."""

    network: Network
    window: Window
    phones: Network | None = None


class ControlsListener(Listener):
    """The hearing half of our net: sound to mouth controls."""

    def __init__(self, name: str, half: HearingHalf) -> None:
        super().__init__(name, half.window)
        self._half = half

    def drive(self, heard: Float32, speaking: Float32, said: Said | None = None) -> Float32:
        """Mouth controls as drawn: (n, 8) in 0..1, named by `mouth.CONTROLS`."""
        return mouth.settle(said.steer(heard) if said is not None else heard, speaking)

    def ear(self) -> Ear:
        return Ear(self._half.phones)

    def heard(self, columns: Float32, starts: npt.NDArray[np.intp], silence: Float32) -> Float32:
        if self._half.phones is None or len(starts) == 0:
            return super().heard(columns, starts, silence)
        places = starts - starts[0]
        length = int(places[-1]) + self.window.columns
        stretch = windows_at(columns, starts[:1], length, silence)
        return np.ascontiguousarray(self._half.network(stretch)[0, :, places])

    def of_windows(self, windows: Float32) -> Float32:
        said = self._half.network(windows)
        return said if self._half.phones is None else said[..., 0]


def has_controls(path: Path) -> bool:
    """Whether the net at `path` comes in halves that meet in mouth controls."""
    return any(path.with_suffix(width).is_file() for width in (_WIDE, _NARROW))


def load_controls_listener(path: Path | str, threads: int = 1) -> ControlsListener:
    """Only the hearing half, for who draws without a net: what lies beside `path`.

    Raises ModelFileError, also when there is no such half.
    """
    path = Path(path)
    if not has_controls(path):
        raise ModelFileError(
            f"Neither {path.stem}{_WIDE} nor {path.stem}{_NARROW} is in {path.parent}. What draws "
            "this avatar follows mouth controls, which only a net in two halves gives: set "
            "avatar.model to lightlips.json."
        )
    half = load_hearing_half(path, threads)
    listener = ControlsListener(path.stem, half)
    try:
        listener.hear(np.zeros(1, np.float32))
    except Exception as error:  # onnxruntime's errors share no base class but this one
        file = half.network.path
        raise ModelFileError(f"{file} loads but fails on one frame: {error}.") from error
    return listener


def load_hearing_half(path: Path, threads: int = 1) -> HearingHalf:
    """The widest hearing that lies beside `path`. Raises ModelFileError."""
    wide, card = path.with_suffix(_WIDE), path.with_suffix(".json")
    if not wide.is_file():
        window = Window(mel_lead_frames(card))
        contract = _contract(MEL_BANDS, window, (mouth.CONTROL_COUNT,))
        encoder = path.with_suffix(_NARROW)
        return HearingHalf(load_network(encoder, contract, threads), window)
    window = _wide_window(card)
    rows = MEL_BANDS + phones.PHONE_COUNT
    return HearingHalf(
        load_network(wide, _contract(rows, window, (mouth.CONTROL_COUNT, 1)), threads),
        window,
        load_network(path.with_suffix(".phones.onnx"), phones.CONTRACT, threads),
    )


def mel_lead_frames(card: Path) -> int:
    """The contract window's lead from the net's card; a net without a card follows Wav2Lip."""
    lead = _read(card).get("mel_lead_frames", 0) if card.is_file() else 0
    if not isinstance(lead, int) or not 0 <= lead < WINDOW_FRAMES:
        raise ModelFileError(
            f"{card}: mel_lead_frames is {lead!r}; it must be a whole number from 0 to 15."
        )
    return lead


def _wide_window(card: Path) -> Window:
    about = _read(card).get("hearing")
    lead, columns = (
        (about.get("lead_columns"), about.get("columns"))
        if isinstance(about, dict)
        else (None, None)
    )
    if not isinstance(lead, int) or not isinstance(columns, int):
        raise ModelFileError(f"{card}: hearing must give lead_columns and columns, whole numbers.")
    if not 0 <= lead < columns <= _LONGEST_WINDOW:
        raise ModelFileError(
            f"{card}: hearing has lead_columns {lead} of columns {columns}; the frame's own moment "
            f"must lie within its window, and that has at most {_LONGEST_WINDOW} columns."
        )
    return Window(lead, columns)


def _read(card: Path) -> dict[str, object]:
    try:
        about = json.loads(card.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise ModelFileError(f"{card} is not a readable JSON card: {error}") from error
    if not isinstance(about, dict):
        raise ModelFileError(f"{card} is not a readable JSON card: it is no object.")
    return about


def _contract(rows: int, window: Window, output: tuple[int, ...]) -> Contract:
    shape = (1, rows, window.columns)
    taken, given = (",".join(map(str, each)) for each in (shape, output))
    wanted = f"A hearing half takes sound (N,{taken}) and gives controls (N,{given}) in 0..1."
    return Contract((shape,), output, wanted)
