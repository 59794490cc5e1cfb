"""Objects for worker processes in the engine's tests."""

import os
import sys
import time
from typing import ClassVar

import numpy as np

from backend.errors import ProviderTimeout


class Counter:
    def __init__(self, start: int = 0) -> None:
        self.value = start
        self.log: list[object] = []

    def add(self, amount: int) -> int:
        self.value += amount
        return self.value

    def note(self, word: object, pause_s: float = 0.0) -> None:
        time.sleep(pause_s)
        self.log.append(word)

    def notes(self) -> list[object]:
        return self.log

    def pid(self) -> int:
        return os.getpid()

    def die(self) -> None:
        os.kill(os.getpid(), 9)

    def shout(self) -> str:
        print("a library prints to standard output")
        return "still here"

    def modules(self) -> set[str]:
        return {name.partition(".")[0] for name in sys.modules}

    def environment(self, name: str) -> str | None:
        return os.environ.get(name)

    def double(self, samples: np.ndarray) -> np.ndarray:
        return samples * 2

    def fail_with_ours(self) -> None:
        raise ProviderTimeout("Nothing came.", component="asr", provider="whisper")

    def fail_with_another(self) -> None:
        raise ZeroDivisionError("a foreign error")

    def answer_with_a_secret_type(self) -> object:
        return lambda: None


class Unbuildable:
    def __init__(self) -> None:
        raise ProviderTimeout("Not today.", component="avatar", provider="lipsync")


class SharedLog:
    """Two of these in one process write to one list."""

    lines: ClassVar[list[tuple[str, int]]] = []

    def __init__(self, name: str) -> None:
        self.name = name

    def work(self, number: int, pause_s: float) -> None:
        time.sleep(pause_s)
        self.lines.append((self.name, number))

    def read(self) -> list[tuple[str, int]]:
        return self.lines


class Slow:
    """Ends only when it is killed or its time is over."""

    def sleep(self, duration_s: float) -> None:
        time.sleep(duration_s)


class Riddle:
    """Can be pickled but not read again."""

    def __reduce__(self) -> tuple[object, tuple[str, ...]]:
        return int, ("not a number",)


class Sphinx:
    def ask(self) -> Riddle:
        return Riddle()

    def greet(self) -> str:
        return "hello"
