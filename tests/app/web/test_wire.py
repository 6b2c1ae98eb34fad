"""Job JSON as clients see it, kept as golden files: a change of the wire shows as a diff. UPDATE_GOLDEN=1 rewrites them."""

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from app.jobs.job import ArtifactFile, Failure, Job, Keep, Priority, Result, Status
from app.web.wire import api_job, artifact_url, cdn_job
from transforms.spec import Format

GOLDEN = Path(__file__).parent / "golden"
BASE = "https://cdn.example/sound"

PENDING = Job(
    id="01H3211XMV1VH829RV697VE3WM",
    type="ProcessFileJob",
    account="W142hJk",
    path="/music/100% ü!.mp3",
    identity="0" * 64,
    format=Format.MP3,
    canonical="f=mp3&br=96&sr=48",
    query="f=mp3&append=%2Fx.mp3&v=2",
    version="2",
    keep=Keep.PERMANENT,
    priority=Priority.BACKGROUND,
    status=Status.PENDING,
    progress=0,
    attempt=0,
    owner=None,
    created_ms=1686916626075,
    updated_ms=1686916669389,
)
RUNNING = replace(PENDING, status=Status.RUNNING, progress=42, attempt=1, owner="a")
RESULT = Result("/audio.mp3", (ArtifactFile("/audio.mp3", "k", 10, "e"),), 28_224_000, 96)
SUCCEEDED = replace(RUNNING, status=Status.SUCCEEDED, progress=100, owner=None, result=RESULT)
FAILURE = Failure("unsupported_input", "The file has no audio track.", 1686916669000, final=True)
FAILED = replace(RUNNING, status=Status.FAILED, owner=None, failure=FAILURE)
RETRIED = replace(PENDING, attempt=1, failure=Failure("internal_error", "Something of ours failed.", 1686916669000, final=False))
CANCELLED = replace(RUNNING, status=Status.CANCELLED, owner=None)

JOBS = {
    "created": replace(PENDING, status=Status.CREATED),
    "pending": PENDING,
    "running": RUNNING,
    "retried": RETRIED,
    "succeeded": SUCCEEDED,
    "failed": FAILED,
    "cancelled": CANCELLED,
}


@pytest.mark.parametrize("form", [cdn_job, api_job])
@pytest.mark.parametrize("name", JOBS)
def test_golden(name: str, form: type) -> None:
    shown = json.dumps(form(JOBS[name], BASE), indent=2, ensure_ascii=False) + "\n"
    golden = GOLDEN / f"{form.__name__}_{name}.json"
    if os.environ.get("UPDATE_GOLDEN") == "1":
        golden.write_text(shown)
    assert golden.read_text() == shown


@pytest.mark.parametrize("status", list(Status))
def test_states(status: Status) -> None:
    """CONTRACT 4: what waits looks Running on the CDN, and only there."""
    job = replace(SUCCEEDED, status=status, failure=FAILURE)
    cdn, api = cdn_job(job, BASE), api_job(job, BASE)
    assert cdn["status"] == ("Running" if status in (Status.CREATED, Status.PENDING) else status)
    assert api["status"] == status
    assert ("error" in cdn) == (status is Status.FAILED)
    assert (api["error"] is not None) == (status is Status.FAILED)
    assert bool(cdn["summary"]) == bool(api["summary"]) == (status is Status.SUCCEEDED)


def test_the_contracts_example() -> None:
    job = replace(SUCCEEDED, path="/example.mp3", query="f=mp3")
    assert cdn_job(job, "https://upcdn.io") == {
        "jobUrl": "https://upcdn.io/v2/accounts/W142hJk/jobs/ProcessFileJob/01H3211XMV1VH829RV697VE3WM",
        "jobDocs": "https://upcdn.io/docs/job-api/GetJob",
        "jobId": "01H3211XMV1VH829RV697VE3WM",
        "jobType": "ProcessFileJob",
        "accountId": "W142hJk",
        "created": 1686916626075,
        "lastUpdated": 1686916669389,
        "status": "Succeeded",
        "summary": {
            "result": {
                "type": "Artifact",
                "artifact": "/audio.mp3",
                "artifactUrl": "https://upcdn.io/W142hJk/audio/example.mp3!f=mp3&a=/audio.mp3",
            }
        },
    }


def test_an_artifact_of_the_default_format() -> None:
    assert (
        artifact_url(replace(SUCCEEDED, path="/a.mp3", query=""), BASE, "/0f/seg 1.aac") == f"{BASE}/W142hJk/audio/a.mp3!a=/0f/seg%201.aac"
    )
