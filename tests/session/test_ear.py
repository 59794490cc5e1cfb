"""What an ear makes of talk, pauses and interruptions; timings in milliseconds of virtual time."""

from __future__ import annotations

import asyncio

import pytest

from backend.errors import NotListening, RateLimited
from backend.session import ear
from backend.session.turn_taking import decisions
from backend.session.turn_taking.words import Words
from tests.session.turn_taking.room import Room, listening

WHOLE, BROKEN_OFF, UNCLEAR = "How are you today?", "I want to", "how are you today"
GRAIN_MS = 2 * 32 + 20  # the last word and the wait end within frames of the detector


# ---------------------------------------------------------------------- the end of a turn


def waits(room: Room, talk_ms: int) -> float:
    """Milliseconds from the last word to the turn."""
    return room.ms_of("heard") - talk_ms


@listening()
async def test_a_whole_sentence_ends_the_turn_early(room: Room) -> None:
    room.asr.words = WHOLE
    await room.say(1000)
    await room.hush(3000)
    assert room.texts == [WHOLE]
    assert waits(room, 1000) == pytest.approx(300, abs=GRAIN_MS)


@listening()
async def test_a_sentence_that_breaks_off_is_waited_for(room: Room) -> None:
    room.asr.words = BROKEN_OFF
    await room.say(1000)
    await room.hush(3000)
    assert room.texts == [BROKEN_OFF]
    assert waits(room, 1000) == pytest.approx(1500, abs=GRAIN_MS)


@listening()
async def test_what_cannot_be_judged_waits_as_long_as_ever(room: Room) -> None:
    room.asr.words = UNCLEAR
    await room.say(1000)
    await room.hush(3000)
    assert waits(room, 1000) == pytest.approx(500, abs=GRAIN_MS)


@listening()
async def test_a_broken_off_sentence_goes_on_as_one(room: Room) -> None:
    room.asr.words = BROKEN_OFF
    await room.say(1000)
    await room.hush(1200)
    room.asr.words = "I want to go home."
    await room.say(1000)
    await room.hush(2000)
    assert room.texts == ["I want to go home."]
    assert room.asr.asked[-1][1] > 3000, "all of it was recognised at once"
    assert len(room.decided(decisions.SpeculationDropped)) == 1


@listening()
async def test_recognition_begins_at_the_first_short_silence_and_once(room: Room) -> None:
    room.asr.words = UNCLEAR
    await room.say(700)
    await room.hush(2000)
    ((asked_s, sound_ms),) = room.asr.asked
    assert asked_s * 1000 == pytest.approx(700 + 200, abs=GRAIN_MS)
    assert sound_ms == pytest.approx(900, abs=GRAIN_MS)


@listening()
async def test_speech_that_goes_on_throws_the_recognition_away(room: Room) -> None:
    room.asr.delay_s = 1.0
    await room.say(700)
    await room.hush(300)
    assert room.asr.running == 1
    await room.say(100)
    assert room.asr.running == 0 and room.asr.thrown_away == 1
    await room.hush(3000)
    assert room.texts == ["hello"] and len(room.asr.asked) == 2


@listening()
async def test_slow_recognition_commits_when_it_comes(room: Room) -> None:
    room.asr.words, room.asr.delay_s = WHOLE, 0.8
    await room.say(700)
    await room.hush(3000)
    assert waits(room, 700) == pytest.approx(200 + 800, abs=GRAIN_MS)
    assert len(room.asr.asked) == 1


@listening()
async def test_a_very_slow_recognition_is_kept_when_the_next_utterance_begins(room: Room) -> None:
    room.asr.words, room.asr.delay_s = "First.", 4.0
    await room.say(700)
    await room.hush(2000)
    assert len(room.decided(decisions.TurnCommitted)) == 1 and not room.texts
    await room.say(700)
    room.asr.words = "Second."
    await room.hush(8000)
    assert room.texts == ["First.", "Second."] and room.asr.thrown_away == 0


@listening()
async def test_the_user_fell_silent_before_the_wait(room: Room) -> None:
    began_s = asyncio.get_running_loop().time()
    await room.say(1000)
    await room.hush(2000)
    (transcript,) = room.heard_at_end
    assert transcript.speech_ended_at is not None
    assert (transcript.speech_ended_at - began_s) * 1000 == pytest.approx(1000, abs=GRAIN_MS)


@listening()
async def test_closing_the_microphone_ends_the_utterance_at_once(room: Room) -> None:
    room.asr.words = BROKEN_OFF
    await room.say(1000)
    room.ear.finish()
    await asyncio.sleep(0.2)
    assert room.texts == [BROKEN_OFF]
    assert waits(room, 1000) == pytest.approx(50, abs=GRAIN_MS)


@listening()
async def test_closing_the_microphone_in_a_pause_keeps_the_recognition_that_runs(
    room: Room,
) -> None:
    room.asr.words, room.asr.delay_s = BROKEN_OFF, 0.5
    await room.say(700)
    await room.hush(300)
    room.ear.finish()
    await asyncio.sleep(1)
    assert room.texts == [BROKEN_OFF] and len(room.asr.asked) == 1


@listening()
async def test_missing_frames_are_silence(room: Room) -> None:
    room.asr.words = BROKEN_OFF
    await room.say(1000)
    await asyncio.sleep(10)
    assert room.texts == [BROKEN_OFF]
    assert waits(room, 1000) < 3100


@listening()
async def test_a_long_frame_is_not_missing_while_it_lasts(room: Room) -> None:
    for _ in range(5):
        room.ear.push(room.sound(1000, 1000))
        await asyncio.sleep(1.1)
    assert not room.texts
    await asyncio.sleep(5)
    assert len(room.texts) == 1


@listening(vad={"max_segment_s": 3})
async def test_a_monologue_is_read_in_pieces(room: Room) -> None:
    await room.say(7000)
    await room.hush(2000)
    assert len(room.texts) == 3


@listening()
async def test_sound_faster_than_time_is_heard_the_same(room: Room) -> None:
    room.asr.delay_s = 0
    for _ in range(3):
        for value, ms in ((1000, 1000), (0, 2000)):
            room.ear.push(room.sound(ms, value))
    await asyncio.sleep(0.1)
    assert len(room.texts) == 3


@listening()
async def test_nothing_but_noise_is_not_a_turn(room: Room) -> None:
    room.asr.words = ""
    await room.say(700)
    await room.hush(2000)
    assert room.log == []
    (ignored,) = room.decided(decisions.UtteranceIgnored)
    assert ignored.words is Words.NONE


@listening()
async def test_a_backchannel_is_an_answer_to_a_silent_avatar(room: Room) -> None:
    room.asr.words = "Yeah."
    await room.say(400)
    await room.hush(2000)
    assert room.texts == ["Yeah."]


# ---------------------------------------------------------------------- partial transcripts


@listening()
async def test_partials_come_while_the_user_speaks_and_only_when_they_change(room: Room) -> None:
    room.asr.words = "one"
    await room.say(2000)
    room.asr.words = "one two"
    await room.say(1000)
    assert room.partials == ["one", "one two"]
    assert len(room.asr.asked) == 3
    first_ms = room.asr.asked[0][0] * 1000
    assert first_ms == pytest.approx(800, abs=2 * GRAIN_MS)


@listening()
async def test_dear_partials_are_for_long_talk_only(room: Room) -> None:
    room.asr.delay_s = 2.0
    await room.say(10_000)
    await room.hush(4000)
    room.asr.asked.clear()  # it has been found out how dear they are
    await room.say(3800)
    assert not room.asr.asked, "the answer to a short question would have to wait for it"
    await room.say(6200)
    assert [round(asked_s - 14) for asked_s, _ in room.asr.asked] == [4, 8]


@listening()
async def test_a_partial_makes_room_for_the_end_of_the_turn(room: Room) -> None:
    room.asr.delay_s = 1.0
    await room.say(900)
    assert room.asr.running == 1, "a partial"
    await room.hush(3000)
    assert room.asr.thrown_away == 1 and room.texts == ["hello"]


NOTHING = {"noise": "", "echo": "Tell you about the sea.", "failure": RuntimeError("A defect.")}


@pytest.mark.parametrize("words", NOTHING.values(), ids=NOTHING)
def test_what_was_shown_and_came_to_nothing_is_taken_back(words: str | Exception) -> None:
    @listening()
    async def scenario(room: Room) -> None:
        room.asr.words = "tell me"
        await room.say(1200)
        assert room.partials == ["tell me"] and not room.said
        room.speak("Let me tell you about the sea.")
        room.asr.words = words
        await room.hush(2000)
        assert room.said.count("heard_nothing") == 1
        room.fall_silent()
        room.asr.words = "tell me"
        await room.say(1200)
        assert room.partials == ["tell me", "tell me"]
        await room.hush(2000)
        assert room.texts == ["tell me"] and room.said.count("heard_nothing") == 1

    scenario()


@listening(barge_in={"enabled": False})
async def test_what_was_shown_and_is_forgotten_is_taken_back(room: Room) -> None:
    await room.say(1200)
    assert room.partials == ["hello"]
    room.speak()
    await room.hush(1000)
    assert room.said == ["heard_nothing"]


@listening()
async def test_a_partial_that_fails_is_no_failure_of_the_turn(room: Room) -> None:
    room.asr.words = RuntimeError("A defect.")
    await room.say(1200)
    room.asr.words = WHOLE
    await room.hush(1000)
    assert room.said == ["heard"]


# ---------------------------------------------------------------------- barge-in


@listening()
async def test_the_voice_pauses_at_once_and_then_interrupts(room: Room) -> None:
    room.speak()
    await room.hush(1000)
    room.asr.words = "Wait, please."
    await room.say(1200)
    await room.hush(2000)
    assert room.said == ["pause", "barge_in", "heard"]
    assert room.ms_of("pause") - 1000 < 150
    assert room.ms_of("barge_in") - 1000 == pytest.approx(700, abs=2 * GRAIN_MS)


@listening()
async def test_a_cough_takes_nothing_away(room: Room) -> None:
    room.speak()
    await room.hush(500)
    await room.cough()
    await room.hush(3000)
    assert room.said == ["pause", "resume"]
    assert room.ms_of("resume") - room.ms_of("pause") < 350
    assert not room.asr.asked


@listening()
async def test_a_short_word_interrupts_when_it_is_recognised(room: Room) -> None:
    room.speak()
    await room.hush(500)
    room.asr.words = "Stop!"
    await room.say(400)
    await room.hush(2000)
    assert room.said == ["pause", "barge_in", "heard"]
    assert room.ms_of("barge_in") - 500 == pytest.approx(400 + 200 + 50, abs=2 * GRAIN_MS)


@pytest.mark.parametrize("words", ["Uh-huh.", "", "(coughs)", "嗯。"])
def test_what_is_no_turn_lets_the_avatar_go_on(words: str) -> None:
    @listening()
    async def scenario(room: Room) -> None:
        room.speak()
        await room.hush(500)
        room.asr.words = words
        await room.say(400)
        await room.hush(3000)
        assert room.said == ["pause", "resume"] and not room.texts
        assert room.ms_of("resume") - 500 < 400 + 200 + 50 + 100

    scenario()


@listening()
async def test_a_backchannel_that_goes_on_is_a_turn(room: Room) -> None:
    room.speak()
    await room.hush(500)
    room.asr.words = "Yeah"
    await room.say(350)
    await room.hush(350)
    assert room.said == ["pause", "resume"]
    room.asr.words = "Yeah, but why?"
    await room.say(500)
    await room.hush(2000)
    assert room.said == ["pause", "resume", "pause", "barge_in", "heard"]
    assert room.texts == ["Yeah, but why?"]


@listening()
async def test_without_a_verdict_the_avatar_goes_on(room: Room) -> None:
    room.asr.delay_s = 30.0
    room.speak()
    await room.hush(500)
    await room.say(400)
    await room.hush(4000)
    assert room.said == ["pause", "resume"]
    assert room.ms_of("resume") - room.ms_of("pause") == pytest.approx(2000, abs=GRAIN_MS)


@listening()
async def test_a_client_that_dies_in_a_candidate_leaves_no_mute_avatar(room: Room) -> None:
    room.asr.delay_s = 30.0
    room.speak()
    await room.hush(500)
    await room.say(400)
    await asyncio.sleep(10)
    assert room.said == ["pause", "resume"]


@listening()
async def test_a_microphone_that_closes_in_a_candidate_leaves_no_mute_avatar(room: Room) -> None:
    room.speak()
    await room.hush(500)
    await room.cough()
    assert room.said == ["pause"]
    room.ear.finish()
    await asyncio.sleep(0.1)
    assert room.said == ["pause", "resume"]


@listening()
async def test_an_interruption_without_words_goes_on_listening(room: Room) -> None:
    room.speak()
    await room.hush(500)
    room.asr.words = ""
    await room.say(1500)
    await room.hush(2000)
    assert room.said == ["pause", "barge_in"]
    room.asr.words = WHOLE
    await room.say(1000)
    await room.hush(2000)
    assert room.texts == [WHOLE]


@listening()
async def test_a_failed_recognition_lets_the_avatar_go_on_and_is_told(room: Room) -> None:
    room.speak()
    await room.hush(500)
    room.asr.words = RuntimeError("A defect.")
    await room.say(400)
    await room.hush(3000)
    assert room.said == ["pause", "resume", "failed"]


@listening()
async def test_a_recogniser_that_cannot_clean_up_leaves_nobody_deaf(room: Room) -> None:
    room.asr.delay_s, room.asr.is_untidy = 1.0, True
    await room.say(700)
    await room.hush(300)
    await room.say(700)
    room.asr.delay_s = 0.05
    await room.hush(3000)
    assert room.asr.thrown_away == 1 and room.said == ["heard"]


@listening()
async def test_half_a_sentence_is_not_heard_after_the_ear_was_closed(room: Room) -> None:
    await room.say(700)
    await room.ear.close()
    room.ear.read(room.sound(1000, 1000))
    await asyncio.sleep(5)
    assert [sound_ms for _, sound_ms in room.asr.asked] == [1000] and room.said == ["heard"]


@listening()
async def test_a_flood_of_recordings_is_refused(room: Room) -> None:
    room.asr.delay_s = 1.0
    for _ in range(10):
        room.ear.read(room.sound(1000, 1000))
    await asyncio.sleep(20)
    assert room.said == ["failed"] * 6 + ["heard"] * 4
    assert isinstance(room.errors[0], RateLimited)
    room.ear.read(room.sound(1000, 1000))
    await asyncio.sleep(2)
    assert room.said[-1] == "heard" and len(room.said) == 11


@listening()
async def test_new_speech_cuts_a_reply_that_is_being_thought_of(room: Room) -> None:
    def think() -> None:
        room.thinks = True

    room.answer = think
    room.asr.words = "What is the weather?"
    await room.say(800)
    await room.hush(600)
    room.asr.words = "In Paris, I mean."
    await room.say(1000)
    await room.hush(1000)
    assert room.said == ["heard", "barge_in", "heard"]


@listening()
async def test_a_noise_does_not_cut_a_reply_that_is_being_thought_of(room: Room) -> None:
    room.thinks = True
    room.asr.words = ""
    await room.say(400)
    await room.hush(2000)
    assert room.log == []


@listening()
async def test_the_avatar_that_begins_to_speak_into_speech_is_paused(room: Room) -> None:
    room.thinks = True
    await room.say(300)
    room.speak()
    await room.say(100)
    assert room.said == ["pause"]
    await room.say(600)
    assert room.said == ["pause", "barge_in"]


@listening(barge_in={"enabled": False})
async def test_without_barge_in_the_ear_is_deaf_and_half_an_utterance_forgotten(
    room: Room,
) -> None:
    await room.say(500)
    room.speak()
    await room.say(2000)
    await room.hush(1000)
    room.fall_silent()
    await room.hush(2000)
    assert room.log == []
    await room.say(800)
    await room.hush(2000)
    assert room.said == ["heard"]


# ---------------------------------------------------------------------- echo


@listening(echo_cancellation=None)
async def test_without_echo_cancellation_sound_alone_does_nothing(room: Room) -> None:
    room.speak("Let me tell you about the sea. It is deep and blue.")
    room.asr.words = "let me tell you about the sea"
    await room.say(6000)
    assert room.log == [] and room.partials == []
    assert max(sound_ms for _, sound_ms in room.asr.asked) < 2500, "echo does not pile up"
    room.fall_silent()
    await room.hush(2000)
    assert room.log == [], "nor is it a turn when it is over"


@listening(echo_cancellation=None)
async def test_without_echo_cancellation_own_words_interrupt(room: Room) -> None:
    room.speak("Let me tell you about the sea. It is deep and blue.")
    room.asr.words = "tell you about the sea"
    await room.say(1500)
    room.asr.words = "excuse me what time is it"
    await room.say(2000)
    await room.hush(2000)
    assert room.said == ["barge_in", "heard"]
    assert room.texts == ["excuse me what time is it"]


@listening(echo_cancellation=None)
async def test_a_recogniser_that_is_not_sure_cannot_tell_echo_from_own_words(room: Room) -> None:
    room.asr.confidence = None
    room.asr.words = "i mean whale"
    room.speak("I am very well.")
    await room.say(3000)
    room.fall_silent()
    await room.hush(2000)
    assert room.log == []
    await room.say(1000)
    await room.hush(2000)
    assert room.texts == ["i mean whale"]


@listening(echo_cancellation=None)
async def test_the_first_moments_of_a_reply_are_not_heard(room: Room) -> None:
    await room.hush(500)
    room.speak()
    await room.say(360)
    await room.hush(1000)
    assert room.events == [] and not room.asr.asked


@listening()
async def test_echo_is_dropped_even_where_it_was_cancelled(room: Room) -> None:
    room.speak("Let me tell you about the sea.")
    room.asr.words = "Tell you about the sea."
    await room.hush(500)
    await room.say(600)
    await room.hush(2000)
    assert room.said == ["pause", "resume"]
    (ignored,) = room.decided(decisions.UtteranceIgnored)
    assert ignored.words is Words.ECHO


@listening()
async def test_who_repeats_the_avatar_later_means_it(room: Room) -> None:
    room.speak("Would you like some tea or some coffee?")
    await room.hush(500)
    room.fall_silent()
    await room.hush(600)
    room.asr.words = "Some coffee."
    await room.say(600)
    await room.hush(1000)
    assert room.texts == ["Some coffee."]


# ---------------------------------------------------------------------- the microphone


@listening()
async def test_a_closed_microphone_complains_once(room: Room) -> None:
    room.ear.finish()
    with pytest.raises(NotListening):
        room.ear.push(room.sound(20, 0))
    room.ear.push(room.sound(20, 0))
    room.ear.open(True)
    room.ear.push(room.sound(20, 0))


@listening()
async def test_too_much_sound_is_refused(room: Room) -> None:
    with pytest.raises(RateLimited):
        for _ in range(ear.MAX_BACKLOG_FRAMES + 2):
            room.ear.push(room.sound(20, 0))


@listening()
async def test_a_defect_leaves_no_deaf_ear_and_no_mute_avatar(room: Room) -> None:
    room.speak()
    await room.hush(500)
    await room.say(200)
    room.ear.push(room.sound(100, Room.BROKEN))
    await asyncio.sleep(0.1)
    assert room.said == ["pause", "failed", "resume"]
    room.fall_silent()
    await room.say(600)
    await room.hush(2000)
    assert room.said[-1] == "heard"


@listening()
async def test_an_ear_that_was_closed_can_be_opened_again(room: Room) -> None:
    room.asr.delay_s = 1.0
    await room.say(700)
    await room.hush(300)
    await room.ear.close()
    await room.ear.close()
    assert room.asr.running == 0
    room.ear.open(True)
    await room.say(700)
    await room.hush(3000)
    assert room.texts == ["hello"]


@listening()
async def test_the_record_holds_what_was_heard_and_decided(room: Room) -> None:
    room.speak()
    await room.hush(500)
    room.asr.words = "Stop!"
    await room.say(400)
    await room.hush(1000)
    assert [type(event).__name__ for event in room.events] == [
        *("SpeechMaybe", "PlaybackPaused", "SpeechStarted", "SpeechPaused"),
        *("SpeculationStarted", "RecognitionDone", "SpeculationJudged", "BargedIn"),
        "TurnCommitted",
    ]


@listening()
async def test_what_was_said_before_the_microphone_opened_again_is_no_echo(room: Room) -> None:
    room.speak("What time is it?")
    await room.hush(500)
    room.ear.finish()
    await asyncio.sleep(1)
    room.fall_silent()
    room.ear.open(echo_cancellation=True)
    room.asr.words = "What time is it?"
    await room.say(1000)
    await room.hush(3000)
    assert room.texts == ["What time is it?"]


@listening()
async def test_what_the_avatar_has_just_said_is_echo(room: Room) -> None:
    room.speak("What time is it?")
    await room.hush(500)
    room.fall_silent()
    room.asr.words = "What time is it?"
    await room.say(1000)
    await room.hush(3000)
    assert room.texts == []


@listening(echo_cancellation=False)
async def test_a_recording_is_no_echo_of_what_was_said_before_it(room: Room) -> None:
    room.speak("Paris is the capital of France.")
    await room.hush(1500)
    room.fall_silent()
    room.ear.finish()
    await asyncio.sleep(60)
    room.asr.words = "What is the capital of France?"
    room.ear.read(room.sound(1000, 1000))
    await asyncio.sleep(1)
    assert room.texts == ["What is the capital of France?"]


@listening()
async def test_what_was_said_while_no_sound_came_is_no_echo(room: Room) -> None:
    room.speak("What time is it?")
    await room.hush(500)
    await asyncio.sleep(5)  # the page was asleep
    room.fall_silent()
    await asyncio.sleep(5)
    room.asr.words = "What time is it?"
    await room.say(1000)
    await room.hush(3000)
    assert room.texts == ["What time is it?"]


@pytest.mark.parametrize("is_closed", [True, False], ids=["closed", "without frames"])
def test_who_speaks_long_after_the_last_turn_was_not_cut_off(is_closed: bool) -> None:
    @listening()
    async def test(room: Room) -> None:
        room.asr.words = WHOLE
        for _ in range(3):
            await room.say(1000)
            await room.hush(350)
            if is_closed:
                room.ear.finish()
            await asyncio.sleep(60)
            room.ear.open(echo_cancellation=True)
            await room.hush(100)
        await room.say(1000)
        await room.hush(1000)
        assert room.decided(decisions.TurnCommitted)[-1].wait_ms == 300

    test()
