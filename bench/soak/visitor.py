"""A visitor who never tires: comes, does one thing after another by the dice, leaves, comes again.

What each action owes its visitor is checked here (an answer, silence, the way back); what every
frame owes is checked by `line`.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from bench.soak.line import CheckedLine, Findings, Kind
from bench.soak.player import Player
from bench.soak.words import FRAME_SAMPLES, QUESTIONS, SPOKEN, own_words, spoken
from bench.visitor import FILES, STREAM, Received

REPLY_WITHIN_S = 60.0
"""A reply that is not over by then, though it is played as it comes, is lost."""
HEARD_WITHIN_S = 20.0
SETTLED_S = 2.0
"""When nothing has come for so long after it fell silent, nothing more will."""

WISHES: tuple[dict[str, Any], ...] = (
    {"video": STREAM},
    {"video": STREAM},
    {"video": FILES},
    {"output": "audio"},
    {"output": "text"},
)


class Lost(Exception):
    """Something that was owed did not come."""


class Talk:
    """One line, its player, and what can be done over it."""

    def __init__(self, line: CheckedLine, findings: Findings, dice: random.Random) -> None:
        self.line = line
        self.token = ""
        self.resumed = False
        self._player = Player(line)
        self._findings = findings
        self._dice = dice
        self._heard = 0
        self._sentences: Counter[int] = Counter()
        self._ends: dict[int, str] = {}

    @asynccontextmanager
    async def begun(self, hello: dict[str, Any]) -> AsyncIterator[Talk]:
        """Greet, and wait until the service is there. A line that ends ends the talk."""
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._read()), group.create_task(self._player.run())]
            await self.line.send("hello", protocol=1, **hello)
            ready = await self._owed("session_ready")
            self.token, self.resumed = ready["resume_token"], ready["resumed"]
            await self._owed("state_update")
            yield self
            for task in tasks:
                task.cancel()

    async def _read(self) -> None:
        await self.line.read()
        raise Lost("the service hung up")

    # ------------------------------------------------------------------ what visitors do

    async def ask(self) -> None:
        await self._whole_reply(await self._send_text())

    async def say(self) -> None:
        await self._whole_reply(await self._send_say(sentences=self._dice.randint(1, 3)))

    async def interrupt(self) -> None:
        """In the midst of a long reply; a new question, or just a hand."""
        await self._send_say(sentences=6)
        await self._listen(self._dice.uniform(0.2, 5.0))
        await self._player.stop()
        self._findings.counts["interruptions"] += 1
        if self._dice.random() < 0.5:
            await self._whole_reply(await self._send_text())
        else:
            await self.line.send("interrupt")
            await self._settle()

    async def speak(self) -> None:
        """A question through the microphone."""
        await self.line.send("start_listen", echo_cancellation=True)
        before, heard = self.line.newest, self._heard
        await self._voice(self._dice.choice(SPOKEN))
        await self._until(
            lambda: self._heard > heard, HEARD_WITHIN_S, "what was said was not heard"
        )
        await self._end_of_reply(before)
        await self.line.send("stop_listen")
        self._findings.counts["spoken_questions"] += 1
        await self._settle()

    async def talk_over(self) -> None:
        """A voice over the avatar's: whether it stops is not judged here, only that all goes on."""
        await self.line.send("start_listen", echo_cancellation=True)
        await self._send_say(sentences=4)
        await self._listen(self._dice.uniform(0.5, 2.0))
        await self._voice(self._dice.choice(SPOKEN))
        await self.line.send("stop_listen")
        self._findings.counts["talked_over"] += 1
        await self._settle()

    async def be_silent(self) -> None:
        await self._listen(self._dice.uniform(4.0, 20.0))

    async def begin_to_listen(self) -> None:
        """To a long reply, of which only the beginning is waited for."""
        await self._send_say(sentences=5)
        await self._listen(self._dice.uniform(0.0, 4.0))

    # ------------------------------------------------------------------ how

    async def _send_text(self) -> int:
        """The newest generation before it."""
        self.line.unique_words = None  # the answer may be the same for everybody
        before = self.line.newest
        await self.line.send("text", text=self._dice.choice(QUESTIONS))
        return before

    async def _send_say(self, sentences: int) -> int:
        words = own_words(self._dice, self.line.number, self._dice.getrandbits(30), sentences)
        self.line.unique_words = words
        before = self.line.newest
        await self.line.send("say", text=words)
        return before

    async def _whole_reply(self, before: int) -> None:
        generation = await self._end_of_reply(before)
        reason, sentences = self._ends[generation], self._sentences[generation]
        if reason != "completed" or not sentences:
            raise Lost(f"a reply {reason} with {sentences} sentences")
        try:
            async with asyncio.timeout(REPLY_WITHIN_S):
                await self._player.until_quiet()
        except TimeoutError:
            raise Lost("a reply whose sound does not end") from None

    async def _end_of_reply(self, before: int) -> int:
        """The generation of the reply that began after that one, once it is over."""
        await self._until(
            lambda: max(self._ends, default=-1) > before,
            REPLY_WITHIN_S,
            f"no reply after generation {before}",
        )
        self._findings.counts["replies"] += 1
        return min(generation for generation in self._ends if generation > before)

    async def _until(self, is_so: Callable[[], bool], within_s: float, if_not: str) -> None:
        try:
            async with asyncio.timeout(within_s):
                while not is_so():
                    await self._next()
        except TimeoutError:
            raise Lost(f"{if_not} within {within_s:g} s") from None

    async def _owed(self, kind: str) -> dict[str, Any]:
        try:
            async with asyncio.timeout(HEARD_WITHIN_S):
                while (received := await self._next()).message["type"] != kind:
                    pass
                return received.message
        except TimeoutError:
            raise Lost(f"no {kind} within {HEARD_WITHIN_S:g} s") from None

    async def _listen(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                while True:
                    await self._next()
        except TimeoutError:
            return  # that was the time to listen

    async def _settle(self) -> None:
        """Whatever is still said is heard out."""
        try:
            async with asyncio.timeout(REPLY_WITHIN_S):
                while await self._something_comes():
                    await self._player.until_quiet()
        except TimeoutError:
            raise Lost("it did not come to rest") from None

    async def _something_comes(self) -> bool:
        try:
            async with asyncio.timeout(SETTLED_S):
                await self._next()
                return True
        except TimeoutError:
            return False

    async def _next(self) -> Received:
        received = await self.line.receive()
        message = received.message
        if received.size:
            self._player.push(message)
        match message["type"]:
            case "sentence":
                self._sentences[message["generation_id"]] += 1
            case "asr_final" if message["text"]:
                self._heard += 1
            case "turn_end":
                self._ends[message["generation_id"]] = message["reason"]
                if message["reason"] == "interrupted":
                    await self._player.stop()
            case "error":
                self._findings.add("lost", self.line.number, f"error {message['code']}")
            case "notice":
                self._findings.counts["notices"] += 1
        return received

    async def _voice(self, text: str) -> None:
        """At the pace of a microphone, while what comes is taken."""
        sound = spoken(text)
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        for start in range(0, len(sound), FRAME_SAMPLES):
            await self.line.send_sound(sound[start : start + FRAME_SAMPLES].astype("<i2").tobytes())
            await self._listen(began_s + start / 16_000 - loop.time())


class SoakVisitor:
    """number: from 1. Everything it does follows from `seed`."""

    def __init__(self, url: str, number: int, seed: int, findings: Findings) -> None:
        self._url = url
        self._number = number
        self._dice = random.Random(f"{seed}-{number}")
        self._findings = findings

    async def run(self) -> None:
        """Visits, one after another, until cancelled."""
        while True:
            try:
                await self._visit()
            except* Lost as losses:
                self._add("lost", losses)
            except* (WebSocketException, OSError) as ends:
                self._add("closed", ends)
            # A group that is cancelled while a part of it fails forgets that it was (Python 3.12).
            if (task := asyncio.current_task()) is not None and task.cancelling():
                raise asyncio.CancelledError
            self._findings.counts["visits"] += 1
            await asyncio.sleep(self._dice.uniform(0.0, 3.0))

    def _add(self, kind: Kind, errors: BaseExceptionGroup[Exception]) -> None:
        for error in errors.exceptions:
            words = str(error) if isinstance(error, Lost) else repr(error)
            self._findings.add(kind, self._number, words)

    async def _visit(self) -> None:
        """Until the visitor leaves; a line that drops in it is followed by another."""
        wishes = self._dice.choice(WISHES)
        last: CheckedLine | None = None
        token = ""
        is_over = False
        while not is_over:
            address = self._url if last is None else f"{self._url[:-3]}{last.session_id}"
            async with connect(address, max_size=None) as socket:
                line = CheckedLine(socket, self._number, self._findings, follows=last)
                back = {"resume_token": token} if token else {}
                talk = Talk(line, self._findings, self._dice)
                async with talk.begun(wishes | back):
                    if last is not None:
                        self._findings.counts["resumed"] += 1
                        if not talk.resumed:
                            raise Lost("the conversation was not known any more")
                    is_over = await self._talk(talk, socket)
                last, token = line, talk.token
            if not is_over:
                await asyncio.sleep(self._dice.uniform(0.0, 4.0))

    async def _talk(self, talk: Talk, socket: ClientConnection) -> bool:
        """True when the visitor leaves, False when the line drops."""
        actions: dict[Callable[[], Awaitable[None]], int] = {
            talk.ask: 30,
            talk.say: 20,
            talk.interrupt: 20,
            talk.speak: 8,
            talk.talk_over: 4,
            talk.be_silent: 10,
        }
        while True:
            end = self._dice.random()
            if end < 0.06:
                return True
            if end < 0.14:
                await talk.begin_to_listen()
                socket.transport.abort()
                self._findings.counts["drops"] += 1
                return False
            (action,) = self._dice.choices(list(actions), list(actions.values()))
            await action()
            await asyncio.sleep(self._dice.expovariate(1 / 2.0))
