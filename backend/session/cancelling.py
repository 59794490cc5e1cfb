"""Cancellation that a stage's failed clean-up has hidden."""

from __future__ import annotations

import asyncio


def raise_if_cancelled(error: Exception) -> None:
    """Nothing goes on in a cancelled task, whatever a stage made of its cancellation."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise error
