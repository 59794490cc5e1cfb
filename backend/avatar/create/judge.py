"""Whether a face can become an avatar. Every refusal says what to do."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from backend.avatar.create import mesh as m
from backend.avatar.create.finder import Image
from backend.avatar.create.mesh import Mesh
from backend.avatar.create.refusals import (
    Blurred,
    EyesClosed,
    FaceTilted,
    FaceTooSmall,
    FaceTurned,
    MouthOpen,
    NoFace,
    SeveralFaces,
)
from backend.avatar.packages.facebox import face_box

LEAST_EYE_DISTANCE_PX = 56
MOST_TURN = 0.22
MOST_ROLL_DEGREES = 18
MOST_GAP = 0.10
LEAST_OPEN_EYES = 0.14
LEAST_SHARPNESS = 0.75
_JUDGED_PX = 200


def the_one(faces: Sequence[Mesh]) -> Mesh:
    """Raises NoFace, SeveralFaces."""
    if not faces:
        raise NoFace(
            "No face was found. Take one from the front, in good light, in which the face fills "
            "at least a fifth of the picture."
        )
    if len(faces) > 1:
        raise SeveralFaces(
            f"There are {len(faces)} faces. Cut the picture so that only one person is in it."
        )
    return faces[0]


def require_large(mesh: Mesh) -> None:
    """mesh: in the source's own pixels."""
    pixels = m.eye_distance(mesh)
    if pixels < LEAST_EYE_DISTANCE_PX:
        raise FaceTooSmall(
            f"The face is too small: {pixels:.0f} pixels between the eyes, and "
            f"{LEAST_EYE_DISTANCE_PX} are needed. Go closer or use the original file."
        )


def require_frontal(mesh: Mesh) -> None:
    if m.turn(mesh) > MOST_TURN:
        raise FaceTurned("The face is turned to the side. Look straight into the camera.")
    if abs(m.roll_degrees(mesh)) > MOST_ROLL_DEGREES:
        raise FaceTilted("The head leans to a shoulder. Hold it upright, or turn the picture.")


def require_at_rest(mesh: Mesh) -> None:
    if m.mouth_gap(mesh) > MOST_GAP:
        raise MouthOpen("The mouth is open. Use a picture with closed lips.")
    if m.eye_openness(mesh) < LEAST_OPEN_EYES:
        raise EyesClosed("The eyes are closed. Use a picture with open eyes.")


def require_sharp(picture: Image, mesh: Mesh) -> None:
    if sharpness(picture, mesh) < LEAST_SHARPNESS:
        raise Blurred("The face is blurred. Hold still, wipe the lens, use more light.")


def sharpness(picture: Image, mesh: Mesh) -> float:
    """Standard deviation of the Laplacian over the face at a set size, over its contrast."""
    height, width = picture.shape[:2]
    x0, y0, x1, y1 = face_box(m.multi_pie(mesh))
    face = picture[max(0, int(y0)) : min(height, int(y1)), max(0, int(x0)) : min(width, int(x1))]
    grey = cv2.cvtColor(face, cv2.COLOR_BGR2GRAY)
    scale = _JUDGED_PX / max(grey.shape[0], 1)
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    grey = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=how).astype(np.float32)
    contrast = max(float(grey.std()), 1.0)
    return float(cv2.Laplacian(grey, cv2.CV_32F).std()) / contrast * 10
