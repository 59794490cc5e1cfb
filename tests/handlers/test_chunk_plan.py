"""How long chunks are, on a clock that the test turns."""

from backend.handlers.avatar.plan import ReplyPlan


def lengths(plan: ReplyPlan, moments: list[float]) -> list[int | None]:
    """What is planned at each moment, each of it sent at once."""
    planned = []
    for now_s in moments:
        planned.append(plan.chunk_frames(now_s))
        plan.sent(planned[-1] or 50, now_s)
    return planned


def test_chunks_grow_while_playback_has_enough() -> None:
    assert lengths(ReplyPlan("progressive"), [0, 0.1, 0.3, 0.7, 1.2, 2, 3]) == [
        *(8, 16, 24, 32, 48, 48, 48)
    ]


def test_chunks_begin_small_again_once_playback_has_run_dry() -> None:
    plan = ReplyPlan("progressive")
    assert lengths(plan, [0, 0.1, 0.2]) == [8, 16, 24]
    plays_until_s = 48 / 25
    assert plan.chunk_frames(plays_until_s - 0.01) == 32
    assert plan.chunk_frames(plays_until_s) == 8
    assert lengths(plan, [2.0, 2.1]) == [8, 16]


def test_playback_begins_when_the_first_chunk_is_there() -> None:
    plan = ReplyPlan("progressive")
    plan.sent(8, 100.0)
    assert plan.chunk_frames(100.31) == 16
    assert plan.chunk_frames(100.33) == 8


def test_a_chunk_per_sentence_is_not_planned() -> None:
    assert lengths(ReplyPlan("sentence"), [0, 1, 9]) == [None, None, None]


def test_every_chunk_has_its_place_in_the_reply() -> None:
    plan = ReplyPlan("progressive")
    places = []
    for frames in (8, 16, 5):
        places.append(plan.start_ms)
        plan.sent(frames, 0.0)
    assert places == [0.0, 320.0, 960.0]
