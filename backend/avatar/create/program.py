"""A process of its own that makes one avatar: an assignment in on stdin, news out on stdout, each a
JSON line. It is nice to the conversations that go on beside it, and SIGTERM ends it with nothing
left behind. Light to import: whoever starts it shares the messages.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from backend.avatar.create.progress import Step
from backend.errors import AvatarNotCreated

NICENESS = 10


class _Line(BaseModel):
    model_config = ConfigDict(frozen=True)


class Assignment(_Line):
    source: Path
    avatars: Path = Field(description="the folder that the avatar comes into")
    finder_python: Path
    id: str
    name: str
    licence: str


class AtWork(_Line):
    step: Step
    part: Annotated[float, Field(ge=0, le=1)]


class Made(_Line):
    made: str = Field(description="id of the avatar")


class Refused(_Line):
    code: str = Field(description="see `refusals`")
    message: str


News = AtWork | Made | Refused
NEWS: TypeAdapter[News] = TypeAdapter(News)


def main() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    os.nice(NICENESS)
    assignment = Assignment.model_validate_json(sys.stdin.readline())
    try:
        _say(Made(made=_make(assignment)))
    except AvatarNotCreated as refusal:
        _say(Refused(code=refusal.code, message=refusal.message))


def _make(wanted: Assignment) -> str:
    from backend.avatar.create.files import About
    from backend.avatar.create.finder import MediaPipe
    from backend.avatar.create.maker import Order, create

    order = Order(wanted.source, About(wanted.id, wanted.name, wanted.licence))
    finders = MediaPipe(wanted.finder_python)
    package = create(
        order, wanted.avatars, finders, lambda step, part: _say(AtWork(step=step, part=part))
    )
    return package.card.id


def _say(news: News) -> None:
    print(news.model_dump_json(), flush=True)


if __name__ == "__main__":
    main()
