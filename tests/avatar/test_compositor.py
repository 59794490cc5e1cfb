"""Pasting changes what moved, inside the mask, and nothing else."""

from pathlib import Path

import numpy as np
import pytest

from backend.avatar.mouths.compositor import Compositor
from backend.avatar.mouths.template import Template, load_template
from backend.avatar.packages.package import AvatarPackage
from backend.avatar.pictures.planes import split_planes


@pytest.fixture
def template(avatar: Path) -> Template:
    return load_template(AvatarPackage.load(avatar))


def same_face(template: Template, number: int) -> np.ndarray:
    """What a perfect net paints for a mouth at rest."""
    return template.colour.to_bgr(template.frames[number].small).transpose(2, 0, 1)


def dark_mouth(template: Template, number: int) -> np.ndarray:
    painted = same_face(template, number).copy()
    painted[:, 64:80, 34:62] *= 0.2
    return painted


def test_faces_have_the_contract_of_the_net(template: Template) -> None:
    faces = template.faces([0, 3])
    assert faces.shape == (2, 6, 96, 96)
    assert faces.dtype == np.float32
    assert 0 <= faces.min() <= faces.max() <= 1
    assert not faces[:, :3, 48:].any()
    np.testing.assert_array_equal(faces[:, :3, :48], faces[:, 3:, :48])
    np.testing.assert_allclose(faces[1, 3:], np.clip(same_face(template, 3), 0, 1), atol=1e-5)


def test_a_mouth_that_did_not_move_leaves_every_pixel(template: Template) -> None:
    pasted = Compositor(template).paste(0, same_face(template, 0), 1.0)
    np.testing.assert_array_equal(pasted, template.frames[0].picture)


def test_nothing_changes_outside_the_mask_or_without_presence(template: Template) -> None:
    compositor, before = Compositor(template), template.frames[2].picture
    np.testing.assert_array_equal(compositor.paste(2, dark_mouth(template, 2), 0.0), before)
    changed = compositor.paste(2, dark_mouth(template, 2), 1.0) != before
    luma, blue, _ = split_planes(changed)
    x0, y0, _, y1 = template.frames[2].box
    assert luma.any()
    assert not luma[: (y0 + y1) // 2].any()
    assert not luma[:, :x0].any()
    assert not luma[y1:].any()
    assert not blue[: (y0 + y1) // 4].any()


def test_where_the_mouth_moved_the_net_is_seen(template: Template) -> None:
    frame = template.frames[0]
    x0, y0, x1, y1 = frame.box
    pasted = Compositor(template).paste(0, dark_mouth(template, 0), 1.0)
    row, column = y0 + (y1 - y0) * 72 // 96, x0 + (x1 - x0) // 2
    wanted = template.colour.to_yuv(dark_mouth(template, 0)[:, 72, 48])[0]
    assert abs(float(pasted[row, column]) - wanted) < 8
    # and the template's grain is gone from there, which a plain sum would have kept
    inside = slice(row - 6, row + 6), slice(column - 12, column + 12)
    assert pasted[inside].std() < 0.5 * frame.picture[inside].std()


def test_presence_fades_the_mouth_in(template: Template) -> None:
    compositor, before = Compositor(template), template.frames[0].picture.astype(int)
    steps = [
        np.abs(compositor.paste(0, dark_mouth(template, 0), part) - before).sum()
        for part in (0.0, 0.25, 0.5, 1.0)
    ]
    assert steps == sorted(steps)
    assert steps[2] == pytest.approx(steps[3] / 2, rel=0.1)


def test_pasting_leaves_the_template_alone(template: Template) -> None:
    before = template.frames[1].picture.copy()
    Compositor(template).paste(1, dark_mouth(template, 1), 1.0)
    np.testing.assert_array_equal(template.frames[1].picture, before)
