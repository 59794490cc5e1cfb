"""`/api/status`: one JSON for a page that watches the service, and for a kiosk that shows it.

Everybody may see how the service is; who talks, and what is logged, only who may watch.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field

from backend.api import report
from backend.api.refused import Refused
from backend.api.rest import Ready, readiness
from backend.api.service import Service
from backend.api.vitals import Vitals
from backend.api.watching import may_watch, require_watching
from backend.handlers.health import ProviderHealth
from backend.logs import recent_lines, without_library_words
from backend.protocol import Providers
from backend.session.stages import StageFactory
from backend.session.store.keeper import StoreHealth

router = APIRouter()

MOST_TROUBLES = 20
_TROUBLE = ("warning", "error", "critical")


class Status(BaseModel):
    version: str
    started_at: datetime
    ready: Ready
    providers: Providers | None = Field(description="what really runs now; null until it is known")
    model: str = Field(description="name of the language model that answers")
    sessions: dict[str, int]
    capacity: report.Capacity
    latency: list[report.Latency]
    counts: report.Counts
    chains: dict[str, tuple[str, ...]] = Field(
        description="providers by component, as configured, best first"
    )
    tried: list[ProviderHealth] = Field(description="providers that sessions have tried")
    models: list[report.Model] = Field(description="what is loaded once for all sessions")
    store: StoreHealth
    engine: dict[str, Any]
    live: list[report.Live] | None = Field(description="null for who may not watch")
    troubles: list[dict[str, Any]] | None = Field(
        description="the last warnings and errors of the log; null for who may not watch"
    )


class Lines(BaseModel):
    newest: int = Field(description="ask with `after=` this number for what comes next")
    lines: list[dict[str, Any]]


class Watched:
    """What the routes look at."""

    def __init__(self, service: Service, factory: StageFactory, vitals: Vitals) -> None:
        self.service = service
        self.factory = factory
        self.vitals = vitals
        self.started_at = datetime.now(UTC)

    @property
    def providers(self) -> Providers | None:
        """What a conversation meets now: since the start one may have failed, or come."""
        at_start = self.service.providers
        if at_start is None:
            return None
        up = {(one.component, one.provider) for one in self.factory.health() if one.is_up}
        now = {
            component: next((name for name in chain if (component, name) in up), None)
            for component, chain in self.factory.chains().items()
        }
        return at_start.model_copy(update={name: one for name, one in now.items() if one})


def watched_of(request: Request) -> Watched:
    watched: Watched = request.app.state.watched
    return watched


@router.get("/api/status")
async def status(request: Request) -> Status:
    """How the service is, now and over the last minutes."""
    watched = watched_of(request)
    service, manager = watched.service, watched.service.manager
    states, limit = manager.states(), service.settings.session.limit
    providers = watched.providers
    runs = providers.llm if providers else ""
    engine = service.engine.status()
    is_watcher = may_watch(request, service.settings)
    return Status(
        version=service.version,
        started_at=watched.started_at,
        ready=readiness(service),
        providers=providers,
        model=service.settings.llm.model if runs == "openai" else runs,
        sessions={
            "active": states.total(),
            "attached": manager.attached,
            "detached": manager.detached,
            "limit": limit,
            **states,
        },
        capacity=report.capacity(limit, manager.attached, engine, watched.vitals.busy_ratio),
        latency=report.latencies(),
        counts=report.counts(),
        chains=watched.factory.chains(),
        tried=watched.factory.health(),
        models=[
            report.Model(component=component, name=name)
            for component, name in watched.factory.models()
        ],
        store=service.keeper.health(),
        engine=engine,
        live=[report.live(seat) for seat in manager.seats()] if is_watcher else None,
        troubles=troubles() if is_watcher else None,
    )


@router.get("/api/status/sessions/{session_id}")
async def session_turns(request: Request, session_id: str) -> list[report.Turn]:
    """The last replies of a live session that are over, oldest first: when each stage worked."""
    service = watched_of(request).service
    require_watching(request, service.settings)
    for seat in service.manager.seats():
        if seat.session.id == session_id:
            return report.turns(seat.session)
    raise Refused(404, "There is no such session now. See `live` in /api/status.")


@router.get("/api/status/log")
async def log_lines(
    request: Request,
    after: Annotated[int, Query(ge=0, description="number of the last line you have")] = 0,
) -> Lines:
    """The newest lines of the log, oldest first."""
    require_watching(request, watched_of(request).service.settings)
    lines = recent_lines.after(after)
    return Lines(newest=lines[-1]["number"] if lines else after, lines=lines)


def troubles() -> list[dict[str, Any]]:
    """The newest warnings and errors, oldest first."""
    lines = [line for line in recent_lines.after(0) if line.get("level") in _TROUBLE]
    return [without_library_words(line) for line in lines[-MOST_TROUBLES:]]
