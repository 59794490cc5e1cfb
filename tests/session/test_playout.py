"""What was heard, by the client's word and by the clock."""

import pytest

from backend.session.playout import MARGIN_S, Playout


def ledger() -> Playout:
    """Two sentences: three seconds of sound from second 10 on."""
    playout = Playout()
    playout.sent(0, 1000, now=10.0)
    playout.sent(1, 2000, now=10.2)
    return playout


def test_nothing_sent_is_nothing_to_wait_for() -> None:
    assert Playout().remaining_s(5.0) == Playout().ahead_s(5.0) == 0
    assert Playout().heard_sentences(5.0) == Playout().heard_ms(0, 5.0) == 0
    assert Playout().starts_s is None


def test_a_silent_client_is_taken_to_play_one_after_the_other() -> None:
    playout = ledger()
    assert playout.heard_sentences(10.5) == 1
    assert playout.heard_sentences(11.1) == 2
    assert playout.remaining_s(10.0) == pytest.approx(3.0 + MARGIN_S)
    assert playout.ahead_s(10.5) == pytest.approx(2.5)
    assert (playout.heard_ms(0, 12.0), playout.heard_ms(1, 12.0)) == pytest.approx((1000, 1000))


def test_the_clients_word_moves_the_estimate() -> None:
    playout = ledger()
    playout.reported(0, "started", now=10.5)
    assert playout.heard_sentences(11.2) == 1
    assert playout.remaining_s(11.0) == pytest.approx(2.5 + MARGIN_S)


def test_the_last_chunk_ended_is_the_end() -> None:
    playout = ledger()
    playout.reported(1, "ended", now=11.0)
    assert playout.remaining_s(11.0) == playout.ahead_s(11.0) == 0
    assert playout.heard_ms(1, 11.0) == 2000


@pytest.mark.parametrize("chunk_seq", [-1, 2, 99])
def test_reports_about_unknown_chunks_change_nothing(chunk_seq: int) -> None:
    playout = ledger()
    playout.reported(chunk_seq, "ended", now=50.0)
    assert playout.remaining_s(10.0) == pytest.approx(3.0 + MARGIN_S)


def test_what_is_reported_twice_is_not_waited_for_twice() -> None:
    playout = ledger()
    for now in (11.0, 12.0, 13.0):
        playout.reported(0, "ended", now)
        playout.reported(1, "started", now)
        playout.reported(1, "resumed", now, 0)
        playout.reported(1, "paused", now, 0)
    assert playout.remaining_s(11.0) == pytest.approx(2.0 + MARGIN_S)


def test_in_a_pause_nothing_is_heard() -> None:
    playout = ledger()
    playout.pause(10.4)
    playout.pause(10.6)
    assert playout.is_paused and playout.heard_ms(0, 99.0) == pytest.approx(400)
    assert playout.ahead_s(99.0) == pytest.approx(2.6)
    playout.resume(15.4)
    assert not playout.is_paused and playout.heard_ms(0, 15.5) == pytest.approx(500)
    assert playout.remaining_s(16.0) == pytest.approx(2.0 + MARGIN_S)


def test_a_pause_that_the_client_measured_counts_from_there() -> None:
    playout = ledger()
    playout.pause(10.4)
    playout.reported(0, "paused", 10.45, position_ms=250)
    assert playout.heard_ms(0, 11.0) == pytest.approx(250)
    playout.resume(12.0)
    playout.reported(0, "resumed", 12.1, position_ms=250)
    assert playout.heard_ms(0, 12.2) == pytest.approx(350)


def test_what_is_sent_in_a_pause_comes_after_it() -> None:
    playout = ledger()
    playout.pause(10.4)
    playout.sent(2, 1000, now=14.0)
    assert playout.ahead_s(14.0) == pytest.approx(3.6)
    playout.resume(14.4)
    assert playout.heard_ms(2, 17.5) == pytest.approx(500)


def test_a_chunk_that_comes_late_is_heard_late() -> None:
    playout = Playout()
    playout.sent(0, 1000, now=10.0)
    playout.sent(0, 1000, now=13.0)
    assert playout.heard_ms(0, 13.5) == pytest.approx(1500)


def test_where_the_client_stopped_is_the_last_word() -> None:
    playout = ledger()
    playout.reported(1, "stopped", 11.9, position_ms=700)
    playout.resume(12.0)
    playout.reported(1, "ended", 20.0)
    assert playout.heard_ms(1, 30.0) == pytest.approx(700)


def test_a_position_beyond_the_chunk_is_its_end() -> None:
    playout = ledger()
    playout.reported(0, "stopped", 10.3, position_ms=1e9)
    assert playout.heard_ms(0, 10.3) == pytest.approx(1000) and playout.heard_ms(1, 10.3) == 0


def test_the_pause_before_a_sentence_is_not_heard_of_it() -> None:
    playout = Playout()
    playout.sent(0, 1000, now=10.0)
    playout.sent(1, 1000, now=10.0, pause_ms=200)
    assert playout.heard_ms(1, 11.1) == 0
    assert playout.heard_ms(1, 11.5) == pytest.approx(300)
    assert playout.heard_ms(1, 99.0) == pytest.approx(800)
