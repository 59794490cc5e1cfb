"""Hearing in pieces equals hearing the whole clip at once."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from face_samples import speech

from backend.avatar.lips import mouth
from backend.avatar.lips.articulation_marks import Uttered
from backend.avatar.lips.hearing import BATCH_FRAMES, Hearing
from backend.avatar.lips.mel import mel_spectrogram, mel_windows
from backend.avatar.mouths.lipsync import LipSync, load_lipsync
from backend.avatar.pictures.codecs import SAMPLES_PER_FRAME
from backend.avatar.pictures.encoder import SOUND_LEAD_FRAMES
from backend.avatar.pictures.file_encoder import FileEncoder


@pytest.fixture(params=["export", "halves"])
def net(request: pytest.FixtureRequest) -> LipSync:
    return load_lipsync(request.getfixturevalue(request.param))


MARKS = [Uttered(i / 10, (i + 1) / 10, name) for i, name in enumerate("mapabiba" * 3)]


def hear(
    net: LipSync, pcm: np.ndarray, piece: int, marks: Sequence[Uttered] = ()
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """All sound, drive and presence of a sentence that arrives in pieces of so many samples, with
    the marks that begin in each."""
    hearing, heard = Hearing(net, FileEncoder), []
    for begin in range(0, len(pcm), piece):
        here = [mark for mark in marks if 0 <= mark.start_s * 16_000 - begin < piece]
        hearing.feed(pcm[begin : begin + piece], begin + piece >= len(pcm), here)
        while hearing.ready:
            heard.append(hearing.take())
    assert all(len(batch.presence) == BATCH_FRAMES for batch in heard[:-1])
    sound, drive, presence = zip(*((h.pcm, h.drive, h.presence) for h in heard), strict=True)
    return np.concatenate(sound), np.concatenate(drive), np.concatenate(presence)


def in_and_out() -> np.ndarray:
    """Speech with a pause long enough for the mouth to rest."""
    return np.concatenate([speech(0.9, silent_end_s=0.8), speech(1.3)])


@pytest.mark.parametrize("piece", [777, 16_000, 1_000_000])
def test_pieces_give_what_the_whole_clip_gives(net: LipSync, piece: int) -> None:
    sound, drive, presence = hear(net, in_and_out(), piece)
    np.testing.assert_allclose(drive, net.hear(sound), atol=1e-5)
    inner = slice(2, -3)
    moments = np.rint(np.arange(len(presence)) * 3.2).astype(np.intp)
    speaking = mouth.speaking(mouth.levels(mel_spectrogram(sound), moments))
    np.testing.assert_allclose(presence[inner], speaking[inner], atol=1e-6)


def test_pieces_give_equal_numbers(net: LipSync) -> None:
    whole, pieces = hear(net, in_and_out(), 1_000_000), hear(net, in_and_out(), 1234)
    for one, other in zip(whole, pieces, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("piece", [777, 3200, 8000])
def test_marks_that_come_with_their_sound_give_equal_numbers(halves: Path, piece: int) -> None:
    net = load_lipsync(halves)
    _, whole, _ = hear(net, speech(2.4), 1_000_000, MARKS)
    _, pieces, _ = hear(net, speech(2.4), piece, MARKS)
    np.testing.assert_array_equal(whole, pieces)
    _, unmarked, _ = hear(net, speech(2.4), piece)
    assert np.abs(whole - unmarked).max() > 0.2


def test_frames_whose_marks_come_late_are_drawn_by_sound_alone(halves: Path) -> None:
    net, pcm = load_lipsync(halves), speech(2.4)
    hearing = Hearing(net, FileEncoder)
    hearing.feed(pcm, False)
    early = hearing.take().drive
    hearing.feed(np.empty(0, np.int16), True, MARKS)
    late = np.concatenate([hearing.take().drive for _ in range(3)])
    _, unmarked, _ = hear(net, pcm, 1_000_000)
    _, marked, _ = hear(net, pcm, 1_000_000, MARKS)
    np.testing.assert_array_equal(early, unmarked[:8])
    np.testing.assert_array_equal(late, marked[8:32])


def test_a_net_that_hears_for_itself_takes_no_orders(export: Path) -> None:
    net = load_lipsync(export)
    (_, marked, _), (_, unmarked, _) = (
        hear(net, speech(2.4), 3200, MARKS),
        hear(net, speech(2.4), 3200),
    )
    np.testing.assert_array_equal(marked, unmarked)


def test_the_sound_is_kept_and_ends_quietly_on_a_whole_frame(net: LipSync) -> None:
    pcm = speech(0.77)
    sound, _, presence = hear(net, pcm, 5000)
    np.testing.assert_array_equal(sound[: len(pcm)], pcm)
    assert not sound[len(pcm) :].any()
    assert len(sound) >= len(pcm) + 4 * SAMPLES_PER_FRAME
    assert len(presence) * SAMPLES_PER_FRAME == len(sound)
    assert FileEncoder.padded(len(presence)) == len(presence)


def test_a_sentence_that_ends_quietly_is_not_made_longer(net: LipSync) -> None:
    sound, _, _ = hear(net, speech(1.0, silent_end_s=0.28), 5000)
    assert len(sound) == 32 * SAMPLES_PER_FRAME


def test_the_mouth_comes_from_the_idle_face_and_goes_back_to_it(net: LipSync) -> None:
    _, _, presence = hear(net, speech(1.0), 1_000_000)
    assert 0 < presence[0] < presence[1] < presence[2]
    assert presence[10] == 1
    assert presence[-3] >= presence[-2] >= presence[-1] == 0


def test_a_pause_inside_a_sentence_is_a_rest(net: LipSync) -> None:
    _, _, presence = hear(net, in_and_out(), 1_000_000)
    assert presence[30:35].max() == 0


def test_nothing_is_ready_before_its_future_is_here(net: LipSync) -> None:
    hearing, pcm = Hearing(net, FileEncoder), speech(3.0)
    fed = 0
    while not hearing.ready:
        hearing.feed(pcm[fed : fed + 160], False)
        fed += 160
    assert 0.25 < fed / 16_000 - BATCH_FRAMES / 25 < 0.27
    heard = hearing.take()
    assert not hearing.ready
    assert len(heard.pcm) == (BATCH_FRAMES + SOUND_LEAD_FRAMES) * SAMPLES_PER_FRAME


def test_no_sound_is_no_frames(net: LipSync) -> None:
    hearing = Hearing(net, FileEncoder)
    hearing.feed(np.empty(0, np.int16), True)
    assert (hearing.ready, hearing.is_over, hearing.frames) == (False, True, 0)


def test_a_lead_moves_the_window_back(halves: Path, tmp_path: Path) -> None:
    for part in ("encoder", "decoder"):
        name = f"led.{part}.onnx"
        (tmp_path / name).write_bytes(halves.with_suffix(f".{part}.onnx").read_bytes())
    (tmp_path / "led.json").write_text('{"mel_lead_frames": 6}')
    net = load_lipsync(tmp_path / "led.onnx")
    sound, drive, presence = hear(net, in_and_out(), 3210)
    mel = mel_spectrogram(sound)
    moments = np.rint(np.arange(len(presence)) * 3.2).astype(np.intp)
    speaking = mouth.speaking(mouth.levels(mel, moments))
    heard = net.of_windows(mel_windows(mel, len(presence), 6))
    np.testing.assert_allclose(drive, net.drive(heard, speaking), atol=1e-5)
