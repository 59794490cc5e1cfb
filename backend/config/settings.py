"""The whole tree: where options are read from, and what is wrong with one, in words."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    YamlConfigSettingsSource,
)

from backend.config.kiosk import KioskSettings
from backend.config.section import ENV_PREFIX
from backend.config.service import (
    BreakerSettings,
    EngineSettings,
    LogSettings,
    ModelsSettings,
    MonitorSettings,
    ServerSettings,
    SessionSettings,
    StoreSettings,
    TimelineSettings,
    TracingSettings,
)
from backend.config.stages import (
    AsrSettings,
    AvatarSettings,
    BargeInSettings,
    EndOfTurnSettings,
    LlmSettings,
    TtsSettings,
    VadSettings,
)
from backend.errors import ConfigError

_YAML = "avatar-chat.yaml"
_YAML_OPTION = f"{ENV_PREFIX}CONFIG"


class Settings(BaseSettings):
    """The whole tree; see each section for its options."""

    model_config = SettingsConfigDict(
        env_prefix=ENV_PREFIX,
        env_nested_delimiter="__",
        env_file=".env",
        extra="ignore",  # a `.env` may hold other programs' names; ours are checked below
        frozen=True,
    )

    server: ServerSettings = ServerSettings()
    session: SessionSettings = SessionSettings()
    store: StoreSettings = StoreSettings()
    end_of_turn: EndOfTurnSettings = EndOfTurnSettings()
    barge_in: BargeInSettings = BargeInSettings()
    timeline: TimelineSettings = TimelineSettings()
    vad: VadSettings = VadSettings()
    asr: AsrSettings = AsrSettings()
    llm: LlmSettings = LlmSettings()
    tts: TtsSettings = TtsSettings()
    avatar: AvatarSettings = AvatarSettings()
    engine: EngineSettings = EngineSettings()
    breaker: BreakerSettings = BreakerSettings()
    kiosk: KioskSettings = KioskSettings()
    models: ModelsSettings = ModelsSettings()
    log: LogSettings = LogSettings()
    monitor: MonitorSettings = MonitorSettings()
    tracing: TracingSettings = TracingSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        yaml_settings = YamlConfigSettingsSource(settings_cls, yaml_file=_yaml_file())
        return init_settings, env_settings, dotenv_settings, yaml_settings


def load_settings(**overrides: Any) -> Settings:
    """Read every source once.

    Raises:
        ConfigError: names each wrong option, the value it has and what is allowed.
    """
    try:
        _refuse_unknown_names(os.environ)
        _refuse_unknown_names(DotEnvSettingsSource(Settings).env_vars)
        _refuse_unknown_sections(_yaml_file())
        return Settings(**overrides)
    except ValidationError as error:
        raise ConfigError("\n".join(_explain(item) for item in error.errors())) from error
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise ConfigError(f"The settings could not be read: {error}") from error


def _yaml_file() -> Path:
    """Raises ConfigError: one is named, and it is not there."""
    in_dotenv = DotEnvSettingsSource(Settings).env_vars.get(_YAML_OPTION.lower())
    named = os.environ.get(_YAML_OPTION, in_dotenv)
    if named and not Path(named).is_file():
        raise ConfigError(f"{_YAML_OPTION} = {named!r}: there is no such file.")
    return Path(named or _YAML)


def _refuse_unknown_names(names: Iterable[str]) -> None:
    known = {name.upper() for name in Settings.model_fields} | {"CONFIG"}
    for name in map(str.upper, names):
        if name.startswith(ENV_PREFIX):
            section = name.removeprefix(ENV_PREFIX).split("__")[0]
            if section not in known:
                raise ConfigError(
                    f"{name}: there is no such option. Sections are: {', '.join(sorted(known))}."
                )


def _refuse_unknown_sections(path: Path) -> None:
    if not path.is_file():
        return
    with path.open() as file:  # of a text it would quote what it cannot read, perhaps a secret
        told = yaml.safe_load(file)
    if not isinstance(told or {}, dict):
        raise ConfigError(f"{path}: it holds no sections, such as `llm:` with its options below.")
    for name in told or {}:
        if name not in Settings.model_fields:
            known = ", ".join(sorted(Settings.model_fields))
            raise ConfigError(f"{path}: there is no section {name!r}. There are: {known}.")


def _explain(item: Any) -> str:
    path = ".".join(str(part) for part in item["loc"])
    env = ENV_PREFIX + "__".join(str(part) for part in item["loc"]).upper()
    if item["type"] == "extra_forbidden":
        return f"{path} ({env}): there is no such option."
    field = _field(item["loc"])
    hint = f" {field.description}" if field and field.description else ""
    shown = "***" if _holds_secret(field.annotation if field else Settings) else repr(item["input"])
    return f"{path} ({env}) = {shown}: {item['msg']}.{hint}"


def _field(location: tuple[int | str, ...]) -> FieldInfo | None:
    """The innermost that has a name; what is inside a list or a table has none."""
    model: Any = Settings
    field = None
    for part in location:
        fields = getattr(model, "model_fields", {})
        if part not in fields:
            return field
        field = fields[part]
        model = field.annotation
    return field


def _holds_secret(annotation: Any) -> bool:
    """By its type, which may be a whole section's."""
    fields = getattr(annotation, "model_fields", {}).values()
    inner = (*get_args(annotation), *(field.annotation for field in fields))
    return annotation is SecretStr or any(map(_holds_secret, inner))
