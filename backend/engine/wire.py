"""What passes between the service and a worker process: framed pickles and rebuilt errors.

A frame is an 8-byte big-endian length and one pickle (protocol 5). Arguments and results are
pickled apart from the envelope, so that a value that cannot be read spoils its own call and no
other. Both ends are ours and talk over a private pipe: nothing here is meant for strangers.
"""

from __future__ import annotations

import pickle
import struct
import traceback
from enum import Enum
from typing import Any, NamedTuple

from backend.errors import AvatarChatError, EngineError

HEADER = struct.Struct(">Q")


class Kind(Enum):
    """Every SPAWN and CALL gets one reply, also one that a DROP made needless."""

    SPAWN = "spawn"
    CALL = "call"
    DROP = "drop"
    CLOSE = "close"


class Request(NamedTuple):
    """`body` holds `(factory, args)` for SPAWN and `args` for CALL; DROP and CLOSE need none."""

    kind: Kind
    actor_id: int
    call_id: int
    method: str = ""
    body: bytes = b""


class Reply(NamedTuple):
    """`body` holds the result, or the fault that `rebuild` turns back into an error."""

    call_id: int
    failed: bool
    body: bytes
    busy_s: float


class Ready(NamedTuple):
    """The first thing a worker says."""

    pid: int


class Fault(NamedTuple):
    """An error taken apart. Exceptions with keyword arguments do not survive plain pickling."""

    kind: type[AvatarChatError]
    args: tuple[Any, ...]
    state: dict[str, Any]


def pack(value: object) -> bytes:
    return pickle.dumps(value, protocol=5)


def unpack(data: bytes) -> Any:
    return pickle.loads(data)


def frame(message: Request | Reply | Ready) -> bytes:
    body = pack(message)
    return HEADER.pack(len(body)) + body


def take_apart(error: BaseException) -> bytes:
    """Pack an error: ours whole, any other as `EngineError`, each with its remote traceback."""
    if isinstance(error, AvatarChatError):
        fault = Fault(type(error), error.args, dict(error.__dict__))
    else:
        fault = Fault(EngineError, (f"{type(error).__name__}: {error}",), {})
    notes = [*fault.state.get("__notes__", ()), "In the worker:\n" + _trace(error)]
    return pack(fault._replace(state={**fault.state, "__notes__": notes}))


def rebuild(data: bytes) -> AvatarChatError:
    fault: Fault = unpack(data)
    error = fault.kind.__new__(fault.kind, *fault.args)
    error.args = fault.args
    error.__dict__.update(fault.state)
    return error


def _trace(error: BaseException) -> str:
    return "".join(traceback.format_exception(error)).rstrip()
