"""The original-size Wav2Lip net is rewritten, put in eight bits and still draws the same."""

import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest
from face_samples import make_avatar, make_export

from backend.avatar.mouths.lipsync import WAV2LIP, load_lipsync
from backend.avatar.network import open_network
from backend.config import AvatarSettings
from backend.errors import ModelFileError
from backend.nets import optimise as room
from backend.tuning import tune
from bench import wav2lip_shape


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("original") / "wav2lip.onnx"
    assert wav2lip_shape.build(path) == 36_275_283
    path.with_suffix(".json").write_text('{"mel_lead_frames": 2}')
    return path


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> AvatarSettings:
    folder = tmp_path_factory.mktemp("avatars")
    make_avatar(folder)
    return AvatarSettings(dir=folder)


@pytest.mark.timeout(400)  # half a minute where nothing else runs
def test_the_original_becomes_plain_and_small(original: Path, settings: AvatarSettings) -> None:
    done = tune(original, settings, int8=True)
    assert (done.path.name, done.replaced) == ("wav2lip.fast.onnx", 6)
    assert done.difference < 1e-5
    assert {n.op_type for n in onnx.load(done.path).graph.node}.isdisjoint({"ConvTranspose"})
    assert done.int8 is not None
    assert done.likeness is not None
    assert done.likeness >= 0.98
    assert done.int8.stat().st_size < 0.4 * original.stat().st_size
    assert open_network(done.int8, WAV2LIP).is_int8
    assert load_lipsync(done.path).name in ("wav2lip.fast", "wav2lip.fast int8")
    assert load_lipsync(done.path).window.lead == 2
    left = {path.name for path in original.parent.iterdir()}
    assert left == {"wav2lip.onnx", "wav2lip.json", "wav2lip.fast.onnx", "wav2lip.fast.json",
                    "wav2lip.fast.int8.onnx"}  # fmt: skip


def test_only_the_contract_is_taken(tmp_path: Path, settings: AvatarSettings) -> None:
    with pytest.raises(ModelFileError, match="is not there"):
        tune(tmp_path / "none.onnx", settings, int8=False)
    wrong = tmp_path / "wrong.onnx"
    wrong.write_bytes(b"no net")
    with pytest.raises(ModelFileError, match="not an ONNX model"):
        tune(wrong, settings, int8=False)


def test_what_would_draw_otherwise_is_not_written(
    tmp_path: Path, settings: AvatarSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make_export(tmp_path / "net.onnx")
    monkeypatch.setattr(room, "_difference", lambda *_: float("nan"))
    with pytest.raises(ModelFileError, match="Nothing was written"):
        tune(path, settings, int8=False)
    assert [found.name for found in tmp_path.iterdir()] == ["net.onnx"]


def test_eight_bits_of_an_earlier_net_do_not_stay(tmp_path: Path, settings: AvatarSettings) -> None:
    (tmp_path / "net.fast.int8.onnx").write_bytes(b"of an earlier one")
    assert tune(make_export(tmp_path / "net.onnx"), settings, int8=False).int8 is None
    assert {found.name for found in tmp_path.iterdir()} == {"net.onnx", "net.fast.onnx"}


def test_without_onnx_it_says_what_to_install(
    tmp_path: Path, settings: AvatarSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "find_spec", lambda _: None)
    with pytest.raises(ModelFileError, match=r"pip install .*optimize"):
        tune(make_export(tmp_path / "net.onnx"), settings, int8=False)


def test_a_twin_is_used_only_where_it_is_faster(
    tmp_path: Path, settings: AvatarSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make_export(tmp_path / "net.onnx")
    shutil.copyfile(path, tmp_path / "net.int8.onnx")
    speeds = {"fast": [1.0, 0.5], "slow": [1.0, 0.95]}
    names = {}
    for pace, seconds in speeds.items():
        monkeypatch.setattr("backend.avatar.network.race", lambda _, found=seconds: found)
        names[pace] = load_lipsync(path).name
    assert names == {"fast": "net int8", "slow": "net"}
    monkeypatch.undo()
    mel, face = np.zeros((1, 1, 80, 16), np.float32), np.zeros((1, 6, 96, 96), np.float32)
    net = load_lipsync(path)
    assert net.draw(face, net.of_windows(mel)).shape == (1, 3, 96, 96)
