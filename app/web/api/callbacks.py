"""Subscriptions and deliveries of callbacks: …/callbacks/subscriptions, …/callbacks/deliveries."""

from typing import Final

from app.accounts.permissions import Permission
from app.callbacks.deliveries import Delivery as Sent
from app.callbacks.subscriptions import Subscription as Subscribed
from app.callbacks.subscriptions import Subscriptions
from app.errors import Conflict, InvalidField, RouteNotFound
from app.web.api.endpoint import Call, Endpoint
from app.web.api.shapes.callbacks import (
    Delivery,
    DeliveryList,
    DeliveryQuery,
    NewSubscription,
    Subscription,
    SubscriptionList,
    SubscriptionQuery,
)
from app.web.keys import DELIVERIES, FETCHER, SUBSCRIPTIONS
from storage.fetch.errors import UrlRefused


async def subscribe(call: Call) -> Subscription:
    """POST …/callbacks/subscriptions."""
    try:
        call.request.app[FETCHER].check(call.body.url)
    except UrlRefused as error:
        raise InvalidField("body.url", call.body.url, str(error)) from None
    subscriptions = call.request.app[SUBSCRIPTIONS]
    try:
        return _subscription(subscriptions, await subscriptions.add(call.account, call.body.url))
    except ValueError as error:
        raise Conflict(f"{error}.") from None


async def list_subscriptions(call: Call) -> SubscriptionList:
    """GET …/callbacks/subscriptions."""
    subscriptions = call.request.app[SUBSCRIPTIONS]
    items = [_subscription(subscriptions, each) for each in await subscriptions.list(call.account)]
    return SubscriptionList(items=items, request_secret=subscriptions.secret(call.account))


async def unsubscribe(call: Call) -> None:
    """DELETE …/callbacks/subscriptions?subscriptionId=…"""
    if not await call.request.app[SUBSCRIPTIONS].end(call.account, call.query.subscription_id):
        raise RouteNotFound(f"The account has no subscription '{call.query.subscription_id}'.")


async def list_deliveries(call: Call) -> DeliveryList:
    """GET …/callbacks/deliveries."""
    found = await call.request.app[DELIVERIES].list(call.account, call.query.job_id, call.query.limit)
    return DeliveryList(items=[_delivery(each) for each in found])


def _subscription(subscriptions: Subscriptions, each: Subscribed) -> Subscription:
    secret = subscriptions.secret(each.account, each.id)
    return Subscription(subscription_id=each.id, url=each.url, secret=secret, created=each.created_ms)


def _delivery(sent: Sent) -> Delivery:
    return Delivery(
        delivery_id=sent.id,
        job_id=sent.job_id,
        subscription_id=sent.subscription or None,
        url=sent.url,
        state=sent.state.value,
        tries=sent.tries,
        last_status=sent.last_status,
        last_error=sent.last_error,
        created=sent.created_ms,
        ended=sent.ended_ms,
    )


_SUBSCRIPTIONS: Final = "/callbacks/subscriptions"

ENDPOINTS: Final = (
    Endpoint(
        "POST",
        _SUBSCRIPTIONS,
        "CreateSubscription",
        "Tell a URL of every job that ends.",
        Permission.CALLBACKS,
        subscribe,
        body=NewSubscription,
        answer=Subscription,
    ),
    Endpoint(
        "GET",
        _SUBSCRIPTIONS,
        "ListSubscriptions",
        "Who is told of the account's jobs.",
        Permission.CALLBACKS,
        list_subscriptions,
        answer=SubscriptionList,
    ),
    Endpoint(
        "DELETE",
        _SUBSCRIPTIONS,
        "DeleteSubscription",
        "Tell a URL nothing more.",
        Permission.CALLBACKS,
        unsubscribe,
        query=SubscriptionQuery,
    ),
    Endpoint(
        "GET",
        "/callbacks/deliveries",
        "ListDeliveries",
        "What was told to whom, and how that went; kept for 30 days.",
        Permission.CALLBACKS,
        list_deliveries,
        query=DeliveryQuery,
        answer=DeliveryList,
    ),
)
