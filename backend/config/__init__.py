"""One Settings tree. Every option is typed, documented and carries its unit in its name.

Sources, strongest first: arguments, environment (`AVATAR_CHAT_LLM__BASE_URL=…`), `.env`,
`avatar-chat.yaml` (or the file that `AVATAR_CHAT_CONFIG` names), the defaults below.
"""

from backend.config.kiosk import KIOSK_BACKGROUNDS, KioskSettings
from backend.config.section import ENV_PREFIX, ROOT, Section
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
from backend.config.settings import Settings, load_settings
from backend.config.stages import (
    AsrSettings,
    AvatarSettings,
    BargeInSettings,
    EndOfTurnSettings,
    LlmSettings,
    TtsSettings,
    VadSettings,
)

__all__ = [
    "ENV_PREFIX",
    "KIOSK_BACKGROUNDS",
    "ROOT",
    "AsrSettings",
    "AvatarSettings",
    "BargeInSettings",
    "BreakerSettings",
    "EndOfTurnSettings",
    "EngineSettings",
    "KioskSettings",
    "LlmSettings",
    "LogSettings",
    "ModelsSettings",
    "MonitorSettings",
    "Section",
    "ServerSettings",
    "SessionSettings",
    "Settings",
    "StoreSettings",
    "TimelineSettings",
    "TracingSettings",
    "TtsSettings",
    "VadSettings",
    "load_settings",
]
