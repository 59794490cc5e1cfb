"""Finding and fetching recognition models; the hub is a local fake."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest

from backend.autopull import keep_pulling
from backend.config import Settings, load_settings
from backend.models_store import PullError, fetch, find_whisper, known_models, pull
from backend.models_store.store import KNOWN_MODELS, pull_target, repository_of
from tests.fakes.hub import fake_hub

REPOSITORY = "Systran/faster-whisper-tiny"
WEIGHTS = np.random.default_rng(0).bytes(300_000)
FILES = {
    "model.bin": WEIGHTS,
    "config.json": b"{}",
    "tokenizer.json": b'{"version": "1.0"}',
    "vocabulary.txt": b"a\nb\n",
    "README.md": b"not wanted",
}
WANTED = sorted(FILES.keys() - {"README.md"})


def settings_for(
    tmp_path: Path, mirror: str = "http://127.0.0.1:9", model: str = "tiny"
) -> Settings:
    return load_settings(asr={"models_dir": tmp_path, "model": model}, models={"mirror": mirror})


@pytest.fixture(autouse=True)
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    cache = tmp_path / "hub-cache"
    monkeypatch.setattr("backend.models_store.store.hub.HF_HUB_CACHE", str(cache))
    return cache


def fill(folder: Path) -> Path:
    folder.mkdir(parents=True)
    for name in WANTED:
        (folder / name).write_bytes(FILES[name])
    return folder


@pytest.mark.parametrize("name", ["tiny", "Systran--faster-whisper-tiny", "faster-whisper-tiny"])
def test_a_model_is_found_in_the_models_folder(tmp_path: Path, name: str) -> None:
    assert find_whisper(settings_for(tmp_path)) is None
    folder = fill(tmp_path / name)
    assert find_whisper(settings_for(tmp_path)) == folder


def test_a_path_is_a_model(tmp_path: Path) -> None:
    folder = fill(tmp_path / "elsewhere" / "mine")
    assert find_whisper(settings_for(tmp_path, model=str(folder))) == folder


def test_the_cache_of_the_hub_is_looked_at(tmp_path: Path, empty_cache: Path) -> None:
    folder = fill(empty_cache / "models--Systran--faster-whisper-tiny" / "snapshots" / "abc")
    assert find_whisper(settings_for(tmp_path)) == folder


@pytest.mark.parametrize("missing", WANTED)
def test_half_a_model_is_none(tmp_path: Path, missing: str) -> None:
    (fill(tmp_path / "tiny") / missing).unlink()
    assert find_whisper(settings_for(tmp_path)) is None


def test_known_models_tell_where_they_are(tmp_path: Path) -> None:
    folder = fill(tmp_path / "base")
    listed = {model.name: model for model in known_models(settings_for(tmp_path))}
    assert listed["base"].path == folder and listed["small"].path is None
    assert all(model.licence and model.size_mb > 10 for model in listed.values())
    assert repository_of("someone/their-model") == "someone/their-model"
    assert {"tiny", "base", "small"} <= {model.name for model in KNOWN_MODELS}


async def test_a_model_is_fetched_verified_and_found(tmp_path: Path) -> None:
    progress: list[tuple[str, int, int]] = []
    async with fake_hub(REPOSITORY, FILES) as hub:
        settings = settings_for(tmp_path, hub.url)
        folder = await fetch(settings, "tiny", lambda *step: progress.append(step))
    assert folder == pull_target(settings, "tiny") == find_whisper(settings)
    assert sorted(path.name for path in folder.iterdir()) == WANTED
    assert (folder / "model.bin").read_bytes() == WEIGHTS
    last = {file: (done, total) for file, done, total in progress}
    assert last == {name: (len(FILES[name]), len(FILES[name])) for name in WANTED}


async def test_what_is_here_and_sound_is_not_fetched_again(tmp_path: Path) -> None:
    async with fake_hub(REPOSITORY, FILES) as hub:
        settings = settings_for(tmp_path, hub.url)
        folder = await fetch(settings, "tiny")
        (folder / "config.json").write_bytes(b"xx")
        hub.ranges.clear()
        await fetch(settings, "tiny")
    assert hub.ranges == [("config.json", "")]


async def test_a_connection_that_breaks_is_resumed(tmp_path: Path) -> None:
    async with fake_hub(REPOSITORY, FILES, break_after=100_000, times=2) as hub:
        folder = await fetch(settings_for(tmp_path, hub.url), "tiny")
    assert (folder / "model.bin").read_bytes() == WEIGHTS
    spans = [span for name, span in hub.ranges if name == "model.bin"]
    assert spans[0] == "" and len(spans) == 3
    starts = [int(span.removeprefix("bytes=").rstrip("-")) for span in spans[1:]]
    assert 0 < starts[0] < starts[1] < len(WEIGHTS)


async def test_a_later_run_goes_on_where_the_last_one_stopped(tmp_path: Path) -> None:
    async with fake_hub(REPOSITORY, FILES) as hub:
        settings = settings_for(tmp_path, hub.url)
        folder = pull_target(settings, "tiny")
        folder.mkdir(parents=True)
        (folder / "model.bin.part").write_bytes(WEIGHTS[:123_456])
        await fetch(settings, "tiny")
    assert ("model.bin", "bytes=123456-") in hub.ranges
    assert (folder / "model.bin").read_bytes() == WEIGHTS


@pytest.mark.parametrize("name", ["model.bin", "config.json"])
async def test_a_corrupt_file_is_not_taken(tmp_path: Path, name: str) -> None:
    async with fake_hub(REPOSITORY, FILES, corrupt=frozenset([name])) as hub:
        settings = settings_for(tmp_path, hub.url)
        with pytest.raises(PullError, match=f"{name} arrived corrupt"):
            await fetch(settings, "tiny")
    assert find_whisper(settings) is None
    assert not list(pull_target(settings, "tiny").glob(f"{name}*"))


async def test_a_model_that_the_hub_does_not_have_is_named(tmp_path: Path) -> None:
    async with fake_hub(REPOSITORY, FILES) as hub:
        with pytest.raises(PullError, match="faster-whisper-huge"):
            await fetch(settings_for(tmp_path, hub.url), "huge")


@pytest.mark.parametrize(
    ("files", "lacks"),
    [
        ({"config.json"}, r"model\.bin, tokenizer\.json, vocabulary\.json or vocabulary\.txt\."),
        ({"config.json", "model.bin", "tokenizer.json"}, r"lacks vocabulary\.json or"),
    ],
)
async def test_a_repository_of_another_kind_is_refused(
    tmp_path: Path, files: set[str], lacks: str
) -> None:
    async with fake_hub(REPOSITORY, {name: FILES[name] for name in files}) as hub:
        with pytest.raises(PullError, match=lacks):
            await fetch(settings_for(tmp_path, hub.url), "tiny")
        assert not hub.ranges


@pytest.mark.parametrize(
    "page", ["<html>Please log in.</html>", "null", "{}", "[1]", '[{"path": 1}]']
)
async def test_what_answers_in_the_hub_s_place_is_not_taken_for_it(
    tmp_path: Path, page: str
) -> None:
    async with fake_hub(REPOSITORY, FILES, page=page) as hub:
        with pytest.raises(PullError):
            await fetch(settings_for(tmp_path, hub.url), "tiny")


async def test_the_model_is_fetched_as_soon_as_the_hub_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backend.autopull.RETRY_S", 0.01)
    async with fake_hub(REPOSITORY, FILES, page="<html>Back soon.</html>") as hub:
        settings = settings_for(tmp_path, hub.url)
        pulling = asyncio.create_task(keep_pulling(settings))
        await asyncio.sleep(0.1)
        assert not pulling.done()
        hub.page = ""
        async with asyncio.timeout(10):
            await pulling
        assert find_whisper(settings)


def test_without_a_network_it_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(PullError, match="AVATAR_CHAT_MODELS__MIRROR"):
        pull(settings_for(tmp_path), "tiny")
