"""Recognition models: which are known, where they live on this machine, how they are fetched.

`store` reads folders only; `download` talks to a hub.
"""

from backend.models_store.download import PullError, fetch, pull
from backend.models_store.store import find_whisper, known_models

__all__ = ["PullError", "fetch", "find_whisper", "known_models", "pull"]
