"""Settings: where they come from, and what a wrong one says."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from backend.config import ServerSettings, load_settings
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
        ("AVATAR_CHAT_STORE__REDIS_URL", "redis:6379", ["store.redis_url", "redis://"]),
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


@pytest.mark.parametrize(
    ("file", "words", "named"),
    [
        (".env", "AVATAR_CHAT_SERVER_TOKEN=x", "AVATAR_CHAT_SERVER_TOKEN"),  # one underscore
        (".env", "AVATAR_CHAT_LLM__MODEEL=x", "llm.modeel"),
        ("avatar-chat.yaml", "kiosks: {keyboard: true}", "kiosks"),
        ("avatar-chat.yaml", "kiosk: {keybord: true}", "kiosk.keybord"),
        ("avatar-chat.yaml", "kiosk:\n\tkeyboard: true", "avatar-chat.yaml"),
        ("avatar-chat.yaml", "- kiosk", "avatar-chat.yaml"),
    ],
)
def test_a_slip_in_a_file_is_told(file: str, words: str, named: str, tmp_path: Path) -> None:
    (tmp_path / file).write_text(words)
    with pytest.raises(ConfigError) as caught:
        load_settings()
    assert named in caught.value.message


def test_a_file_that_is_named_must_be_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AVATAR_CHAT_CONFIG", "elsewhere.yaml")
    with pytest.raises(ConfigError, match=r"elsewhere\.yaml"):
        load_settings()
    monkeypatch.setenv("AVATAR_CHAT_CONFIG", "")
    load_settings()


def test_the_file_may_be_named_in_dotenv(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("AVATAR_CHAT_CONFIG=mine.yaml")
    (tmp_path / "mine.yaml").write_text("llm: {model: mine}")
    assert load_settings().llm.model == "mine"


@pytest.mark.parametrize(
    ("section", "name"),
    [
        ("server", "token"),
        ("server", "admin_token"),
        ("timeline", "dir"),
        ("llm", "base_url"),
        ("llm", "api_key"),
        ("avatar", "drawn_by"),
        ("avatar", "cache_dir"),
        ("kiosk", "logo"),
        ("models", "mirror"),
        ("monitor", "prometheus_url"),
        ("tracing", "otlp_endpoint"),
    ],
)
@pytest.mark.parametrize("blank", ["", " "])
def test_an_option_that_is_set_to_nothing_is_not_set(
    section: str, name: str, blank: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"AVATAR_CHAT_{section}__{name}".upper(), blank)
    assert getattr(getattr(load_settings(), section), name) is None


def test_a_blank_secret_of_a_program_is_not_set_either() -> None:
    assert ServerSettings(token=SecretStr(" "), admin_token=SecretStr("x")) == ServerSettings(
        admin_token=SecretStr("x")
    )


def test_nothing_is_a_value_where_an_option_must_have_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AVATAR_CHAT_AVATAR__DEFAULT", "")
    monkeypatch.setenv("AVATAR_CHAT_KIOSK__RESTART_AT", "")
    settings = load_settings()
    assert (settings.avatar.default, settings.kiosk.restart_at) == ("", "")
    monkeypatch.setenv("AVATAR_CHAT_SERVER__PORT", "")
    with pytest.raises(ConfigError, match=r"server\.port"):
        load_settings()


def test_a_secret_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AVATAR_CHAT_LLM__API_KEY", "sk-hidden")
    assert "sk-hidden" not in repr(load_settings())


@pytest.mark.parametrize(
    "wrong",
    [
        "server: {token: [wrong-value]}",
        "server: {admin_token: {wrong-value: 1}}",
        "store: {redis_url: [wrong-value]}",
        "llm: {api_key: [wrong-value]}",
        "llm: wrong-value",  # a secret that slipped out of its option
    ],
)
def test_an_error_hides_what_may_be_secret(wrong: str, tmp_path: Path) -> None:
    (tmp_path / "avatar-chat.yaml").write_text(wrong)
    with pytest.raises(ConfigError, match=r"= \*\*\*: ") as caught:
        load_settings()
    assert "wrong-value" not in caught.value.message


@pytest.mark.parametrize(
    "wrong",
    [
        "kiosk: {keyboard: wrong-value}",
        "store: {key_prefix: [wrong-value]}",
        "llm: {max_tokens: wrong-value}",
        "llm: {first_token_timeout_s: wrong-value}",
        "kiosk: wrong-value",
    ],
)
def test_an_error_shows_what_only_sounds_secret(wrong: str, tmp_path: Path) -> None:
    (tmp_path / "avatar-chat.yaml").write_text(wrong)
    with pytest.raises(ConfigError, match="wrong-value"):
        load_settings()


def test_every_option_is_documented() -> None:
    settings = load_settings()
    for section in type(settings).model_fields:
        for name, field in type(getattr(settings, section)).model_fields.items():
            assert field.description, name
