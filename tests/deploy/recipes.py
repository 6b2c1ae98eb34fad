"""Reading what lies in deploy/: files as values, and the names that they may use."""

import json
import re
import shutil
import subprocess
import sys
from typing import Any

import yaml

from app.settings import ENV_PREFIX, Settings
from tests.service import ROOT

DEPLOY = ROOT / "deploy"
AWS = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION"}
SCRAPE_LABELS = {"instance", "job", "role", "process", "le"}
"""Labels that Prometheus adds, and that every sample of ours has."""


def read(name: str) -> str:
    return (DEPLOY / name).read_text()


def read_yaml(name: str) -> Any:
    return yaml.safe_load(read(name))


def check_schema(*arguments: str) -> None:
    """JSON Schema, by the program that carries the schemas of others."""
    checked = subprocess.run([sys.executable, "-m", "check_jsonschema", *arguments], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def settings() -> set[str]:
    """Environment variables that the service knows."""
    return {ENV_PREFIX + name.upper() for name in Settings.model_fields} | AWS


def metrics() -> dict[str, set[str]]:
    """Documented name → labels; histograms also by the names of their series."""
    rows = re.findall(r"^\| `(\w+)` \| (\w+)[^|]* \| ([^|]+) \|", (ROOT / "docs" / "metrics.md").read_text(), re.MULTILINE)
    table: dict[str, set[str]] = {}
    for name, kind, labels in rows:
        suffixes = ("_bucket", "_sum", "_count") if kind == "histogram" else ("",)
        table |= {name + suffix: set(re.findall(r"`(\w+)`", labels)) for suffix in suffixes}
    return table


def check_query(query: str) -> None:
    """The metrics of a PromQL expression exist, and so do the labels it selects and groups by."""
    known = metrics()
    used = set(re.findall(r"\b(?:soundpath|process)_\w+", query))
    assert used - set(known) == set(), query
    assert used or "up{" in query, f"no metric of ours in {query}"
    allowed = SCRAPE_LABELS.union(*(known[name] for name in used))
    grouped = re.findall(r"\bby \(([^)]*)\)", query)
    selected = re.findall(r"(\w+)\s*(?:=~|!~|!=|=)\s*\"", query)
    named = {label.strip() for group in grouped for label in group.split(",")} | set(selected)
    assert named <= allowed, (query, named - allowed)


def promtool() -> str | None:
    return shutil.which("promtool")


def panels() -> list[dict[str, Any]]:
    """Panels of the dashboard that show something."""
    dashboard = json.loads(read("grafana/dashboards/soundpath.json"))
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]
