"""The offset of lips and sound, sampled from what a real stage has shown."""

from pathlib import Path

import numpy as np
import pytest

from backend import metrics
from backend.config import ROOT, AvatarSettings, Settings
from backend.engine.local import LocalEngine
from backend.handlers.avatar.lip_watch import LipWatch
from backend.handlers.avatar.lipsync import LipSyncAvatar
from backend.handlers.base import Context, Options, Weights
from backend.handlers.messages import Sentence, SpokenAudio, Stamp
from backend.handlers.tts.espeak import to_pcm
from backend.handlers.tts.espeak_native import Manner, espeak
from backend.protocol import VideoFormat

pytestmark = pytest.mark.asyncio(loop_scope="module")

AVATAR = ROOT / "avatars/nora"
TEXT = "Please take the stairs to the second floor, turn left, and ask for my friend Pamela."


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    cache = tmp_path_factory.mktemp("cache")
    return Settings(avatar=AvatarSettings(default="nora", cache_dir=cache))


@pytest.fixture
def watch(engine: LocalEngine, settings: Settings) -> LipWatch:
    return LipWatch(engine, settings.avatar)


async def show(stage: LipSyncAvatar, reply: int, text: str = TEXT) -> None:
    pcm = to_pcm(espeak().speak(text, Manner("en-us+f2", 165)))
    stamp = Stamp("session", reply)
    run = SpokenAudio(stamp, Sentence(stamp, 0, text, text, "en"), pcm, is_last=True)
    shown = [chunk.duration_ms async for chunk in stage.process(run)]
    assert np.sum(shown) > 1000


def noted() -> float:
    """How many offsets."""
    [family] = metrics.AV_OFFSET_SECONDS.collect()
    return max(sample.value for sample in family.samples if sample.name.endswith("_count"))


@pytest.mark.parametrize("container", ["fmp4", "mp4"])
async def test_one_reply_in_a_while_is_measured(
    engine: LocalEngine, settings: Settings, watch: LipWatch, container: str
) -> None:
    before = noted()
    chunking = "progressive" if container == "fmp4" else "sentence"
    video = VideoFormat.model_validate({"container": container, "chunking": chunking})
    context = Context("session", settings, engine, Weights(), Options(video=video))
    stage = LipSyncAvatar(context, watch)
    await stage.initialize()
    await show(stage, 1, "Hello, my friend.")  # too little to say anything
    await show(stage, 2)
    found = await watch.measure_next()
    assert found is not None
    assert abs(found.offset_s) <= 0.04  # EBU R37
    assert noted() == before + 1
    assert watch.sample(AVATAR) is None  # not again for a while
    await stage.release()


async def test_a_face_that_is_gone_costs_a_sample_and_nothing_else(
    engine: LocalEngine, settings: Settings, watch: LipWatch, tmp_path: Path
) -> None:
    before = noted()
    sample, late = watch.sample(tmp_path / "deleted"), watch.sample(AVATAR)
    assert sample is not None
    assert late is not None
    watch.offer(sample)
    watch.offer(late)  # is forgotten
    assert await watch.measure_next() is None
    assert noted() == before
