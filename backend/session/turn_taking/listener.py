"""One stretch of listening: sound and transcripts in, turns of the user out.

It joins the machines of this folder. Every frame of sound goes through the VAD, then moves the
machines on; what they decide is done here and told to `observe`. Time is audio time; the clock is
asked only when the user fell silent, what recognition costs, and how long ago the avatar spoke.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from backend import clock
from backend.errors import RateLimited
from backend.handlers.base import closing
from backend.handlers.messages import SAMPLE_RATE, Pcm, SpeechSegment, Stamp, Transcript
from backend.handlers.vad.segmenter import (
    FRAME_MS,
    FRAME_SAMPLES,
    SpeechDropped,
    SpeechEnded,
    SpeechMaybe,
    SpeechPaused,
    SpeechResumed,
    Utterance,
    VadEvent,
)
from backend.session.stages import Stages
from backend.session.turn_taking import decisions
from backend.session.turn_taking.barge_in import Action, Avatar, BargeIn
from backend.session.turn_taking.completeness import Completeness, judge
from backend.session.turn_taking.conversation import Conversationalist
from backend.session.turn_taking.echo import CANCELLED, NOT_CANCELLED
from backend.session.turn_taking.end_of_turn import EndOfTurn, Step
from backend.session.turn_taking.partials import PartialPace
from backend.session.turn_taking.recogniser import Job, Purpose, Recognised, Recogniser
from backend.session.turn_taking.words import Words, kind_of_words

ECHO_TAIL_S = 0.3
"""How long the avatar's voice may linger in a room and on the way."""

GAP_S = 1.0
"""Without sound for so long, the time of sound has stood still: the microphone was closed, or the
client was silent while the avatar spoke."""

MAX_UNFINISHED = 4
"""Utterances whose recognition is under way or waits; a recording more is refused."""


class Listener:
    """Recognitions run in `group`; their results must come back through `recognised`."""

    def __init__(
        self,
        stages: Stages,
        stamp: Callable[[], Stamp],
        conversation: Conversationalist,
        group: asyncio.TaskGroup,
        deliver: Callable[[Recognised], None],
        observe: Callable[[decisions.EarEvent], None],
    ) -> None:
        self._settings = stages.settings
        self._vad = stages.vad
        self._stamp = stamp
        self._conversation = conversation
        self._observe = observe
        self._recogniser = Recogniser(group, stages.asr, deliver)
        self._end_of_turn = EndOfTurn(self._settings.end_of_turn)
        self._pace = PartialPace(self._settings.end_of_turn)
        self._speculated: Recognised | None = None
        self._shown: Transcript | None = None
        self._now_s = clock.now()
        self._speech_ended_s: float | None = None
        self._began_ms, self._began_s = 0.0, self._now_s
        self._avatar_words, self._avatar_at_s = "", float("-inf")
        self.begin(echo_cancellation=False)

    def begin(self, *, echo_cancellation: bool) -> None:
        """The microphone was opened."""
        self._trusts_sound = echo_cancellation
        self._barge_in = BargeIn(
            self._settings.barge_in, trusts_sound=echo_cancellation, now_ms=self._vad.now_ms
        )

    @property
    def is_waiting(self) -> bool:
        """Whether something is open that only more sound, or silence, can end."""
        return self._vad.is_open or self._barge_in.has_paused

    @property
    def is_hearing(self) -> bool:
        """Whether something that was said is not yet understood."""
        recogniser = self._recogniser
        return self._vad.is_open or not recogniser.is_idle or recogniser.unfinished > 0

    async def hear(self, pcm: Pcm, at_s: float) -> None:
        """Take sound whose last sample came at the clock second `at_s`."""
        if at_s - pcm.size / SAMPLE_RATE - self._now_s > GAP_S:
            self._end_of_turn.lose_track()
        for start in range(0, pcm.size, FRAME_SAMPLES):
            part = pcm[start : start + FRAME_SAMPLES]
            self._now_s = at_s - (pcm.size - start - part.size) / SAMPLE_RATE
            if self._is_deaf():
                await self.forget()
                part = np.zeros_like(part)
            async with closing(self._vad.process(part)) as events:
                async for event in events:
                    await self._take(event)
            await self._move_on()

    async def finish(self) -> None:
        """The microphone was closed: the user is done."""
        ended = self._vad.flush()
        if isinstance(ended, SpeechEnded):
            await self._commit(ended)
        elif ended is not None:
            await self._take(ended)

    def read(self, pcm: Pcm) -> None:
        """A whole utterance that came in one piece; it ends now."""
        if self._recogniser.unfinished >= MAX_UNFINISHED:
            why = "Recordings come in faster than they can be recognised."
            self._conversation.failed(RateLimited(why))
            return
        # Nobody's loudspeaker was heard in it, and the microphone goes its own way.
        segment = SpeechSegment(self._stamp(), pcm, speech_ratio=1.0)
        self._recogniser.start(Job(segment, Purpose.FINAL, clock.now(), avatar_words=""))

    async def forget(self) -> None:
        """Nothing was said, and nothing is held."""
        self._recogniser.drop()
        self._speculated = None
        self._end_of_turn.forget()
        self._came_to_nothing()
        if self._vad.end() is not None:
            await self._take(SpeechDropped(self._vad.now_ms))

    async def recognised(self, outcome: Recognised) -> None:
        """A recognition came to its end."""
        cost_ms = outcome.cost_s * 1000
        self._observe(decisions.RecognitionDone(self._vad.now_ms, outcome.job.purpose, cost_ms))
        if isinstance(outcome.result, Transcript):  # noise costs nothing, and says nothing of cost
            sound_s = outcome.job.segment.pcm.size / SAMPLE_RATE
            self._pace.took(outcome.cost_s, sound_s, clock.now())
        if not self._recogniser.take(outcome.job):
            return
        match outcome.job.purpose:
            case Purpose.PARTIAL:
                await self._read_partial(outcome)
            case Purpose.SPECULATION:
                await self._read_speculation(outcome)
            case Purpose.FINAL:
                await self._conclude(outcome)

    # ------------------------------------------------------------------ sound

    async def _take(self, event: VadEvent) -> None:
        self._observe(event)
        match event:
            case SpeechMaybe():
                self._began_ms, self._began_s = event.at_ms, self._now_s
                self._end_of_turn.begins(event.at_ms)
                self._speech_ended_s = None
                self._pace.asked(event.at_ms)
            case SpeechPaused():
                self._speech_ended_s = self._now_s - FRAME_MS / 1000
                self._end_of_turn.fell_silent(event.at_ms - FRAME_MS)
            case SpeechResumed():
                self._speech_ended_s = None
                self._go_on_listening(event.at_ms)
            case SpeechEnded():
                await self._commit(event)
        await self._act(self._barge_in.event(event))

    async def _move_on(self) -> None:
        """Let every machine see what time it is."""
        now_ms = self._vad.now_ms
        is_speech = self._vad.is_speech
        await self._act(self._barge_in.tick(now_ms, self._avatar(), is_speech=is_speech))
        match self._end_of_turn.tick(now_ms):
            case Step.SPECULATE:
                if self._recognise(Purpose.SPECULATION, self._vad.utterance()):
                    self._observe(decisions.SpeculationStarted(now_ms))
            case Step.COMMIT:
                await self._commit(self._vad.end())
            case Step.WAIT:
                sound_s = (now_ms - self._began_ms) / 1000
                is_due = is_speech and self._pace.is_due(now_ms, clock.now(), sound_s)
                if is_due and self._recogniser.is_idle:
                    self._recognise(Purpose.PARTIAL, self._vad.utterance())

    def _go_on_listening(self, at_ms: float) -> None:
        self._end_of_turn.goes_on(at_ms)
        self._speculated = None
        dropped = self._recogniser.drop()
        if dropped is not None and dropped.purpose is Purpose.SPECULATION:
            self._observe(decisions.SpeculationDropped(self._vad.now_ms))

    async def _commit(self, ended: VadEvent | None) -> None:
        if not isinstance(ended, SpeechEnded):
            return
        now_ms, end = ended.at_ms, self._end_of_turn
        self._observe(decisions.TurnCommitted(now_ms, end.silence_ms(now_ms), end.wait_ms))
        end.ends()
        speculated, self._speculated = self._speculated, None
        is_running = self._recogniser.keep()
        if speculated is not None:
            await self._conclude(speculated)
        elif not is_running:
            self._recognise(Purpose.FINAL, Utterance(ended.pcm, ended.speech_ratio))

    def _is_deaf(self) -> bool:
        """Whether the sound of this moment is better not heard at all."""
        speech = self._conversation.avatar_speech()
        if not self._settings.barge_in.enabled:
            return speech is not None or self._conversation.is_thinking()
        if self._trusts_sound or speech is None or self._vad.is_open:
            return False
        return (self._now_s - speech.since_s) * 1000 < self._settings.barge_in.guard_ms

    # ------------------------------------------------------------------ words

    def _recognise(self, purpose: Purpose, utterance: Utterance | None) -> bool:
        """Start, if there is something to recognise."""
        if utterance is None:
            return False
        self._pace.asked(self._vad.now_ms)
        ended_s = self._now_s if self._speech_ended_s is None else self._speech_ended_s
        segment = SpeechSegment(self._stamp(), utterance.pcm, utterance.speech_ratio)
        self._recogniser.start(Job(segment, purpose, ended_s, self._echoed_words()))
        return True

    async def _read_partial(self, partial: Recognised) -> None:
        if isinstance(partial.result, BaseException):
            return  # the whole utterance will fail too, and be told of
        words = self._kind(partial)
        is_over_the_avatar = self._avatar() is Avatar.SPEAKING
        await self._show(partial.result, words)
        if words is Words.ECHO and is_over_the_avatar and not self._trusts_sound:
            # Or the user's own words would drown in all that the avatar says.
            self._vad.forget(partial.job.segment.pcm.size)

    async def _read_speculation(self, speculated: Recognised) -> None:
        self._speculated = speculated
        transcript = speculated.result
        verdict = Completeness.UNKNOWN
        if isinstance(transcript, Transcript):
            verdict = judge(transcript.text)
        self._observe(decisions.SpeculationJudged(self._vad.now_ms, verdict))
        self._end_of_turn.judged(verdict)
        if not isinstance(transcript, BaseException):
            await self._show(transcript, self._kind(speculated))
        await self._move_on()

    async def _show(self, transcript: Transcript | None, words: Words) -> None:
        avatar = self._avatar()
        is_meant = words is Words.REAL or (words is Words.BACKCHANNEL and avatar is Avatar.SILENT)
        shown = "" if self._shown is None else self._shown.text
        if transcript is not None and is_meant and transcript.text != shown:
            self._shown = transcript
            self._conversation.heard_partial(transcript)
        await self._act(self._barge_in.heard(words, avatar))

    async def _conclude(self, final: Recognised) -> None:
        """The user is done, and this is what was said."""
        avatar, words = self._avatar(), self._kind(final)
        await self._act(self._barge_in.heard(words, avatar))
        if isinstance(final.result, BaseException):
            self._came_to_nothing()
            self._conversation.failed(final.result)
            return
        is_nothing = words in (Words.NONE, Words.ECHO)
        is_only_polite = words is Words.BACKCHANNEL and avatar is not Avatar.SILENT
        if final.result is None or is_nothing or is_only_polite:
            self._observe(decisions.UtteranceIgnored(self._vad.now_ms, words))
            self._came_to_nothing()
            return
        self._shown = None
        ended_s = final.job.speech_ended_s
        await self._conversation.heard(replace(final.result, speech_ended_at=ended_s))

    def _came_to_nothing(self) -> None:
        shown, self._shown = self._shown, None
        if shown is not None:
            self._conversation.heard_nothing(shown)

    def _kind(self, outcome: Recognised) -> Words:
        heard = outcome.result
        if not isinstance(heard, Transcript):
            return Words.NONE
        evidence = CANCELLED if self._trusts_sound else NOT_CANCELLED
        return kind_of_words(heard.text, outcome.job.avatar_words, evidence, heard.confidence)

    # ------------------------------------------------------------------ the avatar

    def _avatar(self) -> Avatar:
        speech = self._conversation.avatar_speech()
        if speech is not None:
            self._avatar_words, self._avatar_at_s = speech.words, self._now_s
            return Avatar.SPEAKING
        return Avatar.THINKING if self._conversation.is_thinking() else Avatar.SILENT

    def _echoed_words(self) -> str:
        """What the avatar said while the utterance was open, or right before."""
        is_heard = self._avatar_at_s >= self._began_s - ECHO_TAIL_S
        return self._avatar_words if is_heard else ""

    async def _act(self, action: Action | None) -> None:
        now_ms = self._vad.now_ms
        match action:
            case Action.PAUSE:
                self._observe(decisions.PlaybackPaused(now_ms))
                self._conversation.pause_playback()
            case Action.RESUME:
                self._observe(decisions.PlaybackResumed(now_ms))
                self._conversation.resume_playback()
            case Action.INTERRUPT:
                self._observe(decisions.BargedIn(now_ms))
                await self._conversation.barge_in()
