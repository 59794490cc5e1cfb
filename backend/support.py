"""`avatar-chat support-bundle`: what somebody far away needs to help, in one ZIP file.

It holds names, numbers and settings, and neither secrets nor conversations: a secret is left out by
its type, a prompt is told by its length, and of the log only events in their own fields are taken.
"""

from __future__ import annotations

import json
import os
import platform
import urllib.request
import zipfile
from collections import deque
from collections.abc import Iterable, Mapping
from http.client import HTTPException
from importlib.metadata import distributions
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psutil
from pydantic import BaseModel, SecretStr

from backend import __version__
from backend.avatar.packages.shelf import list_avatars
from backend.config import ENV_PREFIX, Settings
from backend.doctor import Finding
from backend.logs import LEAST_SECRET_CHARS, MOST_KEPT, secrets_in, without_library_words
from backend.models_store import known_models

ASK_TIMEOUT_S = 5.0
PROSE = frozenset(("system_prompt", "greetings", "invitations"))
"""Settings that are somebody's words; how long they are is enough to know."""

_DIRECTLY = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def write_bundle(
    file: Path, settings: Settings, findings: Iterable[Finding], url: str, log: Path | None
) -> list[str]:
    """Write the bundle; the names of what is in it.

    url: address of the service, which need not run. log: a file with its log as JSON lines, for
    when it does not.

    Raises:
        OSError: a file cannot be read or written.
    """
    contents = {
        "versions.json": _json(_versions()),
        "settings.json": _json({"set_by_environment": _environment(), **_told(settings)}),
        "doctor.json": _json([finding._asdict() for finding in findings]),
        "models.json": _json(_models(settings)),
        **_service(settings, url),
    }
    if log is not None:
        with log.open(encoding="utf-8", errors="replace") as lines:
            contents["log-file.json"] = _json(_events(deque(lines, MOST_KEPT)))
    secrets = [secret for secret in secrets_in(settings) if len(secret) >= LEAST_SECRET_CHARS]
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name, text in contents.items():
            bundle.writestr(name, _without(secrets, text))
    return list(contents)


def _versions() -> dict[str, Any]:
    packages = {item.metadata["Name"]: item.version for item in distributions()}
    return {
        "avatar_chat": __version__,
        "python": platform.python_version(),
        "system": platform.platform(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_mb": psutil.virtual_memory().total // 2**20,
        "packages": dict(sorted(packages.items())),
    }


def _environment() -> list[str]:
    """Names alone."""
    return sorted(name for name in os.environ if name.startswith(ENV_PREFIX))


def _told(settings: BaseModel) -> dict[str, Any]:
    """The tree as JSON, as far as it may be told."""
    values = ((name, getattr(settings, name)) for name in type(settings).model_fields)
    return {name: _value(name, value) for name, value in values}


def _value(name: str, value: object) -> Any:
    match value:
        case BaseModel():
            return _told(value)
        case SecretStr():
            return "(set)" if value.get_secret_value() else "(empty)"
        case str() if name in PROSE:
            return f"({len(value)} characters)"
        case str() if "://" in value:
            return _address(value)
        case Mapping():
            return {str(key): _value(name, inner) for key, inner in value.items()}
        case list() | tuple():
            return [_value(name, inner) for inner in value]
        case str() | int() | float() | None:
            return value
    return str(value)


def _address(value: str) -> str:
    """Without user, password and query, where keys are sometimes put."""
    parts = urlsplit(value)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, host, parts.path, "", ""))


def _models(settings: Settings) -> dict[str, Any]:
    net = settings.avatar.model
    return {
        "recognisers": {model.name: bool(model.path) for model in known_models(settings)},
        "lip_sync": {"file": net.name, "bytes": net.stat().st_size if net.is_file() else None},
        "avatars": [package.card.id for package in list_avatars(settings.avatar.dir)],
    }


# ---------------------------------------------------------------- a service that runs


def _service(settings: Settings, url: str) -> dict[str, str]:
    """What it says of itself, and why it does not say the rest: the log is for who may watch, and a
    proxy may keep the metrics to itself."""
    told: dict[str, str] = {}
    missing: dict[str, str] = {}
    for name, path, read in (
        ("status.json", "/api/status", _status),
        ("metrics.txt", "/metrics", str),
        ("log.json", "/api/status/log", _logged),
    ):
        try:
            told[name] = read(_ask(settings, url + path))
        except (OSError, ValueError, HTTPException) as error:
            missing[name] = str(getattr(error, "reason", error))
            if "status.json" in missing:
                break  # nobody is there, or somebody else
    if missing:
        told["service.json"] = _json({"address": _address(url), "not_reached": missing})
    return told


def _ask(settings: Settings, url: str) -> str:
    """By no proxy and at no other address: the token is for this service alone."""
    request = urllib.request.Request(url)
    if token := settings.server.admin_token:
        request.add_unredirected_header("Authorization", f"Bearer {token.get_secret_value()}")
    with _DIRECTLY.open(request, timeout=ASK_TIMEOUT_S) as answer:
        text: str = answer.read().decode()
    return text


def _status(text: str) -> str:
    """
    Raises:
        ValueError: it is no answer of `/api/status`.
    """
    status = json.loads(text)
    if not isinstance(status, dict) or not {"version", "counts", "engine"} <= status.keys():
        raise ValueError("What answers there is another service.")
    return text


def _logged(text: str) -> str:
    """
    Raises:
        ValueError: it is no answer of `/api/status/log`.
    """
    try:
        return _json([without_library_words(line) for line in json.loads(text)["lines"]])
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise ValueError("What answers there is another service.") from error


# ---------------------------------------------------------------- the log


def _events(lines: Iterable[str]) -> list[dict[str, Any]]:
    """Lines that are events of ours; of any other nobody knows what is in it."""
    found = []
    for line in lines:
        try:
            value = json.loads(line)
        except ValueError:
            continue
        if isinstance(value, dict) and "event" in value and "component" in value:
            found.append(without_library_words(value))
    return found


def _json(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


def _without(secrets: Iterable[str], text: str) -> str:
    """Whatever way a secret got here, it goes no further."""
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, "***")
    return text
