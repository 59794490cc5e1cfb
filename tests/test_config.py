"""Settings: where they come from, and what a wrong one says."""

from pathlib import Path

import pytest

from backend.config import load_settings
from backend.errors import ConfigError


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_environment_beats_dotenv_beats_yaml(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "avatar-chat.yaml").write_text(
        "server: {port: 1, max_text_chars: 1}\nllm: {model: y}"
    )
    (tmp_path / ".env").write_text(
        "AVATAR_CHAT_SERVER__PORT=2\nAVATAR_CHAT_SERVER__MAX_TEXT_CHARS=2\nUNRELATED=1\n"
    )
    monkeypatch.setenv("AVATAR_CHAT_SERVER__PORT", "3")
    settings = load_settings()
    assert (settings.server.port, settings.server.max_text_chars) == (3, 2)
    assert settings.llm.model == "y"


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("AVATAR_CHAT_SERVER__PORT", "99999", ["server.port", "99999", "65535"]),
        ("AVATAR_CHAT_ASR__CHAIN", '["siri"]', ["asr.chain", "siri", "whisper"]),
        ("AVATAR_CHAT_LOG__LEVEL", "loud", ["log.level", "loud", "debug"]),
        ("AVATAR_CHAT_LLM__MODEEL", "x", ["llm.modeel", "no such option"]),
        ("AVATAR_CHAT_SERVR__PORT", "1", ["AVATAR_CHAT_SERVR__PORT", "no such option", "SERVER"]),
        ("AVATAR_CHAT_TTS__CHAIN", "not json", ["tts"]),
    ],
)
def test_a_wrong_value_names_option_value_and_what_is_allowed(
    name: str, value: str, words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError) as caught:
        load_settings()
    for word in words:
        assert word in caught.value.message


@pytest.mark.parametrize("name", ["TOKEN", "ADMIN_TOKEN"])
@pytest.mark.parametrize("empty", ["", " "])
def test_a_token_that_is_set_to_nothing_is_not_set(
    name: str, empty: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"AVATAR_CHAT_SERVER__{name}", empty)
    assert getattr(load_settings().server, name.lower()) is None


def test_a_secret_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AVATAR_CHAT_LLM__API_KEY", "sk-hidden")
    assert "sk-hidden" not in repr(load_settings())


def test_every_option_is_documented() -> None:
    settings = load_settings()
    for section in type(settings).model_fields:
        for name, field in type(getattr(settings, section)).model_fields.items():
            assert field.description, name
