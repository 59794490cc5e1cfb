"""The page of a lobby screen is told how to be."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from backend.config import load_settings
from backend.errors import ConfigError
from tests.conftest import Serve


async def test_settings_reach_the_page(serve: Serve, tmp_path: Path) -> None:
    image = tmp_path / "wall.png"
    image.write_bytes(b"\x89PNG not really")
    kiosk = {
        "languages": ["zh"],
        "hours": ["Mon-Fri 08:00-18:00"],
        "background": str(image),
        "logo": str(image),
        "restart_at": "03:30",
        "silence_s": 5,
    }
    async with serve(wait=False, kiosk=kiosk) as base, httpx.AsyncClient(timeout=60) as http:
        told = (await http.get(f"http://{base}/api/kiosk")).json()
        assert told["languages"] == ["zh"] and told["greetings"]["zh"]
        assert len(told["open_week"]) == 5 and told["open_week"][0] == [480, 1080]
        assert (told["silence_ms"], told["restart_minute"]) == (5000, 210)
        assert told["background"] is None
        for url in (told["background_url"], told["logo_url"]):
            served = await http.get(f"http://{base}{url}")
            assert served.content == image.read_bytes()
            assert served.headers["content-type"] == "image/png"


async def test_nothing_else_is_served(serve: Serve) -> None:
    async with serve(wait=False) as base, httpx.AsyncClient(timeout=60) as http:
        told = (await http.get(f"http://{base}/api/kiosk")).json()
        assert told["background"] == "studio" and told["open_week"] == []
        assert told["background_url"] is told["logo_url"] is None
        for name in ("background", "logo"):
            assert (await http.get(f"http://{base}/api/kiosk/{name}")).status_code == 404


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"hours": ["Montag 8-18"]}, "not of the form"),
        ({"restart_at": "4 am"}, "no time of day"),
        ({"background": "/nowhere.png"}, "no such file"),
        ({"languages": ["en"], "greetings": {"zh": "您好"}}, "greeting"),
    ],
)
def test_wrong_settings_are_refused(wrong: dict[str, object], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        load_settings(kiosk=wrong)
