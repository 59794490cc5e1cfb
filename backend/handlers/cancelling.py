"""Cancellation that a stage's failed clean-up has hidden."""

from __future__ import annotations

import asyncio

import structlog

log = structlog.get_logger()


def raise_if_cancelled(error: Exception) -> None:
    """Nothing goes on in a cancelled task, whatever a stage made of its cancellation.

    The cancellation passes on in the error's place, or a task group would take it for a defect.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        log.warning("stage.cleanup_failed", exc_info=error)
        raise asyncio.CancelledError from error
