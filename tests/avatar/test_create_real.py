"""The real face finder on real pictures. `make face-finder` installs it; CI does."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from backend.avatar.create import mesh as m
from backend.avatar.create.files import About
from backend.avatar.create.finder import MediaPipe
from backend.avatar.create.maker import Order, create
from backend.avatar.create.progress import Step
from backend.avatar.create.refusals import FaceTilted, NoFace, SeveralFaces
from backend.avatar.create.source import read_photo
from backend.avatar.lips.mouth import CONTROLS
from backend.avatar.mouths.template import load_template
from backend.avatar.mouths.warp import Warper
from backend.avatar.packages.marks import load_marks
from backend.config import AvatarSettings
from tests.avatar.faces import NORA, POSTER, nora

PYTHON = AvatarSettings().finder_python
pytestmark = pytest.mark.skipif(
    not PYTHON.is_file(), reason="the face finder is not installed: make face-finder"
)
FINDERS = MediaPipe(PYTHON)


def quiet(step: Step, part: float) -> None:
    assert 0 <= part <= 1


def test_the_poster_has_the_stored_mesh() -> None:
    with FINDERS("still") as finder:
        [mesh] = finder.find(read_photo(POSTER))
    assert mesh == pytest.approx(nora(), abs=3)


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        (lambda p: np.hstack([p, p]), SeveralFaces),
        (lambda p: np.full_like(p, 90), NoFace),
        (
            lambda p: cv2.warpAffine(
                p,
                cv2.getRotationMatrix2D((256, 256), 25, 1),
                (512, 512),
                borderMode=cv2.BORDER_REPLICATE,
            ),
            FaceTilted,
        ),
    ],
)
def test_real_refusals(change: object, refusal: type[Exception], tmp_path: Path) -> None:
    assert callable(change)
    cv2.imwrite(str(tmp_path / "photo.png"), change(read_photo(POSTER)))
    with pytest.raises(refusal):
        create(
            Order(tmp_path / "photo.png", About("x", "X", "private")),
            tmp_path / "avatars",
            FINDERS,
            quiet,
        )


@pytest.mark.parametrize("source", [POSTER, NORA / "idle.mp4"])
def test_who_looks_at_the_drawn_mouth_sees_what_the_controls_say(
    source: Path, tmp_path: Path
) -> None:
    package = create(Order(source, About("x", "X", "private")), tmp_path, FINDERS, quiet)
    warper = Warper(load_template(package), load_marks(package))
    jaws = np.linspace(0, 0.9, 10)
    rows = [[jaw if name == "jaw" else 0.0 for name in CONTROLS] for jaw in jaws]
    gaps = []
    with FINDERS("still") as finder:
        for number, row in enumerate(rows):
            picture = warper.paste(number, np.array(row, np.float32))
            [mesh] = finder.find(cv2.cvtColor(picture, cv2.COLOR_YUV2BGR_I420))
            gaps.append(m.mouth_gap(mesh))
    assert np.corrcoef(jaws, gaps)[0, 1] > 0.97
    assert gaps[0] < 0.02
    assert gaps[-1] > 0.25
