"""What a URL would become and cost, without running it: its plan in numbers and its charge."""

from typing import Any

from app.jobs.job import NewJob
from app.metering import FREE, Charge, price
from app.produce import Workshop, prepare, spec_of
from transforms.plan import Rendition
from transforms.spec import Format, Spec


async def quote(shop: Workshop, account: str, spec: Spec) -> dict[str, Any]:
    """The quote as JSON values: format, length, outputs, billed and quota seconds (exact in the `…Units` of CONTRACT 5).

    Raises FileNotFound and RefusedInput, as the run would.
    """
    if spec.format is Format.META:
        return {"format": spec.format.value, "outputs": [], **_bill(FREE)}
    async with prepare(shop, account, spec) as prepared:
        planned = prepared.plan
    return {
        "format": planned.format.value,
        "durationSeconds": float(planned.seconds),
        "outputs": [_output(rendition) for rendition in planned.renditions],
        **_bill(price(planned)),
    }


async def expected_charge(shop: Workshop, new: NewJob) -> Charge:
    """What the run of a new job will cost; raises FileNotFound and RefusedInput."""
    async with prepare(shop.asked_with(new.query), new.account, spec_of(new)) as prepared:
        return price(prepared.plan)


def _output(rendition: Rendition) -> dict[str, Any]:
    shown = {
        "bitRateKbps": rendition.bitrate_kbps,
        "sampleRateHz": rendition.sample_rate_hz,
        "channels": rendition.channels,
        "samples": rendition.samples,
        "seconds": float(rendition.seconds),
    }
    return {name: value for name, value in shown.items() if value is not None}


def _bill(charge: Charge) -> dict[str, Any]:
    return {
        "billedSeconds": float(charge.billed_seconds),
        "quotaSeconds": float(charge.quota_seconds),
        "billedUnits": charge.billed_units,
        "quotaUnits": charge.quota_units,
    }
