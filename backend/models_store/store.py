"""Where recognition models live on this machine. Reads folders, opens no connection."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from huggingface_hub import constants as hub

from backend.config import Settings

REQUIRED_FILES = ("model.bin", "config.json", "tokenizer.json")
"""And one of `VOCABULARIES`."""
VOCABULARIES = ("vocabulary.json", "vocabulary.txt")
OPTIONAL_FILES = ("preprocessor_config.json",)


@dataclass(frozen=True, slots=True)
class KnownModel:
    """A model that `models pull` knows by a short name. `size_mb` is what is fetched."""

    name: str
    repository: str
    size_mb: int
    licence: str


KNOWN_MODELS = (
    KnownModel("tiny", "Systran/faster-whisper-tiny", 75, "MIT"),
    KnownModel("base", "Systran/faster-whisper-base", 145, "MIT"),
    KnownModel("small", "Systran/faster-whisper-small", 485, "MIT"),
    KnownModel("medium", "Systran/faster-whisper-medium", 1530, "MIT"),
    KnownModel("large-v3", "Systran/faster-whisper-large-v3", 3090, "MIT"),
)


def repository_of(model: str) -> str:
    """The hub's name of a model: `small` and `owner/name` are understood alike."""
    known = {item.name: item.repository for item in KNOWN_MODELS}
    return known.get(model, model if "/" in model else f"Systran/faster-whisper-{model}")


@dataclass(frozen=True, slots=True)
class ListedModel:
    """A known model, and its folder when it is on this machine."""

    name: str
    size_mb: int
    licence: str
    path: Path | None


def known_models(settings: Settings) -> tuple[ListedModel, ...]:
    """What `models list` shows."""
    folder = settings.asr.models_dir
    return tuple(
        ListedModel(known.name, known.size_mb, known.licence, _find(known.name, folder))
        for known in KNOWN_MODELS
    )


def pull_target(settings: Settings, model: str) -> Path:
    """The folder that pulling `model` fills."""
    return settings.asr.models_dir / repository_of(model).replace("/", "--")


def find_whisper(settings: Settings) -> Path | None:
    """The first complete CTranslate2 folder of the configured model, or None.

    Looked for as a path, in `models_dir`, then in the hub's own cache.
    """
    return _find(settings.asr.model, settings.asr.models_dir)


def _find(model: str, models_dir: Path) -> Path | None:
    return next((path for path in _candidates(model, models_dir) if _is_complete(path)), None)


def _is_complete(folder: Path) -> bool:
    """Are all files there that a CTranslate2 Whisper model needs?"""
    has_vocabulary = any((folder / name).is_file() for name in VOCABULARIES)
    return has_vocabulary and all((folder / name).is_file() for name in REQUIRED_FILES)


def _candidates(model: str, models_dir: Path) -> Iterator[Path]:
    repository = repository_of(model)
    yield Path(model).expanduser()
    yield models_dir / model
    yield models_dir / repository.replace("/", "--")
    yield models_dir / repository.rpartition("/")[2]
    cached = Path(hub.HF_HUB_CACHE) / f"models--{repository.replace('/', '--')}" / "snapshots"
    if cached.is_dir():
        yield from sorted(cached.iterdir())
