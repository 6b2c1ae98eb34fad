"""The dry run: `X-Soundpath-Dry-Run` asks what a URL would become and cost, and starts nothing."""

from aiohttp import web

from app.quote import quote
from app.web.asked import Asked
from app.web.json_answer import json_answer
from app.web.keys import WORKSHOP


async def answer_price(request: web.Request, asked: Asked) -> web.Response:
    """The quote as JSON; raises FileNotFound and RefusedInput, as the run would."""
    return json_answer(await quote(request.app[WORKSHOP].asked_with(asked.forwarded), asked.address.account, asked.spec))
