"""Lip-sync nets: our two halves, or any ONNX export with the Wav2Lip contract, behind one face.

Every net answers two questions. `drive` says what moves the mouth, one row per video frame, over a
whole clip (`listener`); `draw(face, drive)` paints any batch of those frames. For ours the drive is
the mouth controls, in the open; for a drop-in export it is the mel windows, passed through.

How a file is opened and run is `network`'s. The mel itself (`mel`), the time logic (`mouth`),
cutting and pasting faces do not belong here.
"""

from abc import abstractmethod
from pathlib import Path

import numpy as np

from backend.avatar.lips import mouth
from backend.avatar.lips.articulation_marks import Said
from backend.avatar.lips.listener import (
    ControlsListener,
    HearingHalf,
    Listener,
    Window,
    has_controls,
    load_hearing_half,
    mel_lead_frames,
)
from backend.avatar.lips.mel import MEL_BANDS, WINDOW_FRAMES, Float32
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
DRAWING = Contract((FACE_SHAPE, CONTROLS_SHAPE), PICTURE_SHAPE, _WANTED)
WAV2LIP = Contract((MEL_SHAPE, FACE_SHAPE), PICTURE_SHAPE, _WANTED)


class LipSync(Listener):
    """A net that draws too."""

    def draw(self, face: Float32, drive: Float32) -> Float32:
        """Paint frames: face (n,6,96,96) and their n rows of drive to BGR (n,3,96,96) in 0..1."""
        return np.clip(self._paint(face, drive), 0.0, 1.0)

    @abstractmethod
    def _paint(self, face: Float32, drive: Float32) -> Float32:
        """As `draw`, just as the net gives it."""


class ControlledLipSync(ControlsListener, LipSync):
    """Our net in halves: sound to mouth controls, then face and controls to a picture."""

    def __init__(self, name: str, half: HearingHalf, decoder: Network) -> None:
        super().__init__(name, half)
        self._decoder = decoder

    def _paint(self, face: Float32, drive: Float32) -> Float32:
        return self._decoder(face, drive)


class Wav2LipExport(LipSync):
    """Any single file with the Wav2Lip contract. It hears for itself, whatever marks there are."""

    def __init__(self, name: str, lead_frames: int, network: Network) -> None:
        super().__init__(name, Window(lead_frames))
        self._network = network

    def drive(self, heard: Float32, speaking: Float32, said: Said | None = None) -> Float32:
        return heard

    def _paint(self, face: Float32, drive: Float32) -> Float32:
        return self._network(drive, face)


def load_lipsync(path: Path | str, threads: int = 1) -> LipSync:
    """Load a lip-sync net and try it once.

    path: `<name>.json`, the card of a net in halves, or `<name>.onnx`. Where a hearing half and
    `<name>.decoder.onnx` lie beside it, those are used. `<name>.json` beside a whole net may state
    `mel_lead_frames` (0 without it, as in Wav2Lip).
    threads: threads inside one operator; 1 adds none. Raises ModelFileError with what the file has,
    what is wanted and what to do.
    """
    path = Path(path)
    decoder = path.with_suffix(".decoder.onnx")
    lipsync: LipSync
    if has_controls(path) and decoder.is_file():
        drawing = load_network(decoder, DRAWING, threads)
        name = path.stem + drawing.note
        lipsync = ControlledLipSync(name, load_hearing_half(path, threads), drawing)
    elif path.suffix == ".json":
        raise ModelFileError(
            f"{path} is the card of a net in halves, and they do not both lie beside it: a hearing "
            f"half and {decoder.name}. Put them there, or set avatar.model to a net in one file."
        )
    else:
        lead_frames = mel_lead_frames(path.with_suffix(".json"))
        network = load_network(path, WAV2LIP, threads)
        lipsync = Wav2LipExport(path.stem + network.note, lead_frames, network)
    _try_once(lipsync, path)
    return lipsync


def _try_once(lipsync: LipSync, path: Path) -> None:
    """Draw one frame of silence: shapes may be left open in a file, and ranges always are."""
    face = np.full((1, *FACE_SHAPE), 0.5, np.float32)
    face[:, :3, FACE_SIZE // 2 :] = 0.0
    try:
        picture = lipsync._paint(face, lipsync.hear(np.zeros(1, np.float32)))
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
