"""Every metric of the service, by name: what is counted as it happens, and what is looked up when somebody asks (`app.vitals`).

docs/metrics.md lists the same names. Nothing here costs a cache hit more than a few µs: labelled children are looked up once and kept,
and what a hit alone touches are plain integers (`Tally`). One event loop counts, so nothing needs a lock of ours.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from app.jobs.job import Result, Status
from app.metering import UNITS_PER_SECOND, Charge
from transforms.spec import Format

REGISTRY: Final = CollectorRegistry()
ProcessCollector(registry=REGISTRY)  # CPU, memory, descriptors and start time of this process

# A hit takes well under a millisecond, a held request up to a minute.
REQUEST_BUCKETS_SECONDS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
# ENGINE 6: 40–60 ms on a warm worker; players give up after some seconds.
SOUND_BUCKETS_SECONDS: Final = (0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1, 2, 3, 5, 10, 30)
# Below 1 a player catches up with the encoder; a whole core of MP3 is about 84, of AAC up to 300 (ENGINE 1, 3).
SPEED_BUCKETS: Final = (0.5, 1, 2, 5, 10, 20, 40, 60, 80, 100, 150, 200, 300, 500, 1000)

REQUESTS: Final = Counter("soundpath_requests", "Answers, by route template and status.", ("route", "status"), registry=REGISTRY)
REQUEST_SECONDS: Final = Histogram(
    "soundpath_request_seconds",
    "From the arrival of a request to the headers of its answer.",
    ("route",),
    registry=REGISTRY,
    buckets=REQUEST_BUCKETS_SECONDS,
)
FIRST_SOUND_SECONDS: Final = Histogram(
    "soundpath_first_sound_seconds",
    "Request of a cold HLS variant until its first segment can be played.",
    registry=REGISTRY,
    buckets=SOUND_BUCKETS_SECONDS,
)
JOBS_ENDED: Final = Counter("soundpath_jobs_ended", "Jobs this process ended, by final status.", ("format", "status"), registry=REGISTRY)
JOBS_RETRIED: Final = Counter("soundpath_jobs_retried", "Attempts that failed and went back to the queue.", registry=REGISTRY)
JOBS_TAKEN_BACK: Final = Counter(
    "soundpath_jobs_taken_back", "Jobs that this process returned to the queue for a dead or silent owner.", registry=REGISTRY
)
LEASES_LOST: Final = Counter(
    "soundpath_leases_lost", "Jobs that were taken away from this process while it worked them.", registry=REGISTRY
)
RESULTS_FENCED: Final = Counter(
    "soundpath_results_fenced", "Results that were refused because the job had another owner or was cancelled.", registry=REGISTRY
)
SEGMENTS_ENCODED: Final = Counter("soundpath_segments_encoded", "HLS segments, each rendition's counted.", registry=REGISTRY)
RANGES_SHARED: Final = Counter(
    "soundpath_ranges_shared", "Ranges of this process's jobs that other machines have encoded.", registry=REGISTRY
)
ENCODED_SECONDS: Final = Counter("soundpath_encoded_seconds", "Sound that finished jobs gave.", ("format",), registry=REGISTRY)
ENCODE_SPEED: Final = Histogram(
    "soundpath_encode_speed_ratio",
    "Seconds of sound per second of work of a finished job, from its claim to its last object.",
    ("format",),
    registry=REGISTRY,
    buckets=SPEED_BUCKETS,
)
BILLED_SECONDS: Final = Counter("soundpath_billed_seconds", "Billed duration before the multiplier.", ("format",), registry=REGISTRY)
QUOTA_SECONDS: Final = Counter("soundpath_quota_seconds", "Billed duration after the multiplier.", ("format",), registry=REGISTRY)
HOUSEKEEPING_ROUNDS: Final = Counter("soundpath_housekeeping_rounds", "Rounds of housekeeping.", ("outcome",), registry=REGISTRY)
VARIANTS_EVICTED: Final = Counter("soundpath_variants_evicted", "Variants dropped by a rule or the byte limit.", registry=REGISTRY)
OBJECTS_PURGED: Final = Counter(
    "soundpath_objects_purged", "Objects deleted from the store after a reset or an eviction.", registry=REGISTRY
)


class Tally:
    """What every hit touches: plain integers. `hits` and `bytes` by cache tier."""

    def __init__(self) -> None:
        self.in_flight = 0
        self.hits = {"memory": 0, "disk": 0, "store": 0}
        self.bytes = {"memory": 0, "disk": 0, "store": 0}

    def served(self, tier: str, size_bytes: int) -> None:
        """A body came from this tier."""
        self.hits[tier] += 1
        self.bytes[tier] += size_bytes


TALLY: Final = Tally()


@dataclass(frozen=True, slots=True)
class Figure:
    """A metric that is looked up when somebody asks."""

    name: str
    text: str
    labels: tuple[str, ...] = ()
    counts: bool = False

    def family(self, values: Mapping[tuple[str, ...], float]) -> Metric:
        """Its samples: label values to figure."""
        kind = CounterMetricFamily if self.counts else GaugeMetricFamily
        family = kind(self.name, self.text, labels=self.labels)
        for labels, value in values.items():
            family.add_metric(labels, value)
        return family


IN_FLIGHT: Final = Figure("soundpath_requests_in_flight", "Requests whose answer has not begun.")
CACHE_HITS: Final = Figure("soundpath_cache_hits", "Bodies served, by the tier they came from.", ("tier",), counts=True)
CACHE_BYTES: Final = Figure("soundpath_cache_bytes", "Bytes of bodies served, by the tier they came from.", ("tier",), counts=True)
ENGINE_CHILDREN: Final = Figure("soundpath_engine_children", "Engine processes alive, by duty and whether they work.", ("crew", "state"))
ENGINE_EXITS: Final = Figure(
    "soundpath_engine_exits", "Engine processes (and the FFmpeg in them) that ended, by reason.", ("reason",), counts=True
)
DISK_FREE_BYTES: Final = Figure("soundpath_disk_free_bytes", "Free space of the data folder's disk.")
UP: Final = Figure("soundpath_up", "1 when the part answers, else 0 (/readyz shows the same).", ("part",))
QUEUE_JOBS: Final = Figure("soundpath_queue_jobs", "Jobs that wait, by priority; the same from every node.", ("priority",))
QUEUE_OLDEST_SECONDS: Final = Figure("soundpath_queue_oldest_seconds", "Age of the oldest job that waits, by priority.", ("priority",))
JOBS: Final = Figure("soundpath_jobs", "Jobs that have not ended, by status; the same from every node.", ("status",))

FIGURES: Final = (
    IN_FLIGHT,
    CACHE_HITS,
    CACHE_BYTES,
    ENGINE_CHILDREN,
    ENGINE_EXITS,
    DISK_FREE_BYTES,
    UP,
    QUEUE_JOBS,
    QUEUE_OLDEST_SECONDS,
    JOBS,
)


def counted() -> Iterable[Metric]:
    """Everything that this process has counted."""
    yield from REGISTRY.collect()
    yield IN_FLIGHT.family({(): TALLY.in_flight})
    yield CACHE_HITS.family({(tier,): hits for tier, hits in TALLY.hits.items()})
    yield CACHE_BYTES.family({(tier,): size_bytes for tier, size_bytes in TALLY.bytes.items()})


def job_encoded(format_: Format, result: Result, work_seconds: float) -> None:
    """A job's sound is made and stored; whether it counts is decided afterwards."""
    sound_seconds = result.duration_units / UNITS_PER_SECOND
    ENCODED_SECONDS.labels(format_).inc(sound_seconds)
    ENCODE_SPEED.labels(format_).observe(sound_seconds / max(work_seconds, 1e-6))


def job_billed(format_: Format, charge: Charge) -> None:
    """A job Succeeded and is charged."""
    JOBS_ENDED.labels(format_, Status.SUCCEEDED).inc()
    BILLED_SECONDS.labels(format_).inc(float(charge.billed_seconds))
    QUOTA_SECONDS.labels(format_).inc(float(charge.quota_seconds))


def job_refused(format_: Format, status: Status | None) -> None:
    """A job did not succeed: its new status, or None when it is another owner's."""
    if status is None:
        RESULTS_FENCED.inc()
    elif status is Status.PENDING:
        JOBS_RETRIED.inc()
    else:
        JOBS_ENDED.labels(format_, status).inc()
