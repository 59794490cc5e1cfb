"""Real nginx in front of two real backends and a real Redis."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import signal
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock, Thread
from typing import Any

import httpx
import pytest
import uvicorn
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from bench.service import Running, kept_port, running_service
from tests.conftest import ROOT
from tests.deploy.front_door import FrontDoor, front_door
from tests.integration.service_status import status, until
from tests.redis_server import redis_server
from tests.ws_client import WsClient


class House:
    """nginx, Redis, and backends that can be taken away and put back at their ports."""

    def __init__(self, env: dict[str, str], ports: Sequence[int]) -> None:
        self._env = env
        self.ports = ports
        self._stacks = [ExitStack(), ExitStack()]
        self._at_work = Lock()
        self.running: list[Running] = []
        self.door: FrontDoor

    def start(self, number: int) -> Running:
        with self._at_work:
            service = running_service(self._env, port=self.ports[number])
            running = self._stacks[number].enter_context(service)
            self.running[number : number + 1] = [running]
            return running

    def stopped(self, number: int, sign: signal.Signals) -> None:
        self.running[number].process.send_signal(sign)
        self.running[number].process.wait(40)

    def close(self) -> None:
        """Also of what a thread still starts, whose test has failed meanwhile."""
        with self._at_work, self._stacks[0], self._stacks[1]:
            pass

    def client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=self.door.https, verify=self.door.tls, timeout=20)

    async def serving(self, client: WsClient) -> int:
        """Number of the one backend that a client's line leads to."""
        session_id = client.ready["session_id"]
        lives = [(await status(f"127.0.0.1:{port}"))["live"] for port in self.ports]
        (number,) = [
            number
            for number, live in enumerate(lives)
            if any(one["session_id"] == session_id and one["attached"] for one in live)
        ]
        return number


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """For tests that leave it as it was."""
    with open_house(tmp_path_factory.mktemp("house"), {}) as house:
        yield house


@pytest.fixture
def own_house(tmp_path: Path) -> Iterator[House]:
    with open_house(tmp_path, {}) as house:
        yield house


@pytest.fixture
def a_port() -> Iterator[int]:
    with kept_port() as port:
        yield port


@contextmanager
def open_house(folder: Path, env: dict[str, str]) -> Iterator[House]:
    with redis_server(folder) as redis, kept_port() as one, kept_port() as other:
        store = {"AVATAR_CHAT_STORE__KIND": "redis", "AVATAR_CHAT_STORE__REDIS_URL": redis.url}
        house = House(store | env, (one, other))
        try:
            house.start(0)
            house.start(1)
            with front_door(folder / "nginx", house.ports) as house.door:
                yield house
        finally:
            house.close()


@asynccontextmanager
async def entered(
    house: House, session_id: str = "new", before: WsClient | None = None, **hello: Any
) -> AsyncIterator[WsClient]:
    url = f"{house.door.wss}/ws/{session_id}"
    async with connect(url, ssl=house.door.tls, max_size=None) as socket:
        client = WsClient(socket, follows=before)
        await client.send("hello", protocol=1, output="text", language="en", **hello)
        await client.until("session_ready")
        yield client


async def returned(house: House, client: WsClient) -> Any:
    """The client over a new line, as the page comes back."""
    ready = client.ready
    return entered(house, ready["session_id"], client, resume_token=ready["resume_token"])


def script_of(page: str) -> str:
    """The file that the page is made of, whose name tells its content."""
    found = re.search(r'src="\./(assets/[^"]+)"', page)
    assert found
    return found[1]


async def ask(client: WsClient, text: str) -> str:
    before = len(client.messages)  # of a client that asks for minutes there are tens of thousands
    await client.send("text", text=text)
    end = await client.until("turn_end", reason="completed")
    since = [m for m in client.messages[before:] if m["type"] == "sentence"]
    return " ".join(m["text"] for m in since if m["generation_id"] == end["generation_id"])


async def test_the_page_comes_over_tls_compressed_cached_and_guarded(house: House) -> None:
    async with house.client() as http:
        page = await http.get("/")
        assert page.status_code == 200 and page.headers["cache-control"] == "no-cache"
        assert "frame-ancestors" in page.headers["content-security-policy"]
        assert page.headers["x-content-type-options"] == "nosniff"
        script = script_of(page.text)
        asset = await http.get(f"/{script}", headers={"Accept-Encoding": "gzip"})
        assert asset.headers["content-encoding"] == "gzip"
        assert "immutable" in asset.headers["cache-control"]
        assert (await http.get("/api/avatars")).json()
        part = await http.get("/avatars/nora/idle.mp4", headers={"Range": "bytes=0-99"})
        assert part.status_code == 206 and len(part.content) == 100
        assert (await http.get("/readyz")).json()["ready"]
        monitor = await http.get(f"https://localhost:{house.door.monitor_port}/metrics")
        assert monitor.status_code == 200  # loopback is an operator's place


async def test_the_monitor_page_has_a_port_of_its_own(house: House) -> None:
    async with house.client() as http:
        own = f"https://localhost:{house.door.monitor_port}"
        page = await http.get(own, follow_redirects=True)
        assert page.url.path == "/monitor/" and "Monitor" in page.text
        script = script_of(page.text)
        asset = await http.get(f"{own}/monitor/{script}")
        assert asset.status_code == 200 and "immutable" in asset.headers["cache-control"]
        status = await http.get(f"{own}/api/status")
        assert status.json()["live"] is None  # a proxy's visitor is asked for the token


async def test_only_operators_get_to_the_monitor_page(own_house: House) -> None:
    """Whoever does not come from an address of operators.conf."""
    own = f"https://localhost:{own_house.door.monitor_port}"
    watched = (
        f"{own}/",
        f"{own}/monitor/",
        f"{own}/health",
        "/monitor/",
        "/api/status",
        "/metrics",
    )
    (own_house.door.folder / "operators.conf").write_text("deny all;\n")
    own_house.door.reload()
    async with asyncio.timeout(30), own_house.client() as http:
        http.headers["Connection"] = "close"
        for path in watched:  # workers from before the reload answer for a moment
            while (await http.get(path, follow_redirects=True)).status_code != 403:
                pass
        assert (await http.get("/")).status_code == 200


async def test_a_new_session_gets_its_id_at_the_door_and_sticks_to_its_backend(
    house: House,
) -> None:
    clients = []
    for _ in range(6):
        async with entered(house) as client:
            before = await house.serving(client)
            clients.append(client)
        async with await returned(house, client) as back:
            assert back.ready["resumed"]
            assert await house.serving(back) == before
    assert len({client.ready["session_id"] for client in clients}) == 6


def test_the_door_lets_go_of_an_idle_line_before_the_backend_does() -> None:
    upstream = (ROOT / "nginx/nginx.conf").read_text().partition("upstream backends {")[2]
    (idle_s,) = re.findall(r"keepalive_timeout (\d+)s;", upstream)
    assert int(idle_s) < uvicorn.Config("backend.app").timeout_keep_alive


async def test_a_place_is_found_while_there_is_one_and_full_is_not_broken(tmp_path: Path) -> None:
    with open_house(tmp_path, {"AVATAR_CHAT_SESSION__LIMIT": "1"}) as house:
        async with house.client() as http:
            ours = await _started_at(http)
            (port,) = [
                p for p in house.ports if (await status(f"127.0.0.1:{p}"))["started_at"] == ours
            ]
            async with connect(f"ws://127.0.0.1:{port}/ws/new", max_size=None) as socket:
                client = WsClient(socket)
                await client.send("hello", protocol=1, output="text", language="en")
                await client.until("session_ready")
                for _ in range(6):  # where our address leads there is no place now
                    created = await http.post("/api/session/create")
                    assert created.status_code == 201
                    assert created.json()["ws_url"].startswith(f"{house.door.wss}/ws/")
                assert await _started_at(http) == ours
                # Each new line may lead to either, as the page counts on.
                greetings = [await _first_word(house) for _ in range(20)]
                assert set(greetings) == {"session_ready", "error"}


async def _first_word(house: House) -> str:
    """To whoever is new; they stay for no longer."""
    async with connect(f"{house.door.wss}/ws/new", ssl=house.door.tls, max_size=None) as socket:
        await socket.send(json.dumps({"type": "hello", "protocol": 1, "output": "text"}))
        word: str = json.loads(await socket.recv())["type"]
        if word == "session_ready":
            await socket.send(json.dumps({"type": "goodbye"}))
        await socket.wait_closed()
        return word


async def _started_at(http: httpx.AsyncClient) -> str:
    """Of the backend that this address leads to."""
    started_at: str = (await http.get("/api/status")).json()["started_at"]
    return started_at


async def test_a_door_in_a_cluster_says_what_its_ingress_says(
    own_house: House, a_port: int
) -> None:
    listen = own_house.door.folder / "listen.conf"
    cluster = (ROOT / "deploy/kubernetes/base/listen.conf").read_text()
    inside = cluster.replace("listen 8080", f"listen 127.0.0.1:{a_port}")
    listen.write_text(listen.read_text() + inside)
    own_house.door.reload()
    behind = f"http://127.0.0.1:{a_port}"
    async with asyncio.timeout(30), own_house.client() as http:
        while not await _answers(http, f"{behind}/front-door"):
            pass
        assert await _ws_scheme(http, behind, "https") == "wss"
        assert await _ws_scheme(http, behind, "http") == "ws"
        assert await _ws_scheme(http, behind, "https, http") == "ws"
        assert await _ws_scheme(http, own_house.door.https, "http") == "wss"


async def _ws_scheme(http: httpx.AsyncClient, door: str, forwarded: str) -> str:
    """Of the address that whoever comes over `forwarded` is told to connect to."""
    headers = {"X-Forwarded-Proto": forwarded}
    created = await http.post(f"{door}/api/session/create", headers=headers)
    scheme: str = created.json()["ws_url"].partition("://")[0]
    return scheme


async def _answers(http: httpx.AsyncClient, url: str) -> bool:
    try:
        return (await http.get(url)).is_success
    except httpx.ConnectError:
        return False


async def test_two_versions_side_by_side_give_whole_pages(tmp_path: Path) -> None:
    """While backends are renewed, a page comes from one and asks another for its parts."""
    versions = [tmp_path / name for name in ("old", "new")]
    parts = [(version, f"assets/part-{version.name}.js") for version in versions]
    for version, part in parts:
        (version / part).parent.mkdir(parents=True)
        (version / part).write_text(version.name)
    with ExitStack() as stack:
        ports = [stack.enter_context(_files(version)) for version in versions]
        door = stack.enter_context(front_door(tmp_path / "nginx", ports))
        async with httpx.AsyncClient(base_url=door.https, verify=door.tls) as http:
            for version, part in parts:
                for number in range(8):
                    past_the_cache = f"/{part}?{number}"
                    assert (await http.get(past_the_cache)).text == version.name
            assert (await http.get("/assets/nobodys.js")).status_code == 404


@contextmanager
def _files(folder: Path) -> Iterator[int]:
    """The port of a server of the files in a folder."""
    handler = partial(SimpleHTTPRequestHandler, directory=folder)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


async def test_what_opens_a_line_is_not_in_the_log(house: House) -> None:
    """Who knows the name of a channel is its client."""
    async with house.client() as http:
        opened = (await http.post("/api/channel", json={})).json()
        assert (await http.delete(f"/api/channel/{opened['channel']}")).status_code == 204
        await http.get("/health")  # on one connection, so the line before it is written
    log = (house.door.folder / "log").read_text()
    assert "DELETE /api/channel/" in log and opened["channel"] not in log


async def test_a_face_that_was_deleted_is_soon_gone_from_the_door(tmp_path: Path) -> None:
    avatars = tmp_path / "avatars"
    for name in ("nora", "pip"):
        shutil.copytree(ROOT / "avatars" / name, avatars / name)
    with open_house(tmp_path, {"AVATAR_CHAT_AVATAR__DIR": str(avatars)}) as house:
        async with asyncio.timeout(30), house.client() as http:
            seen = await http.get("/avatars/pip/poster.jpg")
            assert seen.status_code == 200 and seen.headers["cache-control"] == "no-cache"
            known = {"If-None-Match": seen.headers["etag"]}
            again = await http.get("/avatars/pip/poster.jpg", headers=known)
            assert again.status_code == 304
            shutil.rmtree(avatars / "pip")
            while (await http.get("/avatars/pip/poster.jpg")).status_code != 404:
                pass


async def test_the_other_backend_goes_on_when_one_is_killed(own_house: House) -> None:
    async with entered(own_house) as client:
        await ask(client, "My name is Ada.")
        killed = await own_house.serving(client)
        await until(
            f"127.0.0.1:{own_house.ports[killed]}", lambda answer: not answer["store"]["waiting"]
        )
        own_house.stopped(killed, signal.SIGKILL)
        with pytest.raises(ConnectionClosed):
            while True:
                await client.next()
    async with await returned(own_house, client) as back:
        assert back.ready["resumed"] and len(back.ready["history"]) == 2
        assert "Ada" in await ask(back, "What is my name?")


async def test_a_reload_leaves_every_socket_alone(house: House) -> None:
    async with entered(house) as client:
        house.door.reload()
        assert "84" in await ask(client, "What is 12 times 7?")
        async with entered(house) as another:
            await ask(another, "Hello!")


@pytest.mark.timeout(300)  # four starts, and two departures
async def test_a_rolling_restart_under_load_loses_no_reply(own_house: House) -> None:
    everybody_talks, done = asyncio.Barrier(5), asyncio.Event()
    async with asyncio.TaskGroup() as group:
        visits = [group.create_task(_visit(own_house, everybody_talks, done)) for _ in range(4)]
        await everybody_talks.wait()
        for number in (0, 1):
            await asyncio.to_thread(own_house.stopped, number, signal.SIGTERM)
            await asyncio.to_thread(own_house.start, number)
        done.set()
    answered = [await visit for visit in visits]
    assert all(count >= 2 for count, _ in answered)
    assert all(lines >= 2 for _, lines in answered)  # whoever was there had to move


async def _visit(
    house: House, everybody_talks: asyncio.Barrier, done: asyncio.Event
) -> tuple[int, int]:
    """Ask and ask, and come back when sent on; how many answers came, over how many lines."""
    answers = lines = 0
    async with entered(house) as client:
        pass
    while not done.is_set():
        try:
            async with await returned(house, client) as line:
                assert line.ready["resumed"]
                client = line
                lines += 1
                while not done.is_set():
                    assert str(answers * 7) in await ask(line, f"What is {answers} times 7?")
                    answers += 1
                    if answers == 1:
                        await everybody_talks.wait()
                    if answers % 20 == 0:
                        await asyncio.sleep(0.5)  # people draw breath; they are sent on then
        except ConnectionClosed as closed:
            assert closed.rcvd is not None and closed.rcvd.code == 1012
            assert not _is_unanswered(client)
        except InvalidStatus as refused:  # both doors shut for a moment; the page comes again too
            assert refused.response.status_code in (502, 503)
            await asyncio.sleep(0.3)
    return answers, lines


def _is_unanswered(client: WsClient) -> bool:
    """A question was taken, and its reply did not come to its end."""
    begun = {m["generation_id"] for m in client.of("text_chunk")}
    return bool(begun - {m["generation_id"] for m in client.of("turn_end")})
