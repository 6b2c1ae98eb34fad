"""What has to be true of rows and objects when nothing is left to do, whatever happened before."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from app.jobs.stream import Stream, read_stream
from storage.disk_names import object_path
from tests.faults.house import House
from tests.faults.listening import Variant
from tests.service import ACCOUNT
from transforms.hls.names import Segment

ENDED = "SELECT count(*) = 0 FROM jobs WHERE status NOT IN ('Succeeded', 'Failed', 'Cancelled')"

RULES = {
    "nothing failed": "SELECT count(*) FROM jobs WHERE status <> 'Succeeded'",
    "every job is billed": "SELECT count(*) FROM jobs LEFT JOIN ledger ON job_id = id WHERE status = 'Succeeded' AND job_id IS NULL",
    "nothing else is billed": "SELECT count(*) FROM ledger LEFT JOIN jobs ON job_id = id WHERE status IS DISTINCT FROM 'Succeeded'",
    "nothing is billed twice": "SELECT count(*) - count(DISTINCT job_id) FROM ledger",
    "the same is billed the same": """SELECT count(*) FROM (SELECT split_part(canonical, 'version', 1) FROM ledger JOIN jobs ON job_id = id
        GROUP BY 1 HAVING count(DISTINCT (billed_units, quota_units)) > 1) AS unequal""",
    "ten seconds are added for what is heard at once": """SELECT count(*) FROM ledger JOIN jobs ON job_id = id
        WHERE jobs.format = 'hls-aac-rt' AND billed_units <> 28224000 *
            (SELECT sum(greatest(10, (r->>'samples')::numeric / (r->>'sample_rate_hz')::numeric) + 10)
            FROM json_array_elements(stream->'renditions') AS r)""",
    "one job for each variant": "SELECT count(*) - count(DISTINCT identity) FROM jobs",
    "what is served is the last owner's": """SELECT count(*) FROM jobs, json_array_elements(result->'artifacts') AS artifact
        WHERE artifact->>'key' NOT LIKE '%/!' || id || '/' || attempt || '/%'""",
    "what is heard is finished by the last owner": "SELECT count(*) FROM jobs WHERE (stream->>'attempt')::int <> attempt",
}
"""How many rows break a rule."""

PUBLISHED = """SELECT artifact->>'key' || ' ' || (artifact->>'size_bytes')
    FROM jobs, json_array_elements(result->'artifacts') AS artifact WHERE status = 'Succeeded'"""

STREAMS = """SELECT json_build_object('id', id, 'version', version, 'stream_bytes', result->'stream_bytes', 'stream', stream)
    FROM jobs WHERE status = 'Succeeded' AND stream IS NOT NULL"""

TAKEN_OVER = "SELECT count(*) FROM jobs WHERE format = 'hls-aac-rt' AND attempt > 1"


def broken_rules(house: House, told: set[str], heard: Iterable[Variant]) -> list[str]:
    """What is wrong, in words; `told`: ids of jobs that clients know; `heard`: what listeners have listened to."""
    broken = [f"{rule}: {count}" for rule, sql in RULES.items() if (count := house.sql(sql)) != "0"]
    lost = told - set(house.sql("SELECT id FROM jobs").split())
    return broken + [f"{job_id} is lost" for job_id in sorted(lost)] + _wrong_objects(house) + _wrong_streams(house, heard)


def _wrong_objects(house: House) -> list[str]:
    wrong = []
    for line in house.sql(PUBLISHED).splitlines():
        key, _, size_bytes = line.rpartition(" ")
        file = _object(house, key)
        if not file.exists() or file.stat().st_size != int(size_bytes):
            wrong.append(f"{key} is not there as it was published")
    return wrong


@dataclass(frozen=True, slots=True)
class _Streamed:
    """A finished HLS variant, by its row."""

    job_id: str
    stream: Stream
    stream_bytes: int

    def files(self, house: House) -> Mapping[str, Path]:
        """Its segments by the ends of their addresses, each where the row says that it lies."""
        numbers, stream = range(len(self.stream.renditions)), self.stream
        names = [(index, Segment(number, index).artifact) for number in numbers for index in range(stream.segments)]
        folder = f"artifacts/{ACCOUNT}/chirp.wav/!{self.job_id}"
        return {name: _object(house, f"{folder}/{stream.attempt_of(index)}{name}") for index, name in names}


def _wrong_streams(house: House, heard: Iterable[Variant]) -> list[str]:
    """Every segment of every variant that was listened to lies in the store with the bytes that were heard."""
    wrong = []
    rows = [json.loads(line) for line in house.sql(STREAMS).splitlines()]
    streams = {row["version"]: _Streamed(row["id"], _stream(row["stream"]), row["stream_bytes"]) for row in rows}
    for variant in heard:
        if (streamed := streams.get(variant.version)) is None:
            wrong.append(f"{variant.version} is lost")
            continue
        files = streamed.files(house)
        wrong += [f"{variant.version}: {name} is not there" for name, file in files.items() if not file.exists()]
        there = {name: file.read_bytes() for name, file in files.items() if file.exists()}
        if sum(map(len, there.values())) != streamed.stream_bytes:
            wrong.append(f"{variant.version} has not the size that its row says")
        for target, fingerprint in variant.heard.items():
            name = target[target.rindex("=") + 1 :]
            if sha256(there.get(name, b"")).digest() != fingerprint:
                wrong.append(f"{variant.version}: {name} is not what was heard")
    return wrong


def _stream(stored: object) -> Stream:
    stream = read_stream(stored)
    assert stream is not None
    return stream


def _object(house: House, key: str) -> Path:
    return house.objects.file(f"{house.prefix}/{object_path(Path(), key)}")
