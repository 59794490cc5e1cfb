"""Lip-sync nets: our two halves, or any ONNX export with the Wav2Lip contract, behind one face.

Every net answers two questions. `drive(mel)` says what moves the mouth, one row per video frame,
over a whole clip; `draw(face, drive)` paints any batch of those frames. For ours the drive is the
mouth controls, in the open; for a drop-in export it is the mel windows themselves, passed through.

How a file is opened and run is `network`'s. The mel itself (`mel`), the time logic (`mouth`),
cutting and pasting faces do not belong here.
"""

import json
from abc import ABC, abstractmethod
from pathlib import Path

import numpy as np

from backend.avatar import mouth
from backend.avatar.mel import MEL_BANDS, WINDOW_FRAMES, Float32
from backend.avatar.network import Contract, Network, load_network
from backend.errors import ModelFileError

FACE_SIZE = 96
MEL_SHAPE = (1, MEL_BANDS, WINDOW_FRAMES)
FACE_SHAPE = (6, FACE_SIZE, FACE_SIZE)
PICTURE_SHAPE = (3, FACE_SIZE, FACE_SIZE)
CONTROLS_SHAPE = (mouth.CONTROL_COUNT,)

_TOLERANCE = 1e-3
_WANTED = (
    "A Wav2Lip export has two float32 inputs, mel (N,1,80,16) and face (N,6,96,96), "
    "and gives (N,3,96,96) in 0..1."
)
_HEARING = Contract((MEL_SHAPE,), CONTROLS_SHAPE, _WANTED)
_DRAWING = Contract((FACE_SHAPE, CONTROLS_SHAPE), PICTURE_SHAPE, _WANTED)
WAV2LIP = Contract((MEL_SHAPE, FACE_SHAPE), PICTURE_SHAPE, _WANTED)


class Listener(ABC):
    """What hears. Immutable and safe to share between threads.

    name: the file's stem, and " int8" where that is what draws. mel_lead_frames: how many mel
    columns before the video frame its window starts (see `mel.mel_windows`).
    """

    def __init__(self, name: str, mel_lead_frames: int) -> None:
        self.name = name
        self.mel_lead_frames = mel_lead_frames

    @abstractmethod
    def drive(self, mel: Float32) -> Float32:
        """What moves the mouth: mel windows of a whole clip (n,1,80,16) to (n, …) float32."""


class LipSync(Listener):
    """A net that draws too."""

    def draw(self, face: Float32, drive: Float32) -> Float32:
        """Paint frames: face (n,6,96,96) and their n rows of drive to BGR (n,3,96,96) in 0..1."""
        return np.clip(self._paint(face, drive), 0.0, 1.0)

    def predict(self, mel: Float32, face: Float32) -> Float32:
        """The Wav2Lip contract in one call: consecutive frames of one clip, in order."""
        return self.draw(face, self.drive(mel))

    @abstractmethod
    def _paint(self, face: Float32, drive: Float32) -> Float32:
        """As `draw`, just as the net gives it."""


class ControlsListener(Listener):
    """The hearing half of our net: mel to mouth controls."""

    def __init__(self, name: str, mel_lead_frames: int, encoder: Network) -> None:
        super().__init__(name, mel_lead_frames)
        self._encoder = encoder

    def controls(self, mel: Float32) -> Float32:
        """Mouth controls as drawn: (n, 8) in 0..1, named by `mouth.CONTROLS`."""
        return mouth.settle(self._encoder(mel), mel, self.mel_lead_frames)

    def drive(self, mel: Float32) -> Float32:
        return self.controls(mel)


class ControlledLipSync(ControlsListener, LipSync):
    """Our net in halves: mel to mouth controls, then face and controls to a picture."""

    def __init__(self, name: str, mel_lead_frames: int, encoder: Network, decoder: Network) -> None:
        super().__init__(name, mel_lead_frames, encoder)
        self._decoder = decoder

    def _paint(self, face: Float32, drive: Float32) -> Float32:
        return self._decoder(face, drive)


class Wav2LipExport(LipSync):
    """Any single file with the Wav2Lip contract."""

    def __init__(self, name: str, mel_lead_frames: int, network: Network) -> None:
        super().__init__(name, mel_lead_frames)
        self._network = network

    def drive(self, mel: Float32) -> Float32:
        return mel

    def _paint(self, face: Float32, drive: Float32) -> Float32:
        return self._network(drive, face)


def load_lipsync(path: Path | str, threads: int = 1) -> LipSync:
    """Load a lip-sync net and try it once.

    path: `<name>.onnx`. When `<name>.encoder.onnx` and `<name>.decoder.onnx` lie beside it, those
    are used. `<name>.json` beside it may state `mel_lead_frames` (0 without it, as in Wav2Lip).
    threads: threads inside one operator; 1 adds none. Raises ModelFileError with what the file has,
    what is wanted and what to do.
    """
    path = Path(path)
    lead_frames = _mel_lead_frames(path.with_suffix(".json"))
    encoder, decoder = path.with_suffix(".encoder.onnx"), path.with_suffix(".decoder.onnx")
    lipsync: LipSync
    if encoder.is_file() and decoder.is_file():
        hearing = load_network(encoder, _HEARING, threads)
        drawing = load_network(decoder, _DRAWING, threads)
        name = path.stem + drawing.note
        lipsync = ControlledLipSync(name, lead_frames, hearing, drawing)
    else:
        network = load_network(path, WAV2LIP, threads)
        lipsync = Wav2LipExport(path.stem + network.note, lead_frames, network)
    _try_once(lipsync, path)
    return lipsync


def has_controls(path: Path) -> bool:
    """Whether the net at `path` comes in halves that meet in mouth controls."""
    return path.with_suffix(".encoder.onnx").is_file()


def load_controls_listener(path: Path | str, threads: int = 1) -> ControlsListener:
    """Only the hearing half, for who draws without a net: `<name>.encoder.onnx` beside `path`.

    Raises ModelFileError, also when there is no such half.
    """
    path = Path(path)
    encoder = path.with_suffix(".encoder.onnx")
    if not has_controls(path):
        raise ModelFileError(
            f"{encoder} is not there. What draws this avatar follows mouth controls, "
            "which only a net in two halves gives: set avatar.model to lightlips.onnx."
        )
    lead_frames = _mel_lead_frames(path.with_suffix(".json"))
    network = load_network(encoder, _HEARING, threads)
    listener = ControlsListener(path.stem, lead_frames, network)
    try:
        listener.drive(_silence())
    except Exception as error:  # onnxruntime's errors share no base class but this one
        raise ModelFileError(f"{encoder} loads but fails on one frame: {error}.") from error
    return listener


def _mel_lead_frames(card: Path) -> int:
    """The window's lead from the net's card; a net without a card follows Wav2Lip."""
    if not card.is_file():
        return 0
    try:
        lead = json.loads(card.read_text(encoding="utf-8")).get("mel_lead_frames", 0)
    except (ValueError, AttributeError, OSError) as error:
        raise ModelFileError(f"{card} is not a readable JSON card: {error}") from error
    if not isinstance(lead, int) or not 0 <= lead < WINDOW_FRAMES:
        raise ModelFileError(
            f"{card}: mel_lead_frames is {lead!r}; it must be a whole number from 0 to 15."
        )
    return lead


def _try_once(lipsync: LipSync, path: Path) -> None:
    """Draw one frame of silence: shapes may be left open in a file, and ranges always are."""
    mel = _silence()
    face = np.full((1, *FACE_SHAPE), 0.5, np.float32)
    face[:, :3, FACE_SIZE // 2 :] = 0.0
    try:
        picture = lipsync._paint(face, lipsync.drive(mel))
    except Exception as error:  # onnxruntime's errors share no base class but this one
        raise ModelFileError(f"{path} loads but fails on one frame: {error}. {_WANTED}") from error
    if picture.shape != (1, *PICTURE_SHAPE):
        raise ModelFileError(f"{path} draws {picture.shape} for one frame. {_WANTED}")
    low, high = float(picture.min()), float(picture.max())
    if not -_TOLERANCE <= low <= high <= 1.0 + _TOLERANCE:
        raise ModelFileError(
            f"{path} draws values from {low:g} to {high:g}; a Wav2Lip export ends in a sigmoid. "
            f"{_WANTED}"
        )


def _silence() -> Float32:
    return np.full((1, *MEL_SHAPE), -4.0, np.float32)
