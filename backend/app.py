"""The composition root: the only module that knows every other.

`create_app(settings)` wires the house; the lifespan starts the engine, loads what is configured in
the background, and says through `Readiness` what is still missing.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import structlog
from fastapi import FastAPI
from fastapi.responses import RedirectResponse
from fastapi.staticfiles import StaticFiles

from backend import __version__, metrics
from backend.api import avatars, channel_routes, clips, history, kiosk, refused, rest, status, ws
from backend.api.service import Service
from backend.api.vitals import Vitals
from backend.autopull import keep_pulling
from backend.avatar.create.atelier import Atelier
from backend.config import Settings, StoreSettings
from backend.engine.local import LocalEngine
from backend.errors import AvatarChatError, AvatarNotCreated, wire_error
from backend.jobs import background, kept_up
from backend.memory import keep_giving_back
from backend.protocol import Providers
from backend.session.manager import SessionManager
from backend.session.session import Session
from backend.session.stages import StageFactory
from backend.session.store.base import SessionStore
from backend.session.store.keeper import RecordKeeper
from backend.session.store.memory import MemoryStore
from backend.session.timeline import open_timeline
from backend.tracing import open_tracer

LOAD_AGAIN_S = 10.0
"""Between two tries to load what could not be loaded."""

log = structlog.get_logger()


def create_app(settings: Settings, when_loaded: Callable[[], None] = lambda: None) -> FastAPI:
    """The whole service as one ASGI app. Nothing is started before its lifespan begins.

    when_loaded: called once, before the first visitor is let in.
    """
    engine = LocalEngine(settings.engine)
    factory = StageFactory(settings, engine)
    keeper = RecordKeeper(_store(settings.store))
    tracer = open_tracer(settings.tracing, __version__)
    manager = SessionManager(
        settings.session,
        lambda session_id: Session(
            session_id,
            settings,
            factory.build,
            on_change=manager.keep,
            timeline=open_timeline(
                settings, session_id, partial(tracer.trace, session_id, time.time())
            ),
        ),
        keeper,
    )
    service = Service(settings, engine, manager, keeper, Atelier(settings.avatar))
    vitals = Vitals(service, factory)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await asyncio.to_thread(service.atelier.sweep)
        async with background(
            _load(service, factory, when_loaded),
            kept_up(manager.watch),
            kept_up(keeper.run),
            kept_up(vitals.watch_loop),
            kept_up(vitals.watch_processes),
            kept_up(keep_giving_back),
            kept_up(factory.lip_watch.run),
            keep_pulling(settings),
        ):
            yield
            await service.atelier.cancel()
            await service.channels.close()
            await manager.close()
            await keeper.close()
            await asyncio.to_thread(tracer.close)
        await engine.close()

    app = FastAPI(
        title="Lightweight Avatar Chat",
        version=__version__,
        description="A face that answers. The conversation itself runs over `/ws/{session_id}`.",
        lifespan=lifespan,
        docs_url=None,  # both would load scripts from elsewhere; /openapi.json stays
        redoc_url=None,
    )
    app.state.service = service
    app.state.watched = status.Watched(service, factory, vitals)
    app.include_router(rest.router)
    app.include_router(status.router)
    app.include_router(history.router)
    app.include_router(ws.router)
    app.include_router(channel_routes.router)
    app.include_router(avatars.router)
    app.include_router(clips.router)
    app.include_router(kiosk.router)
    app.add_exception_handler(refused.Refused, refused.refusal)
    app.add_exception_handler(AvatarNotCreated, avatars.refusal)
    app.add_api_route("/monitor", lambda: RedirectResponse("/monitor/"), include_in_schema=False)
    _serve_page(app, "/monitor/", settings.monitor.page_dir)
    _serve_page(app, "/", settings.server.page_dir)
    return app


def _store(settings: StoreSettings) -> SessionStore:
    if settings.kind == "memory":
        return MemoryStore(settings.ttl_s)
    from backend.session.store.redis import RedisStore  # half a second, with all that it brings

    return RedisStore(settings)


async def _load(service: Service, factory: StageFactory, when_loaded: Callable[[], None]) -> None:
    """Load what is configured, once, so that the first visitor does not wait for it.

    What cannot be loaded is tried again: a file is put back, a machine gets over its own start.
    """
    started = time.monotonic()
    providers = await _try_to_load(service, factory)
    while providers is None:
        await asyncio.sleep(LOAD_AGAIN_S)
        providers = await _try_to_load(service, factory)
    service.providers = providers
    when_loaded()
    if service.manager.closed_for is None:  # else it leaves already
        service.readiness.pending.clear()
        metrics.READY.set(1)
    seconds = round(time.monotonic() - started, 2)
    log.info("service.ready", seconds=seconds, **providers.model_dump())


async def _try_to_load(service: Service, factory: StageFactory) -> Providers | None:
    """None where it failed; why is told once, until there is another reason."""
    pending = service.readiness.pending
    try:
        await service.engine.start()
        return await factory.warm_up()
    except Exception as error:
        code, reason, _ = wire_error(error)
        if pending.get("service") != reason:
            trace = None if isinstance(error, AvatarChatError) else error
            log.error("service.not_ready", code=code, reason=reason, exc_info=trace)
        if service.manager.closed_for is None:
            pending["service"] = reason
        return None


def _serve_page(app: FastAPI, path: str, page_dir: Path) -> None:
    if (page_dir / "index.html").is_file():
        app.mount(path, StaticFiles(directory=page_dir, html=True), name=f"page at {path}")
    else:
        app.add_api_route(path, lambda: rest.not_built(page_dir), include_in_schema=False)
