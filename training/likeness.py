"""How well drawn pictures match true renders, and how far the lips are apart in a picture.

`Ruler` reads the opening off a picture by ridge regression that has seen only true renders; what it
reads off drawn pictures says whether the whole way from sound to picture moves the lips rightly.
Works on crops as `crop_set` loads them and on any `LipSync`; no torch.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from backend.avatar.lipsync import ControlledLipSync, LipSync
from backend.avatar.mel import Float32
from training import measure
from training.card import Likeness
from training.crop_set import CANVAS, FACE, CropSet
from training.espeak import Speech

Float = npt.NDArray[np.float64]
_CUT = FACE // 2
_LIPS = slice(_CUT + 6, 90), slice(24, 72)
_RIDGE = 1.0


@dataclass(frozen=True, slots=True)
class Ruler:
    """Opening of the lips (see `measure.opening`) as a linear function of the mouth's picture."""

    weights: Float
    offset: float

    @classmethod
    def fit(cls, crops: CropSet) -> "Ruler":
        """Learn from all true renders but the held-out ones."""
        chosen = np.flatnonzero(~crops.held_out)
        features = _features(_faces(crops, chosen), _faces(crops, crops.neutral_of[chosen]))
        wanted = measure.opening(crops.controls[chosen])
        centred = features - features.mean(0)
        gram = centred @ centred.T + _RIDGE * np.eye(len(centred))
        weights = centred.T @ np.linalg.solve(gram, wanted - wanted.mean())
        return cls(weights, float(wanted.mean() - features.mean(0) @ weights))

    def read(self, pictures: Float32, reference: Float32) -> Float:
        """(n,) openings of (n, 3, 96, 96) pictures with their closed-mouth references."""
        return np.asarray(_features(pictures, reference) @ self.weights + self.offset)


def likeness(net: ControlledLipSync, crops: CropSet) -> dict[str, Likeness]:
    """The decoder with true controls on held-out crops, beside copying the reference."""
    chosen = np.flatnonzero(crops.held_out)
    wanted, reference = _faces(crops, chosen), _faces(crops, crops.neutral_of[chosen])
    drawn = net.draw(_input(wanted, reference), crops.controls[chosen])
    return {
        f"net, {len(chosen)} held-out renders": _likeness(drawn, wanted),
        "copy of the reference": _likeness(reference, wanted),
    }


def drawn_openings(
    nets: dict[str, LipSync], crops: CropSet, speeches: list[Speech]
) -> dict[str, float]:
    """Correlations of the opening read off pictures with the true opening.

    First on held-out true renders, which is the ruler's own limit; then on what each net draws
    from sound, sentence after sentence over one face.
    """
    ruler = Ruler.fit(crops)
    chosen = np.flatnonzero(crops.held_out)
    read = ruler.read(_faces(crops, chosen), _faces(crops, crops.neutral_of[chosen]))
    found = {"true renders": _correlation(read, measure.opening(crops.controls[chosen]))}
    face = _faces(crops, crops.neutral_of[chosen[:1]])
    for name, net in nets.items():
        drawn, true = zip(*(_one_sentence(net, ruler, face, s) for s in speeches), strict=True)
        found[name] = _correlation(np.concatenate(drawn), np.concatenate(true))
    return found


def _one_sentence(net: LipSync, ruler: Ruler, face: Float32, speech: Speech) -> tuple[Float, Float]:
    drive = net.hear(speech.pcm)
    faces = np.repeat(face, len(drive), axis=0)
    pictures = net.draw(_input(faces, faces), drive)
    true = measure.mouths(speech, np.zeros((len(drive), 8), np.float32)).true
    return ruler.read(pictures, faces), measure.opening(true)


def _faces(crops: CropSet, numbers: npt.NDArray[np.int64]) -> Float32:
    """(n, 3, 96, 96) in 0..1: the face box out of the middle of the canvas."""
    margin = (CANVAS - FACE) // 2
    inner = crops.pictures[numbers, margin:-margin, margin:-margin]
    return np.ascontiguousarray(inner.transpose(0, 3, 1, 2), np.float32) / 255


def _input(target: Float32, reference: Float32) -> Float32:
    upper = target.copy()
    upper[:, :, _CUT:] = 0
    return np.concatenate([upper, reference], axis=1)


def _features(pictures: Float32, reference: Float32) -> Float:
    """(n, 1368) the mouth at half size, less the reference's."""
    difference = (pictures - reference)[:, :, 52:90, 24:72].transpose(0, 2, 3, 1)
    small = [cv2.resize(one, (24, 19), interpolation=cv2.INTER_AREA) for one in difference]
    return np.stack(small).reshape(len(small), -1).astype(np.float64)


def _likeness(pictures: Float32, wanted: Float32) -> Likeness:
    error = np.abs(pictures - wanted)
    rows, columns = _LIPS
    return Likeness(
        l1=float(error[:, :, _CUT:].mean()),
        ssim=float(np.mean([_ssim(a[:, _CUT:], b[:, _CUT:])
                            for a, b in zip(pictures, wanted, strict=True)])),
        mouth_l1=float(error[:, :, rows, columns].mean()),
    )  # fmt: skip


def _ssim(a: Float32, b: Float32) -> float:
    """Structural similarity of (3, h, w) pictures in 0..1, 7×7 windows (Wang et al., 2004)."""
    steady, contrast = 0.01**2, 0.03**2
    unbiased = 49 / 48

    def mean(channel: Float) -> Float:
        return np.asarray(cv2.blur(channel, (7, 7))[3:-3, 3:-3])

    values = []
    for x, y in zip(a.astype(np.float64), b.astype(np.float64), strict=True):
        mx, my = mean(x), mean(y)
        vx, vy = (unbiased * (mean(z * z) - m * m) for z, m in ((x, mx), (y, my)))
        cov = unbiased * (mean(x * y) - mx * my)
        top = (2 * mx * my + steady) * (2 * cov + contrast)
        values.append((top / ((mx**2 + my**2 + steady) * (vx + vy + contrast))).mean())
    return float(np.mean(values))


def _correlation(a: Float, b: Float) -> float:
    return float(np.corrcoef(a, b)[0, 1])
