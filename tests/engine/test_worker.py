"""Whose turn it is: a plain data structure, tested without processes."""

import threading

from backend.engine.wire import Kind, Request
from backend.engine.worker import TurnQueue


def call(actor_id: int, call_id: int) -> Request:
    return Request(Kind.CALL, actor_id, call_id)


def taken(queue: TurnQueue, count: int) -> list[tuple[int, int]]:
    return [(request.actor_id, request.call_id) for request in (queue.take() for _ in range(count))]


def test_one_actor_is_served_in_order() -> None:
    queue = TurnQueue()
    for number in range(3):
        queue.put(call(1, number))
    assert taken(queue, 3) == [(1, 0), (1, 1), (1, 2)]


def test_actors_take_turns() -> None:
    queue = TurnQueue()
    for number in range(3):
        queue.put(call(1, number))
    queue.put(call(2, 10))
    queue.put(call(2, 11))
    assert taken(queue, 5) == [(1, 0), (2, 10), (1, 1), (2, 11), (1, 2)]


def test_who_comes_back_stands_at_the_end() -> None:
    queue = TurnQueue()
    queue.put(call(1, 0))
    queue.put(call(2, 0))
    assert taken(queue, 1) == [(1, 0)]
    queue.put(call(1, 1))
    assert taken(queue, 2) == [(2, 0), (1, 1)]


def test_a_dropped_call_is_not_served() -> None:
    queue = TurnQueue()
    for number in range(3):
        queue.put(call(1, number))
    queue.put(Request(Kind.DROP, 1, 1))
    assert queue.take() == Request(Kind.DROP, 1, 1)
    assert taken(queue, 2) == [(1, 0), (1, 2)]


def test_a_dropped_call_costs_its_actor_no_turn() -> None:
    queue = TurnQueue()
    queue.put(call(1, 0))
    queue.put(call(2, 0))
    queue.put(Request(Kind.DROP, 1, 0))
    queue.put(call(1, 1))
    assert queue.take().kind is Kind.DROP
    assert taken(queue, 2) == [(2, 0), (1, 1)]


def test_dropping_the_only_call_or_none_leaves_the_queue_sound() -> None:
    queue = TurnQueue()
    queue.put(call(1, 0))
    queue.put(Request(Kind.DROP, 1, 0))
    queue.put(Request(Kind.DROP, 7, 99))
    queue.put(call(2, 5))
    assert taken(queue, 2) == [(1, 0), (2, 5)]


def test_taking_waits_for_something_to_take() -> None:
    queue, got = TurnQueue(), []
    reader = threading.Thread(target=lambda: got.append(queue.take()))
    reader.start()
    queue.put(call(3, 4))
    reader.join(timeout=5)
    assert got == [call(3, 4)]
