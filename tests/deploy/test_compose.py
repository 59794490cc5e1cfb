"""The compose file: held against the specification, and every name in it against what it names."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from ipaddress import ip_address, ip_network
from typing import Any

import pytest
import uvicorn
import yaml
from compose_spec import PyCompose

from backend.config import ENV_PREFIX
from backend.serve import CLOSE_WITHIN_S
from tests.conftest import ROOT
from tests.deploy.settings_of import SettingsOf, env_file, settings_of

__all__ = ["settings_of"]

HOUSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = HOUSE["services"]
BACKENDS = ("backend-1", "backend-2")
OF_OURS = (*BACKENDS, "kiosk")


def mounts() -> Iterator[tuple[str, str, str]]:
    """Service, what is mounted, and where."""
    for name, service in SERVICES.items():
        for volume in service.get("volumes", ()):
            source, target = volume.split(":")[:2]
            yield name, source, target


def environment(name: str) -> dict[str, str]:
    """As compose hands it to a service, for nobody's `.env`."""
    given = SERVICES[name].get("environment", {})
    return {key: re.sub(r"\$\{\w+:-(.*?)\}", r"\1", value) for key, value in given.items()}


def test_the_specification_has_nothing_to_say() -> None:
    PyCompose.from_json(json.dumps(HOUSE))
    with pytest.raises(ValueError, match="readonly"):  # it does look
        PyCompose.from_json(json.dumps({"services": {"a": {"image": "b", "readonly": True}}}))


def test_everything_named_in_it_is_there() -> None:
    named = {source for _, source, _ in mounts()}
    paths = {source for source in named if source.startswith("./")}
    assert [path for path in paths if not (ROOT / path).exists()] == []
    assert named - paths == set(HOUSE["volumes"])
    for service in SERVICES.values():
        assert set(service.get("depends_on", ())) <= set(SERVICES)
        assert set(service["networks"]) <= set(HOUSE["networks"])


def test_the_documents_name_services_that_there_are() -> None:
    pages = "".join((ROOT / f"docs/{page}.md").read_text() for page in ("deploy", "operations"))
    named = re.findall(r"docker compose (?:exec|restart|logs --tail \d+) (\S+?)[ `]", pages)
    assert named and set(named) <= set(SERVICES)


def test_images_are_pinned_and_come_from_the_usual_place() -> None:
    others = {service["image"] for service in SERVICES.values()} - {"avatar-chat"}
    assert all(re.fullmatch(r"([a-z]+/)?[a-z]+:v?\d[\w.-]*", image) for image in others), others


def test_nothing_may_write_or_rise_where_it_need_not() -> None:
    for service in SERVICES.values():
        assert service["read_only"] and service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]


def test_only_the_front_door_is_open_to_the_network() -> None:
    published = {name: service.get("ports", []) for name, service in SERVICES.items()}
    outside = {
        name: [port for port in ports if not port.startswith("127.0.0.1:")]
        for name, ports in published.items()
    }
    assert {name: ports for name, ports in outside.items() if ports} == {
        "nginx": ["0.0.0.0:80:80", "0.0.0.0:443:443"]
    }
    listen = (ROOT / "nginx/listen.conf").read_text()
    inside = {port.rsplit(":", 1)[1] for port in published["nginx"]}
    assert inside == set(re.findall(r"listen (\d+)", listen))


def test_nginx_and_prometheus_know_the_backends_by_their_names(settings_of: SettingsOf) -> None:
    places = [f"{name}:{settings_of(environment(name)).server.port}" for name in BACKENDS]
    upstream = re.findall(r"^server (\S+)", (ROOT / "nginx/backends.conf").read_text(), re.M)
    prometheus = yaml.safe_load((ROOT / "monitoring/prometheus.yml").read_text())
    scraped = prometheus["scrape_configs"][0]["static_configs"][0]["targets"]
    assert upstream == scraped == places
    addresses = [SERVICES[name]["networks"]["house"]["ipv4_address"] for name in BACKENDS]
    hosts = [f"{name}:{address}" for name, address in zip(BACKENDS, addresses, strict=True)]
    assert SERVICES["nginx"]["extra_hosts"] == hosts


def test_what_env_says_goes_before_what_the_house_says() -> None:
    for name in BACKENDS:
        given = {k: v for k, v in SERVICES[name]["environment"].items() if k.startswith(ENV_PREFIX)}
        assert given and all(v.startswith(f"${{{k}:-") for k, v in given.items()), given


@pytest.mark.parametrize("name", OF_OURS)
def test_the_password_of_grafana_is_grafanas(name: str) -> None:
    assert SERVICES[name]["env_file"][0]["path"] == ".env"  # where the password stands
    assert environment(name)["GRAFANA_PASSWORD"] == ""


@pytest.mark.parametrize("name", BACKENDS)
def test_nginx_alone_is_believed_about_who_asks(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", environment(name)["FORWARDED_ALLOW_IPS"])
    door = SERVICES["nginx"]["networks"]["house"]["ipv4_address"]
    assert uvicorn.Config("backend.app").forwarded_allow_ips == door


def test_nobody_is_given_an_address_that_is_somebodys() -> None:
    (house,) = HOUSE["networks"]["house"]["ipam"]["config"]
    subnet, free = (ip_network(house[key]) for key in ("subnet", "ip_range"))
    fixed = [
        ip_address(service["networks"]["house"]["ipv4_address"])
        for service in SERVICES.values()
        if isinstance(service["networks"], dict)
    ]
    assert len(fixed) == 3 and free.subnet_of(subnet)
    assert all(address in subnet and address not in free for address in fixed)


def test_what_watches_finds_what_it_watches_with() -> None:
    prometheus = yaml.safe_load((ROOT / "monitoring/prometheus.yml").read_text())
    alertmanagers = prometheus["alerting"]["alertmanagers"][0]["static_configs"][0]["targets"]
    provisioning = ROOT / "monitoring/grafana/provisioning"
    source = yaml.safe_load((provisioning / "datasources/prometheus.yml").read_text())
    boards = yaml.safe_load((provisioning / "dashboards/avatar-chat.yml").read_text())
    assert alertmanagers == ["alertmanager:9093"]
    assert source["datasources"][0]["url"] == "http://prometheus:9090"
    grafana = {target for name, _, target in mounts() if name == "grafana"}
    assert {boards["providers"][0]["options"]["path"], "/etc/grafana/provisioning"} <= grafana


@pytest.mark.parametrize("name", OF_OURS)
def test_the_settings_of_a_backend_hold(settings_of: SettingsOf, name: str) -> None:
    settings = settings_of(environment(name))
    service = SERVICES[name]
    assert int(service["stop_grace_period"].removesuffix("s")) > (
        settings.session.leave_s + CLOSE_WITHIN_S
    )
    assert int(service["mem_limit"].removesuffix("g")) * 1024 > settings.session.memory_ceiling_mb
    if name in BACKENDS:
        assert settings.store.kind == "redis"
        assert settings.store.redis_url.get_secret_value().startswith("redis://redis:6379")


def test_the_sample_of_settings_names_options_and_holds_no_secret(settings_of: SettingsOf) -> None:
    sample = ROOT / "deploy/docker/env.example"
    given = env_file(sample, uncommented=True)
    house = given.pop("AVATAR_CHAT_CONFIG").rpartition("/")[0]  # is on no computer but a container
    for name in OF_OURS:
        assert (name, "./deploy/docker/house", house) in mounts()
    settings = settings_of(given)
    assert str(settings.llm.base_url).startswith("http://llm:") and "llm" in SERVICES
    assert env_file(sample) == {"GRAFANA_PASSWORD": ""}
    grafana = SERVICES["grafana"]["environment"]["GF_SECURITY_ADMIN_PASSWORD"]
    assert grafana.startswith("${GRAFANA_PASSWORD:?")


def test_profiles_are_what_nobody_gets_unasked() -> None:
    asked = {
        name: service["profiles"] for name, service in SERVICES.items() if "profiles" in service
    }
    assert asked == {"kiosk": ["kiosk"], "llm": ["llm"], "llm-model": ["llm"]}
