"""The network between a page and its service, which a test may cut."""

from __future__ import annotations

from playwright.async_api import Page, Route, WebSocketRoute


class Wire:
    """Lines of either kind go through it. `cut` ends the one that is up and lets none up."""

    def __init__(self) -> None:
        self._is_cut = False
        self._open: WebSocketRoute | None = None

    async def cut(self) -> None:
        self._is_cut = True
        assert self._open is not None, "no line has come up yet"
        await self._open.close(code=1012)

    def mend(self) -> None:
        self._is_cut = False

    async def lead(self, socket: WebSocketRoute) -> None:
        if self._is_cut:
            await socket.close(code=1012)
        else:
            socket.connect_to_server()
            self._open = socket

    async def carry(self, route: Route) -> None:
        await (route.abort() if self._is_cut else route.continue_())


async def wire_of(page: Page) -> Wire:
    """For the pages that are loaded from now on."""
    wire = Wire()
    await page.route_web_socket("**/ws/*", wire.lead)
    await page.route("**/api/channel*", wire.carry)
    return wire
