"""The state on the wire follows from the microphone and the reply."""

import pytest

from backend.session.state import Conversation, Phase


@pytest.mark.parametrize(
    ("listening", "phase", "state"),
    [
        (False, Phase.NONE, "idle"),
        (True, Phase.NONE, "listening"),
        (False, Phase.THINKING, "thinking"),
        (True, Phase.THINKING, "thinking"),
        (True, Phase.SPEAKING, "speaking"),
    ],
)
def test_state(listening: bool, phase: Phase, state: str) -> None:
    assert Conversation().listen(listening).reply(phase).state == state


def test_a_finished_reply_gives_the_floor_back_to_the_microphone() -> None:
    speaking = Conversation().listen(True).reply(Phase.SPEAKING)
    assert speaking.reply(Phase.NONE).state == "listening"
