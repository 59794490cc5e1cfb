"""Fetch a model from a hub or a mirror of it: resumed, verified, with progress.

The hub lists a repository's files with their sizes and digests (SHA-256 of large files, the Git
blob hash of small ones); every file is checked against them before it gets its name.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from huggingface_hub import constants as hub

from backend.config import Settings
from backend.errors import AssetError
from backend.models_store.store import (
    OPTIONAL_FILES,
    REQUIRED_FILES,
    VOCABULARIES,
    pull_target,
    repository_of,
)

CHUNK_BYTES = 1 << 20
CONNECT_TIMEOUT_S = 10.0
READ_TIMEOUT_S = 30.0
MOST_TRIES = 5
_REVISION = "main"
_MIRROR_ADVICE = "Check the network, or name a mirror with AVATAR_CHAT_MODELS__MIRROR."


class PullError(AssetError):
    """A model could not be fetched; what was fetched so far is kept and used next time."""

    code = "model_pull"


OnProgress = Callable[[str, int, int], None]
"""Called with the file in work, how many of its bytes are here, and how many it has."""


def ignore(file: str, done_bytes: int, total_bytes: int) -> None:
    """Progress that nobody watches."""


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """`digest` is hexadecimal: SHA-256 when `is_sha256`, else the Git blob SHA-1."""

    name: str
    size: int
    digest: str
    is_sha256: bool


def pull(settings: Settings, model: str, on_progress: OnProgress = ignore) -> Path:
    """`fetch` for callers without an event loop, such as the command line."""
    return asyncio.run(fetch(settings, model, on_progress))


async def fetch(settings: Settings, model: str, on_progress: OnProgress = ignore) -> Path:
    """Fetch a model by its short or hub name; return its folder.

    Files that are here and sound are not fetched again. Cancelling keeps what has arrived.

    Raises:
        PullError: no network, no such model, no space, or a file that stays corrupt.
    """
    import aiohttp

    endpoint = (settings.models.mirror or hub.ENDPOINT).rstrip("/")
    timeout = aiohttp.ClientTimeout(
        total=None, sock_connect=CONNECT_TIMEOUT_S, sock_read=READ_TIMEOUT_S
    )
    try:
        async with aiohttp.ClientSession(
            timeout=timeout, trust_env=True, headers={"Accept-Encoding": "identity"}
        ) as http:
            transfer = _Transfer(http, endpoint, repository_of(model), on_progress)
            return await transfer.run(pull_target(settings, model))
    except (aiohttp.ClientError, TimeoutError) as error:
        raise PullError(f"The model hub cannot be reached. {_MIRROR_ADVICE}") from error
    except OSError as error:
        raise PullError(f"The model cannot be saved: {error.strerror}.") from error


class _Transfer:
    def __init__(self, http: Any, endpoint: str, repository: str, on_progress: OnProgress) -> None:
        self._http = http
        self._endpoint = endpoint
        self._repository = repository
        self._on_progress = on_progress

    async def run(self, folder: Path) -> Path:
        files = await self._list()
        await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
        for file in files:
            await self._fetch(file, folder / file.name)
            self._on_progress(file.name, file.size, file.size)
        return folder

    async def _list(self) -> list[RemoteFile]:
        address = f"{self._endpoint}/api/models/{self._repository}/tree/{_REVISION}"
        async with self._http.get(address) as answer:
            self._check(answer)
            body = await answer.read()
        try:
            files = _listed(body)
        except (ValueError, TypeError, LookupError) as error:
            raise PullError(
                "What answers as the model hub lists no files: a proxy, or a mirror that is not at "
                f"work. {_MIRROR_ADVICE}"
            ) from error
        missing = _missing({file.name for file in files})
        if missing:
            raise PullError(f"{self._repository} is no faster-whisper model: it lacks {missing}.")
        return files

    async def _fetch(self, file: RemoteFile, path: Path) -> None:
        if await asyncio.to_thread(_is_sound, path, file):
            return
        partial = path.with_name(path.name + ".part")
        for tries_left in reversed(range(MOST_TRIES)):
            before = _size(partial)
            try:
                await self._transfer(file, partial)
                break
            except self._broken_off:
                is_stuck = _size(partial) == before
                if is_stuck or not tries_left:
                    raise
        if not await asyncio.to_thread(_is_sound, partial, file):
            partial.unlink()
            raise PullError(
                f"{file.name} arrived corrupt and was thrown away. Run the command again; if it "
                "stays so, name another mirror with AVATAR_CHAT_MODELS__MIRROR."
            )
        partial.replace(path)

    @property
    def _broken_off(self) -> tuple[type[Exception], ...]:
        import aiohttp

        return (aiohttp.ClientPayloadError, aiohttp.ServerDisconnectedError, TimeoutError)

    async def _transfer(self, file: RemoteFile, partial: Path) -> None:
        have = _size(partial)
        if have == file.size:
            return
        have = have if have < file.size else 0
        address = f"{self._endpoint}/{self._repository}/resolve/{_REVISION}/{file.name}"
        headers = {"Range": f"bytes={have}-"} if have else {}
        async with self._http.get(address, headers=headers) as answer:
            self._check(answer)
            is_resumed = answer.status == 206
            done = have if is_resumed else 0
            with partial.open("ab" if is_resumed else "wb") as out:
                async for chunk in answer.content.iter_chunked(CHUNK_BYTES):
                    await asyncio.to_thread(out.write, chunk)
                    done += len(chunk)
                    self._on_progress(file.name, done, file.size)

    def _check(self, answer: Any) -> None:
        if answer.status in (401, 403, 404):
            raise PullError(
                f"The hub has no model {self._repository!r} for us. `avatar-chat models list` "
                "names those that work."
            )
        if answer.status >= 400:
            raise PullError(f"The hub answered with HTTP status {answer.status}. {_MIRROR_ADVICE}")


def _listed(body: bytes) -> list[RemoteFile]:
    """Of what the hub answers, the files of a model."""
    wanted = {*REQUIRED_FILES, *VOCABULARIES, *OPTIONAL_FILES}
    return [_remote_file(entry) for entry in json.loads(body) if entry["path"] in wanted]


def _missing(names: set[str]) -> str:
    """What a model with these files lacks, in words; nothing when it is complete."""
    lacks = [name for name in REQUIRED_FILES if name not in names]
    if names.isdisjoint(VOCABULARIES):
        lacks.append(" or ".join(VOCABULARIES))
    return ", ".join(lacks)


def _remote_file(entry: dict[str, Any]) -> RemoteFile:
    large = entry.get("lfs")
    if large:
        return RemoteFile(entry["path"], int(large["size"]), str(large["oid"]), True)
    return RemoteFile(entry["path"], int(entry["size"]), str(entry["oid"]), False)


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _is_sound(path: Path, file: RemoteFile) -> bool:
    if _size(path) != file.size:
        return False
    digest = hashlib.sha256() if file.is_sha256 else hashlib.sha1(usedforsecurity=False)
    if not file.is_sha256:
        digest.update(f"blob {file.size}\0".encode())  # how Git hashes a file
    with path.open("rb") as data:
        while block := data.read(CHUNK_BYTES):
            digest.update(block)
    return digest.hexdigest() == file.digest
