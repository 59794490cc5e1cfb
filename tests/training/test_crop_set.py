import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from training import crop_set
from training.crop_set import CANVAS, FACE

_GREY, _WHITE = 90, 230


def _landmarks() -> np.ndarray:
    """A face whose box is exactly 0.2…0.8 by 0.2…0.8 of the picture."""
    points = np.full((68, 2), 0.5)
    height, width = 0.6 / 1.37, 0.6 / 1.04
    brow = 0.2 + 0.22 * height
    points[0:17, 0] = np.linspace(0.5 - width / 2, 0.5 + width / 2, 17)
    points[17:27, 1], points[8, 1] = brow, brow + height
    return points


@pytest.fixture
def rendered(tmp_path: Path) -> tuple[Path, Path]:
    crops, template = tmp_path / "crops", tmp_path / "template"
    crops.mkdir()
    template.mkdir()
    for frame in (0, 4):
        cv2.imwrite(str(template / f"{frame:03d}.png"), np.full((512, 512, 3), _GREY, np.uint8))
    poses = [{"frame": frame, "landmarks": _landmarks().tolist()} for frame in (0, 4)]
    (template / "index.jsonl").write_text("".join(json.dumps(p) + "\n" for p in poses))
    lines = []
    for number in range(20):
        name = f"0_{number:05d}.png"
        cv2.imwrite(str(crops / name), np.full((80, 96, 3), _WHITE, np.uint8))
        controls, region = [number / 20] * 8, [112 / 320, 160 / 320, 208 / 320, 240 / 320]
        lines.append({"file": name, "frame": 4, "controls": controls, "region": region})
    (crops / "index_0.jsonl").write_text("".join(json.dumps(x) + "\n" for x in lines))
    return crops, template


def test_mouths_lie_over_the_frame_of_their_pose(rendered: tuple[Path, Path]) -> None:
    crops = crop_set.load(*rendered)
    assert crops.pictures.shape == (21, CANVAS, CANVAS, 3)
    assert np.unique(crops.frame).tolist() == [4]
    neutral, mouth = crops.pictures[crops.neutral_of[1]], crops.pictures[1]
    assert (neutral == _GREY).all()
    # the patch is 96×80 of 320 pixels, the face box 192×192: half as wide, starting at its middle
    changed = mouth[..., 0] > (_GREY + _WHITE) / 2
    rows, columns = np.flatnonzero(changed.any(1)), np.flatnonzero(changed.any(0))
    margin = (CANVAS - FACE) // 2
    assert rows[0] - margin == pytest.approx(FACE / 2, abs=2)
    assert len(rows) == pytest.approx(80 * FACE / 192, abs=4)
    assert len(columns) == pytest.approx(96 * FACE / 192, abs=4)


def test_neutral_pictures_come_first_and_the_newest_mouths_are_held_out(
    rendered: tuple[Path, Path],
) -> None:
    crops = crop_set.load(*rendered)
    assert not crops.controls[0].any()
    assert crops.neutral_of.tolist() == [0] * 21
    assert np.flatnonzero(crops.held_out).tolist() == [19, 20]


def test_a_missing_picture_is_named(rendered: tuple[Path, Path]) -> None:
    (rendered[0] / "0_00003.png").unlink()
    with pytest.raises(FileNotFoundError, match="0_00003"):
        crop_set.load(*rendered)
