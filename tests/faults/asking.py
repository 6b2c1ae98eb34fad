"""Clients who do what the answers tell them: ask again, and ask the other node. Whatever no client should ever see is a violation."""

import asyncio
import re
from collections import Counter
from collections.abc import Sequence
from itertools import count

import aiohttp

from tests.service import Answer, Service

REQUEST_SECONDS = 10  # then a client gives up and asks elsewhere; hls.js waits as long for the first byte
PATIENCE_SECONDS = 90
RETRY_SECONDS = 0.1
NO_ANSWER = (aiohttp.ClientError, RuntimeError, OSError, TimeoutError)  # RuntimeError: the node is being started again
SEGMENT = re.compile(r"/\d+f/seg\d+\.aac$")


class Unserved(Exception):
    """A client's patience is at its end."""


class Asking:
    """What all clients of the nodes have in common, and what they have seen."""

    def __init__(self, nodes: Sequence[Service]) -> None:
        self.nodes = nodes
        self.violations: list[str] = []
        self.counts: Counter[str] = Counter()
        self.slowest_seconds: dict[str, float] = {}
        self._turns = count()

    async def ask(self, what: str, target: str, node: Service | None = None) -> Answer:
        """What a patient client gets in the end, from the one node or from any. Raises Unserved."""
        clock = asyncio.get_running_loop().time
        begun = clock()
        while True:
            answer = await self.once(node or self.nodes[next(self._turns) % len(self.nodes)], target)
            taken = clock() - begun
            if answer is not None:
                self.slowest_seconds[what] = max(taken, self.slowest_seconds.get(what, 0))
                return answer
            self.counts["retried"] += 1
            if taken > PATIENCE_SECONDS:
                break
            await asyncio.sleep(RETRY_SECONDS)
        self.violations.append(f"{what} {target} was not served in {PATIENCE_SECONDS} s")
        raise Unserved

    async def once(self, node: Service, target: str) -> Answer | None:
        """One try; None when it is worth another."""
        try:
            async with asyncio.timeout(REQUEST_SECONDS):
                answer = await node.get(target)
        except NO_ANSWER:
            return None
        if answer.status == 200:
            self.counts["served"] += 1
            return answer
        self.counts[str(answer.status)] += 1
        if not _may_come_again(target, answer):
            self.violations.append(f"{target}: {answer.status} {answer.body[:200]!r}")
        return None


def _may_come_again(target: str, answer: Answer) -> bool:
    """503 tells when; so does 429, for a listed segment that was held as long as it may be (docs/hls.md)."""
    again = (503, 429) if SEGMENT.search(target) else (503,)
    return answer.status in again and "retry-after" in answer.headers
