"""From the command to a green `/readyz`: without any compiled bytecode, and warm."""

from __future__ import annotations

import statistics
import tempfile
from typing import Any

from bench.service import running_service


def measure(warm_starts: int = 5) -> dict[str, Any]:
    """Seconds to listen and to be ready; resident memory when ready, in MiB."""
    with (
        tempfile.TemporaryDirectory() as empty_cache,
        running_service({"PYTHONPYCACHEPREFIX": empty_cache}) as service,
    ):
        first_ready_s = service.ready_s
    warm = []
    for _ in range(warm_starts):
        with running_service() as service:
            warm.append((service.listening_s, service.ready_s, service.resident_mb()))
    return {
        "first_start_ready_s": round(first_ready_s, 2),
        "warm_start_listening_s": round(statistics.median(run[0] for run in warm), 2),
        "warm_start_ready_s": round(statistics.median(run[1] for run in warm), 2),
        "idle_resident_mb": {role: round(size) for role, size in warm[-1][2].items()},
    }
