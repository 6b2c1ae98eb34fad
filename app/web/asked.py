"""A request for a variant as values: everything that can be refused without looking anything up is refused here."""

from dataclasses import dataclass

from aiohttp import web

from app.errors import ArtifactNotFound
from app.jobs.job import NewJob, Priority
from app.web.address import Address, transformation_query
from app.web.delivery import Delivery, parse_delivery
from app.web.target import address_of
from transforms.canonical import canonical, identity
from transforms.hls.names import Master, parse_name
from transforms.params import parse
from transforms.spec import ARTIFACT_NAMES, HLS_FAMILY, REAL_TIME_FAMILY, Spec

DRY_RUN_HEADER = "X-Soundpath-Dry-Run"


@dataclass(frozen=True, slots=True)
class Asked:
    """What the client wants. `new_job` is what its variant would be queued as. `dry_run`: only the price is wanted.

    `forwarded`: what the origin of a Web folder's file is asked with besides, encoded (`app.web.forwarding`).
    """

    address: Address
    spec: Spec
    delivery: Delivery
    new_job: NewJob
    dry_run: bool
    forwarded: str = ""


def ask(request: web.Request) -> Asked:
    """Parse and check a request; raises what `parse_target`, `parse` and `parse_delivery` raise, and ArtifactNotFound."""
    return read_asked(address_of(request), is_dry_run=DRY_RUN_HEADER in request.headers)


def read_asked(address: Address, *, is_dry_run: bool = False) -> Asked:
    """The same for an address that was read elsewhere."""
    spec = parse(address.path, address.params)
    delivery = parse_delivery(address.params)
    if address.artifact is not None and not _may_exist(spec, address.artifact):
        raise ArtifactNotFound(address.artifact)
    return Asked(address, spec, delivery, _new_job(address, spec, delivery), is_dry_run)


def _may_exist(spec: Spec, artifact: str) -> bool:
    """Whether a variant can have an output of this name; how many segments there are only its plan tells."""
    if spec.format not in HLS_FAMILY:
        return artifact == ARTIFACT_NAMES.get(spec.format, artifact)
    name = parse_name(artifact)
    return name is not None and (isinstance(name, Master) or name.rendition < len(spec.variants))


def _new_job(address: Address, spec: Spec, delivery: Delivery) -> NewJob:
    return NewJob(
        account=address.account,
        path=address.path,
        identity=identity(address.account, address.path, spec, delivery.version),
        format=spec.format,
        canonical=canonical(spec),
        query=transformation_query(address.params),
        version=delivery.version,
        keep=delivery.keep,
        priority=_priority(spec, delivery),
        playlist=delivery.playlist,
        appended=tuple(dict.fromkeys(clip.path for clip in spec.clips[1:])),
    )


def _priority(spec: Spec, delivery: Delivery) -> Priority:
    if spec.format in REAL_TIME_FAMILY:
        return Priority.REAL_TIME
    return Priority.WAITED_FOR if delivery.wait_seconds else Priority.BACKGROUND
