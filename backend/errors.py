"""Every error the product raises on purpose, the one map from exception to wire, and the
way into a group of them.

    AvatarChatError
    ├── ConfigError                a setting is wrong; the start stops
    ├── MessageError               a client message was refused; nothing else is lost
    │   ├── BadMessage             bad_message
    │   ├── UnknownType            unknown_type
    │   ├── TooLarge               too_large
    │   ├── RateLimited            rate_limited
    │   ├── NotListening           not_listening
    │   ├── BadAudio               bad_audio
    │   └── NotAvailable           not_available
    ├── SessionError
    │   ├── Unauthorized           unauthorized            closes with 1008
    │   ├── SessionLimitReached    session_limit_reached   closes with 1013
    │   ├── SessionBusy            busy                    closes with 1008
    │   ├── SessionExpired         session_expired         closes with 1001
    │   │   └── SessionShed        the same, because memory is short
    │   ├── SessionTakenOver       taken_over              closes with 4001
    │   └── ServiceLeaving         leaving                 closes with 1012
    ├── AssetError                 a file the service needs is missing or broken
    │   ├── UnknownAvatar          unknown_avatar
    │   ├── BrokenAvatar           broken_avatar
    │   ├── ModelFileError         model_file
    │   ├── BadTimeline            bad_timeline
    │   └── AvatarNotCreated       avatar_not_created; see `backend.avatar.create.refusals`
    ├── ProviderError              one provider of one stage failed
    │   ├── ProviderUnavailable    it cannot work here at all (no network, no model)
    │   │   └── ProviderNotConfigured   nobody has said how to reach it (no key, no address)
    │   ├── ProviderRefused        it will not do this, but would do something else
    │   └── ProviderTimeout        nothing useful arrived in time
    ├── EngineError                the place where heavy work runs failed
    │   └── WorkerDied             a worker process ended while it held this work
    └── StoreError                 the place where conversations wait cannot be reached

Messages say what happened and what to do. They never hold the text of a conversation.
"""

from __future__ import annotations

from typing import ClassVar


class AvatarChatError(Exception):
    """Root of the tree. `code` goes on the wire; `recoverable` means the session goes on."""

    code: ClassVar[str] = "internal"
    recoverable: ClassVar[bool] = True
    close_code: ClassVar[int | None] = None

    @property
    def message(self) -> str:
        return str(self)


class ConfigError(AvatarChatError):
    code = "config"
    recoverable = False


class MessageError(AvatarChatError):
    code = "bad_message"


class BadMessage(MessageError):
    code = "bad_message"


class UnknownType(MessageError):
    code = "unknown_type"


class TooLarge(MessageError):
    code = "too_large"


class RateLimited(MessageError):
    code = "rate_limited"


class NotListening(MessageError):
    code = "not_listening"


class BadAudio(MessageError):
    code = "bad_audio"


class NotAvailable(MessageError):
    code = "not_available"


class SessionError(AvatarChatError):
    recoverable = False


class Unauthorized(SessionError):
    code = "unauthorized"
    close_code = 1008


class SessionLimitReached(SessionError):
    code = "session_limit_reached"
    close_code = 1013


class SessionBusy(SessionError):
    code = "busy"
    close_code = 1008


class SessionExpired(SessionError):
    code = "session_expired"
    close_code = 1001


class SessionShed(SessionExpired):
    """The service is short of memory, and this session was the longest idle."""


class SessionTakenOver(SessionError):
    code = "taken_over"
    close_code = 4001


class ServiceLeaving(SessionError):
    """This process is about to end; the session goes on elsewhere."""

    code = "leaving"
    close_code = 1012


class AssetError(AvatarChatError):
    code = "asset"


class UnknownAvatar(AssetError):
    code = "unknown_avatar"


class BrokenAvatar(AssetError):
    code = "broken_avatar"


class ModelFileError(AssetError):
    code = "model_file"


class BadTimeline(AssetError):
    code = "bad_timeline"


class AvatarNotCreated(AssetError):
    code = "avatar_not_created"


class ProviderError(AvatarChatError):
    """One provider of one stage failed.

    `component` is the stage (`asr`, `llm`, …), `provider` the name in the registry.
    """

    code = "provider_failed"

    def __init__(self, message: str, *, component: str, provider: str) -> None:
        super().__init__(message)
        self.component = component
        self.provider = provider


class ProviderUnavailable(ProviderError):
    code = "provider_unavailable"


class ProviderNotConfigured(ProviderUnavailable):
    """That is a choice, and no reason for alarm."""


class ProviderRefused(ProviderError):
    """What was asked is to blame; whoever asks for something else is served."""


class ProviderTimeout(ProviderError):
    code = "provider_timeout"


class EngineError(AvatarChatError):
    code = "engine"


class WorkerDied(EngineError):
    code = "worker_died"


class StoreError(AvatarChatError):
    code = "store"


def wire_error(error: BaseException) -> tuple[str, str, bool]:
    """`(code, message, recoverable)` for an `error` message.

    Anything outside the tree is a defect of ours: its text stays in the log, not on the wire.
    """
    if isinstance(error, AvatarChatError):
        return error.code, error.message, error.recoverable
    return "internal", "Something went wrong on the server. Please try again.", True


def first_error(error: BaseException) -> BaseException:
    """The first leaf of a tree of errors, ours before any other."""
    return min(leaves(error), key=lambda leaf: not isinstance(leaf, AvatarChatError))


def leaves(error: BaseException) -> list[BaseException]:
    """What a group of errors holds, however deep; of any other, itself."""
    if not isinstance(error, BaseExceptionGroup):
        return [error]
    return [leaf for inner in error.exceptions for leaf in leaves(inner)]
