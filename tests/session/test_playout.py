"""What was heard, by the client's word and by the clock."""

import pytest

from backend.session.playout import MARGIN_S, Playout


def ledger() -> Playout:
    playout = Playout()
    playout.sent(0, 1000, now=10.0)
    playout.sent(1, 2000, now=10.2)
    return playout


def test_nothing_sent_is_nothing_to_wait_for() -> None:
    assert Playout().remaining_s(5.0) == 0
    assert Playout().heard_sentences(5.0) == 0


def test_a_silent_client_is_taken_to_play_one_after_the_other() -> None:
    playout = ledger()
    assert playout.heard_sentences(10.5) == 1
    assert playout.heard_sentences(11.1) == 2
    assert playout.remaining_s(10.0) == pytest.approx(3.0 + MARGIN_S)


def test_the_clients_word_moves_the_estimate() -> None:
    playout = ledger()
    playout.reported(0, "started", now=10.5)
    assert playout.heard_sentences(11.2) == 1
    assert playout.remaining_s(11.0) == pytest.approx(2.5 + MARGIN_S)


def test_the_last_chunk_ended_is_the_end() -> None:
    playout = ledger()
    playout.reported(1, "ended", now=11.0)
    assert playout.remaining_s(11.0) == 0


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
    assert playout.remaining_s(11.0) == pytest.approx(2.0 + MARGIN_S)
