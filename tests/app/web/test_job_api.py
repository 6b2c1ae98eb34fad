"""The Job API against a real queue."""

import json

from app.jobs.job import Job, Keep, NewJob, Priority, Status
from tests.app.web.conftest import ACCOUNT, Service
from transforms.spec import Format

API = f"/v2/accounts/{ACCOUNT}/jobs"


async def submit(service: Service, number: int = 0) -> Job:
    new = NewJob(ACCOUNT, f"/{number}.wav", f"{number:064d}", Format.MP3, "f=mp3", "f=mp3", None, Keep.PERMANENT, Priority.BACKGROUND)
    job, created = await service.doors.jobs.submit(new)
    assert created
    return job


async def test_a_job_under_both_names(service: Service) -> None:
    job = await submit(service)
    for name in ("ProcessFileJob", "ProcessAudioJob"):
        answer = await service.get(f"{API}/{name}/{job.id}")
        assert answer.status == 200
        assert answer.headers["Cache-Control"] == "no-store"
        shown = json.loads(answer.body)
        assert (shown["jobId"], shown["status"], shown["error"], shown["summary"], shown["progress"]) == (job.id, "Pending", None, {}, 0)
        assert shown["jobUrl"] == f"http://127.0.0.1:{service.port}{API}/ProcessFileJob/{job.id}"


async def test_what_is_not_there(service: Service) -> None:
    job = await submit(service)
    elsewhere = [f"{API}/ProcessFileJob/{'0' * 26}", f"{API}/ResetCacheJob/{job.id}"]
    for target in elsewhere:
        for method in ("GET", "DELETE"):
            answer = await service.get(target, method)
            assert (answer.status, json.loads(answer.body)["error"]["code"]) == (404, "job_not_found")
    still = await service.doors.jobs.get(ACCOUNT, job.id)
    assert still is not None
    assert still.status is Status.PENDING


async def test_cancel(service: Service) -> None:
    job = await submit(service)
    for _ in range(2):  # a second time changes nothing
        answer = await service.get(f"{API}/ProcessAudioJob/{job.id}", "DELETE")
        assert (answer.status, answer.body) == (204, b"")
    assert json.loads((await service.get(f"{API}/ProcessFileJob/{job.id}")).body)["status"] == "Cancelled"


async def test_the_ten_newest(service: Service) -> None:
    ids = [(await submit(service, number)).id for number in range(12)]
    for query in ("?jobType=ProcessFileJob", "?jobType=ProcessAudioJob", "?0=ProcessAudioJob&1=ResetCacheJob", ""):
        items = json.loads((await service.get(API + query)).body)["items"]
        assert [item["jobId"] for item in items] == ids[:1:-1]
    for query in ("?jobType=ResetCacheJob", "?0=ResetCacheJob"):
        assert json.loads((await service.get(API + query)).body) == {"items": []}


async def test_the_jobs_of_others_and_callers_without_a_key(service: Service) -> None:
    job = await submit(service)
    for target, method in ((API, "GET"), (f"{API}/ProcessFileJob/{job.id}", "GET"), (f"{API}/ProcessFileJob/{job.id}", "DELETE")):
        anonymous = await service.ask(target, method, {})
        assert (anonymous.status, json.loads(anonymous.body)["error"]["code"]) == (401, "unauthenticated")
        assert anonymous.headers["WWW-Authenticate"].startswith("Bearer")
        other = await service.get(target.replace(ACCOUNT, "A142hJk"), method)
        assert (other.status, json.loads(other.body)["error"]["code"]) == (403, "unauthorized")
    still = await service.doors.jobs.get(ACCOUNT, job.id)
    assert still is not None
    assert still.status is Status.PENDING
