"""What every section of the settings has in common. Options do not belong here."""

from __future__ import annotations

from pathlib import Path
from types import NoneType
from typing import get_args

from pydantic import BaseModel, ConfigDict, SecretStr, ValidationInfo, field_validator

ROOT = Path(__file__).resolve().parents[2]
ENV_PREFIX = "AVATAR_CHAT_"


class Section(BaseModel):
    """A branch of the tree. Unknown names are errors, so a typing slip cannot go unseen."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    @field_validator("*", mode="before")
    @classmethod
    def _blank_is_none(cls, value: object, info: ValidationInfo) -> object:
        """A variable that is set to nothing unsets what may be unset. A blank token, above all,
        must not open the door to whoever sends nothing."""
        assert info.field_name is not None
        words = value.get_secret_value() if isinstance(value, SecretStr) else value
        is_blank = isinstance(words, str) and not words.strip()
        may_be_unset = NoneType in get_args(cls.model_fields[info.field_name].annotation)
        return None if is_blank and may_be_unset else value
