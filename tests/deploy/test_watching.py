"""Prometheus, its alerts and Grafana's dashboard: whatever they ask for exists under that name, with those labels."""

import json
import subprocess
from typing import Any

import pytest

from tests.deploy.recipes import DEPLOY, check_query, metrics, panels, promtool, read, read_yaml


@pytest.mark.parametrize("panel", panels(), ids=lambda panel: panel["title"])
def test_a_panel_asks_for_what_exists(panel: dict[str, Any]) -> None:
    for target in panel["targets"]:
        check_query(target["expr"])
        assert target["datasource"] == panel["datasource"]


def test_the_dashboard_is_whole() -> None:
    dashboard = json.loads(read("grafana/dashboards/soundpath.json"))
    shown = list(dashboard["panels"])
    assert len({panel["id"] for panel in shown}) == len(shown)
    places = [(p["gridPos"]["x"], p["gridPos"]["y"], p["gridPos"]["w"], p["gridPos"]["h"]) for p in shown]
    for number, (x, y, w, h) in enumerate(places):
        assert x >= 0
        assert x + w <= 24
        for other_x, other_y, other_w, other_h in places[:number]:
            assert x >= other_x + other_w or other_x >= x + w or y >= other_y + other_h or other_y >= y + h, shown[number]["title"]


def test_every_metric_of_ours_is_on_the_dashboard() -> None:
    asked = " ".join(target["expr"] for panel in panels() for target in panel["targets"])
    families = {
        name.removesuffix("_bucket") for name in metrics() if name.startswith("soundpath_") and not name.endswith(("_sum", "_count"))
    }
    assert {name for name in families if name not in asked} == set()


def test_grafana_finds_the_dashboard_and_prometheus() -> None:
    (source,) = read_yaml("grafana/provisioning/datasources/prometheus.yaml")["datasources"]
    (provider,) = read_yaml("grafana/provisioning/dashboards/soundpath.yaml")["providers"]
    grafana = read_yaml("compose/cluster.yaml")["services"]["grafana"]
    assert all(panel["datasource"]["uid"] == source["uid"] for panel in panels())
    assert source["url"] == "http://prometheus:9090"
    assert f"../grafana/dashboards:{provider['options']['path']}:ro" in grafana["volumes"]


def rules() -> list[dict[str, Any]]:
    return [rule for group in read_yaml("prometheus/alerts.yml")["groups"] for rule in group["rules"]]


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["alert"])
def test_an_alert_asks_for_what_exists_and_says_what_it_means(rule: dict[str, Any]) -> None:
    check_query(rule["expr"])
    assert rule["annotations"]["summary"].endswith(".")
    assert rule["labels"]["severity"] in {"page", "warn"}


def test_prometheus_asks_every_node_of_the_cluster() -> None:
    nodes = read_yaml("compose/cluster.yaml")["services"]
    (job,) = read_yaml("prometheus/prometheus.yml")["scrape_configs"]
    targets = {target for group in job["static_configs"] for target in group["targets"]}
    web = {f"{name}:8080" for name in nodes if name.startswith("web-")}
    work = {f"{name}:{nodes[name]['environment']['SOUNDPATH_METRICS_PORT']}" for name in nodes if name.startswith("work-")}
    assert targets == web | work


@pytest.mark.skipif(promtool() is None, reason="promtool is not installed (package prometheus)")
def test_promtool_accepts_the_configuration() -> None:
    checked = subprocess.run(
        [promtool() or "", "check", "config", str(DEPLOY / "prometheus" / "prometheus.yml")], capture_output=True, text=True
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
