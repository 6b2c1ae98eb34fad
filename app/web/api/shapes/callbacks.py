"""Callbacks on the wire."""

from typing import Annotated

from pydantic import Field

from app.web.api.shapes.wire_model import Answered, Asked, EpochMs

CallbackUrl = Annotated[str, Field(min_length=8, max_length=1000, examples=["https://app.example/soundpath"])]


class NewSubscription(Asked):
    """Which URL is told of every job that ends."""

    url: CallbackUrl


class Subscription(Answered):
    """A subscription. `secret` verifies the `webhook-signature` of its deliveries (Standard Webhooks)."""

    subscription_id: str
    url: str
    secret: str
    created: EpochMs


class SubscriptionList(Answered):
    """The account's subscriptions. `requestSecret`: the same for URLs that requests name with `callback=`."""

    items: list[Subscription]
    request_secret: str


class SubscriptionQuery(Asked):
    """Which one."""

    subscription_id: Annotated[str, Field(min_length=1, max_length=26)]


class DeliveryQuery(Asked):
    """Of which job; of all without one."""

    job_id: Annotated[str | None, Field(max_length=26)] = None
    limit: Annotated[int, Field(ge=1, le=1000)] = 100


class Delivery(Answered):
    """One delivery and its fate: `Waiting` for the job's end, `Due`, `Delivered` or `Failed`."""

    delivery_id: str
    job_id: str
    subscription_id: str | None
    url: str
    state: str
    tries: int
    last_status: int | None
    last_error: str | None
    created: EpochMs
    ended: EpochMs | None


class DeliveryList(Answered):
    """Deliveries, the newest first."""

    items: list[Delivery]
