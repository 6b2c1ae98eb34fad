"""The Helm chart: its values, what its templates refer to, and what its autoscalers go by. Rendered where helm is installed."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from tests.deploy.recipes import DEPLOY, check_query, check_schema, metrics, read_yaml, settings

CHART = DEPLOY / "helm" / "soundpath"
TEMPLATES = sorted((CHART / "templates").iterdir())
ACTION = re.compile(r"{{-?\s*(.*?)\s*-?}}", re.DOTALL)
OPENS = ("if", "range", "with", "define")

needs_helm = pytest.mark.skipif(shutil.which("helm") is None, reason="helm is not installed")


def values() -> dict[str, Any]:
    found: dict[str, Any] = read_yaml("helm/soundpath/values.yaml")
    return found


def actions() -> Iterator[tuple[str, str]]:
    """File and action, of every template."""
    return ((template.name, action) for template in TEMPLATES for action in ACTION.findall(template.read_text()))


def test_its_values_have_a_schema_that_they_meet() -> None:
    check_schema("--schemafile", str(CHART / "values.schema.json"), str(CHART / "values.yaml"))
    check_schema("--check-metaschema", str(CHART / "values.schema.json"))


def test_templates_use_values_that_exist_and_every_value_is_used() -> None:
    used = {path for _, action in actions() for path in re.findall(r"\.Values\.([\w.]+)", action)}
    for path in used:
        found: Any = values()
        for name in path.split("."):
            assert name in found, path
            found = found[name]

    def leaves(tree: dict[str, Any], above: str = "") -> Iterator[str]:
        for name, value in tree.items():
            whole = above + name in used or not isinstance(value, dict)
            yield from [above + name] if whole else leaves(value, f"{above}{name}.")

    assert set(leaves(values())) - used == set()


def test_what_is_included_is_defined() -> None:
    defined = {name for _, action in actions() for name in re.findall(r'define "([^"]+)"', action)}
    assert {name for _, action in actions() for name in re.findall(r'include "([^"]+)"', action)} == defined


def test_blocks_are_closed() -> None:
    for template in TEMPLATES:
        depth = 0
        for action in ACTION.findall(template.read_text()):
            depth += action.split()[0] in OPENS
            depth -= action == "end"
            assert depth >= 0, template.name
        assert depth == 0, template.name


def test_nodes_get_settings_that_exist() -> None:
    named = {name for template in TEMPLATES for name in re.findall(r"name: (SOUNDPATH_\w+)", template.read_text())}
    given = {f"SOUNDPATH_{name.upper()}" for name in values()["settings"]}
    assert named | given <= settings()
    assert not named & given, "what the chart decides cannot be set twice"


def test_autoscalers_go_by_metrics_that_exist() -> None:
    asked = {name for template in TEMPLATES for name in re.findall(r"name: (soundpath_\w+)", template.read_text())}
    assert asked == {"soundpath_requests_in_flight", "soundpath_queue_oldest_seconds"}
    assert asked <= set(metrics())
    adapter = read_yaml("helm/prometheus-adapter.yaml")["rules"]
    assert {rule["name"]["as"] for rules in adapter.values() for rule in rules} == asked
    for rules in adapter.values():
        for rule in rules:
            check_query(re.sub(r"\{.*\}", "", rule["seriesQuery"]))


def render(*options: str) -> list[dict[str, Any]]:
    command = ["helm", "template", "listen", str(CHART), *options]
    rendered = subprocess.run(command, capture_output=True, text=True)
    assert rendered.returncode == 0, rendered.stderr
    return [document for document in yaml.safe_load_all(rendered.stdout) if document]


@needs_helm
def test_helm_accepts_it() -> None:
    linted = subprocess.run(["helm", "lint", "--strict", str(CHART)], capture_output=True, text=True)
    assert linted.returncode == 0, linted.stdout + linted.stderr


@needs_helm
def test_what_is_rendered() -> None:
    found = {(document["kind"], document["metadata"]["name"]): document for document in render("--set", "ingress.enabled=true")}
    assert {kind for kind, _ in found} >= {"Deployment", "Service", "HorizontalPodAutoscaler", "Job", "ConfigMap", "Ingress"}
    for name, command in (("listen-web", ["serve"]), ("listen-work", ["work"])):
        pod = found["Deployment", name]["spec"]["template"]["spec"]
        (container,) = pod["containers"]
        assert container["args"] == command
        assert container["securityContext"]["readOnlyRootFilesystem"]
        assert pod["securityContext"]["runAsNonRoot"]
        assert container["readinessProbe"]["httpGet"]["path"] == "/readyz"
        assert "replicas" not in found["Deployment", name]["spec"], "the autoscaler's business"


@needs_helm
def test_wrong_values_are_refused() -> None:
    refused = subprocess.run(["helm", "template", str(CHART), "--set", "settings.store=disk"], capture_output=True, text=True)
    assert refused.returncode != 0
