"""`deploy/kubernetes` as Kustomize builds it: against the schemas, and part against part."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from backend import metrics
from backend.serve import CLOSE_WITHIN_S
from tests.conftest import ROOT
from tests.deploy.front_door import same_user
from tests.deploy.settings_of import SettingsOf, env_file, settings_of

__all__ = ["settings_of"]

KUBERNETES = ROOT / "deploy/kubernetes"
EXAMPLE = "deploy/kubernetes/overlays/example"
VERSIONS = ("1.30", "1.37")
"""Oldest with all that is used here, newest that the schemas are at hand for."""

Resource = dict[str, Any]


@pytest.fixture(scope="module")
def resources(tmp_path_factory: pytest.TempPathFactory) -> list[Resource]:
    """What `kubectl apply -k` would send, the sample of secrets filled in."""
    if shutil.which("kubectl") is None:
        pytest.skip("kubectl is not installed")
    folder = tmp_path_factory.mktemp("checkout")
    for part in ("deploy/kubernetes", "nginx"):
        shutil.copytree(ROOT / part, folder / part)
    example = folder / EXAMPLE
    shutil.copy(example / "secrets.env.example", example / "secrets.env")
    built = subprocess.run(["kubectl", "kustomize", example], capture_output=True, text=True)
    assert built.returncode == 0 and not built.stderr, built.stderr
    return list(yaml.safe_load_all(built.stdout))


def one(resources: list[Resource], kind: str, name: str) -> Resource:
    (found,) = [r for r in resources if (r["kind"], _short(r)) == (kind, name)]
    return found


def _short(resource: Resource) -> str:
    """Without the hash that Kustomize gives to what it generates."""
    name: str = resource["metadata"]["name"]
    return name.rsplit("-", 1)[0] if resource["kind"] in ("ConfigMap", "Secret") else name


def pods(resources: list[Resource]) -> dict[str, Resource]:
    """Pod templates by the name of their deployment."""
    deployments = [r for r in resources if r["kind"] == "Deployment"]
    return {r["metadata"]["name"]: r["spec"]["template"] for r in deployments}


def container(resources: list[Resource], name: str) -> Resource:
    (only,) = pods(resources)[name]["spec"]["containers"]
    return dict(only)


@pytest.mark.parametrize("version", VERSIONS)
def test_the_schemas_have_nothing_to_say(resources: list[Resource], version: str) -> None:
    for resource in resources:
        kubernetes_validate.validate(resource, version, strict=True)


def test_selectors_find_the_pods_that_are_meant(resources: list[Resource]) -> None:
    labels = {name: pod["metadata"]["labels"] for name, pod in pods(resources).items()}
    meant = {"backends": "backend"}
    for resource in resources:
        spec = resource.get("spec", {})
        selector = spec.get("podSelector") or spec.get("selector")
        if selector:
            wanted = selector.get("matchLabels", selector)
            found = [name for name, have in labels.items() if wanted.items() <= have.items()]
            name = resource["metadata"]["name"]
            assert found == [meant.get(name, name)], resource["kind"]


def test_ports_are_named_alike_from_the_ingress_to_the_process(resources: list[Resource]) -> None:
    for name, workload in (("backends", "backend"), ("front-door", "front-door")):
        service = one(resources, "Service", name)
        ports = {
            port["name"]: port["containerPort"] for port in container(resources, workload)["ports"]
        }
        assert {port["targetPort"] for port in service["spec"]["ports"]} <= set(ports)
    (rule,) = one(resources, "Ingress", "front-door")["spec"]["rules"]
    target = rule["http"]["paths"][0]["backend"]["service"]
    assert target == {"name": "front-door", "port": {"name": "http"}}
    listen = (KUBERNETES / "base/listen.conf").read_text()
    (port,) = container(resources, "front-door")["ports"]
    assert re.findall(r"listen (\d+)", listen) == [str(port["containerPort"])]


def test_each_pod_is_a_place_of_its_own_to_the_front_door(resources: list[Resource]) -> None:
    """`hash` takes all addresses of one name for one place; only service records name each pod."""
    (server,) = re.findall(r"^server (.*);", (KUBERNETES / "base/backends.conf").read_text(), re.M)
    namespace = one(resources, "Namespace", "avatar-chat")["metadata"]["name"]
    service = one(resources, "Service", "backends")["spec"]
    (port,) = service["ports"]
    assert service["clusterIP"] == "None"
    name, *options = server.split()
    assert name == f"backends.{namespace}.svc.cluster.local"  # a port would forbid the records
    assert {f"service={port['name']}", "resolve", "weight=2"} <= set(options)


def test_the_settings_hold_and_suit_the_pod(
    resources: list[Resource], settings_of: SettingsOf
) -> None:
    env = {**one(resources, "ConfigMap", "settings")["data"]}
    sample = ROOT / EXAMPLE / "secrets.env.example"
    assert env_file(sample) == {}  # a secret that everybody knows is none
    settings = settings_of(env | env_file(sample, uncommented=True))
    assert settings.store.kind == "redis"
    redis = one(resources, "Service", "redis")["spec"]["ports"][0]["port"]
    assert settings.store.redis_url.get_secret_value() == f"redis://redis:{redis}/0"
    backend = container(resources, "backend")
    named = {next(iter(source.values()))["name"] for source in backend["envFrom"]}
    generated = {r["metadata"]["name"] for r in resources if r["kind"] in ("ConfigMap", "Secret")}
    assert named <= generated
    limit_gib = int(backend["resources"]["limits"]["memory"].removesuffix("Gi"))
    assert limit_gib * 1024 > settings.session.memory_ceiling_mb
    pause_s = backend["lifecycle"]["preStop"]["sleep"]["seconds"]
    grace_s = pods(resources)["backend"]["spec"]["terminationGracePeriodSeconds"]
    assert grace_s > pause_s + settings.session.leave_s + CLOSE_WITHIN_S


def test_the_service_believes_whom_the_front_door_believes(resources: list[Resource]) -> None:
    believed = one(resources, "ConfigMap", "settings")["data"]["FORWARDED_ALLOW_IPS"].split(",")
    listen = (KUBERNETES / "base/listen.conf").read_text()
    assert believed == re.findall(r"set_real_ip_from (\S+);", listen)


def test_the_ingress_lets_in_what_the_front_door_lets_in(resources: list[Resource]) -> None:
    annotations = one(resources, "Ingress", "front-door")["metadata"]["annotations"]
    (most,) = re.findall(r"client_max_body_size (\S+);", (ROOT / "nginx/nginx.conf").read_text())
    assert annotations["nginx.ingress.kubernetes.io/proxy-body-size"] == most


def test_pods_may_do_nothing_that_they_need_not(resources: list[Resource]) -> None:
    for name, pod in pods(resources).items():
        assert pod["spec"]["securityContext"]["runAsNonRoot"], name
        guarded = container(resources, name)["securityContext"]
        assert guarded == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }


def test_the_user_of_the_image_is_the_pods(resources: list[Resource]) -> None:
    context = pods(resources)["backend"]["spec"]["securityContext"]
    assert f"\nUSER {context['runAsUser']}\n" in (ROOT / "Dockerfile").read_text()


def test_the_autoscaler_goes_by_a_metric_that_there_is(
    resources: list[Resource], tmp_path: Path
) -> None:
    scaler = one(resources, "HorizontalPodAutoscaler", "backend")["spec"]
    (rule,) = yaml.safe_load((KUBERNETES / "prometheus-adapter.yaml").read_text())["rules"][
        "custom"
    ]
    assert scaler["metrics"][0]["pods"]["metric"]["name"] == rule["name"]["as"]
    assert scaler["scaleTargetRef"]["name"] in pods(resources)
    query = rule["metricsQuery"]
    assert metrics.SESSIONS._name in query and metrics.SESSIONS._name in rule["seriesQuery"]
    (states,) = re.findall(r'state=~"(.*?)"', query)
    assert all(f"`{state}`" in metrics.LABELS["state"] for state in states.split("|"))
    filled = query.replace("<<.GroupBy>>", "pod").replace("<<.LabelMatchers>>", 'namespace="a"')
    rules = tmp_path / "rules.yml"
    recorded = [{"record": rule["name"]["as"], "expr": filled}]
    rules.write_text(yaml.safe_dump({"groups": [{"name": "adapter", "rules": recorded}]}))
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed")
    subprocess.run([promtool, "check", "rules", rules], check=True, capture_output=True)


def test_nginx_takes_what_the_front_door_is_given(
    resources: list[Resource], tmp_path: Path
) -> None:
    """In two folders, as it is mounted; a backend's name is resolved only inside a cluster."""
    nginx = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
    if nginx is None:
        pytest.skip("nginx is not installed")
    files = one(resources, "ConfigMap", "front-door")["data"]
    here = {"backends.conf": "server 127.0.0.1:8000;"}
    for name, text in {**files, **here}.items():
        (tmp_path / name).write_text(text)
    cache = tmp_path / "cache"
    cache.mkdir()
    command = container(resources, "front-door")["command"]
    assert command[:2] == ["nginx", "-p"] and command[3:5] == ["-c", "/etc/avatar-chat/nginx.conf"]
    check = [nginx, "-t", "-p", cache, "-c", tmp_path / "nginx.conf", "-g", same_user()]
    found = subprocess.run(check, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
