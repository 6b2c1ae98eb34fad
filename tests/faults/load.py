"""A steady load of cold and warm requests, by clients who do what the answers tell them: ask again, and ask the other node.

Whatever no client should ever see is noted as a violation: a refusal that no retry turns into an answer, wrong bytes, a lost job.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import count

import aiohttp

from tests.service import ACCOUNT, Answer, Service

REQUEST_SECONDS = 10  # then a client gives up and asks elsewhere
PATIENCE_SECONDS = 90
RETRY_SECONDS = 0.1
WARM_PAUSE_SECONDS = 0.05
COLD_PAUSE_SECONDS = 0.3
KINDS = ("f=wav&sr=8", "f=wav&sr=8&te=15", "f=mp3&br=64&te=10")
"""What colds ask for, each time under another version: the same bytes every time."""

WARM = (*KINDS, "f=wav&sr=16&te=3", "f=wav")
"""What warm requests ask for: from a few KiB in memory to megabytes from a file."""

NO_ANSWER = (aiohttp.ClientError, RuntimeError, OSError, TimeoutError)  # RuntimeError: the node is being started again


class Unserved(Exception):
    """A client's patience is at its end."""


class Load:
    """Clients of all nodes. `jobs`: what they were told of each target; `strict`: warm requests are to be answered at once, by any node."""

    def __init__(self, nodes: Sequence[Service]) -> None:
        self._nodes = nodes
        self._numbers = count()
        self._turns = count()
        self._bodies: dict[str, bytes] = {}
        self._artifacts: dict[str, str] = {}
        self.jobs: dict[str, str] = {}
        self.violations: list[str] = []
        self.counts: Counter[str] = Counter()
        self.slowest_seconds: dict[str, float] = {}
        self.strict = False

    async def learn(self) -> None:
        """Make what warm requests ask for while all is well, and know its bytes from then on."""
        for kind in WARM:
            target = f"/{ACCOUNT}/audio/chirp.wav?{kind}"
            self._artifacts[kind] = await self._made(target)
            self._bodies[kind] = (await self._ask("learn", self._artifacts[kind])).body
        await self.warm_up()

    async def warm_up(self) -> None:
        """Every node has served every warm target."""
        for node in self._nodes:
            for kind, artifact in self._artifacts.items():
                self._check(kind, artifact, await self._ask("warm", artifact, node))

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Clients come and go on; what they have begun is brought to its end."""
        stop = asyncio.Event()
        async with asyncio.TaskGroup() as clients:
            for number in range(len(self._nodes)):
                clients.create_task(self._warm(number, stop))
                clients.create_task(self._cold(number, stop))
            try:
                yield
            finally:
                stop.set()

    async def make(self, kind: str, node: Service) -> None:
        """One new variant from one node alone, asked for until it is there and right."""
        target = self._new(kind)
        artifact = await self._made(target, node)
        self._check(kind, target, await self._ask("canary", artifact, node))

    async def _warm(self, first: int, stop: asyncio.Event) -> None:
        for number in count():
            if stop.is_set():
                return
            kind = WARM[number % len(WARM)]
            artifact, strict = self._artifacts[kind], self.strict
            answer = await self._once(self._nodes[(first + number) % len(self._nodes)], artifact)
            if answer is None and strict and self.strict:
                self.violations.append(f"{artifact} was finished and not served")
            try:
                self._check(kind, artifact, answer or await self._ask("warm", artifact))
            except Unserved:
                continue
            await asyncio.sleep(WARM_PAUSE_SECONDS)

    async def _cold(self, first: int, stop: asyncio.Event) -> None:
        for number in count(first):
            if stop.is_set():
                return
            kind = KINDS[number % len(KINDS)]
            target = self._new(kind)
            try:
                self._check(kind, target, await self._ask("cold", await self._made(target)))
            except Unserved:
                continue
            await asyncio.sleep(COLD_PAUSE_SECONDS)

    async def _made(self, target: str, node: Service | None = None) -> str:
        """Poll a job to its end; what its artifact is called."""
        clock = asyncio.get_running_loop().time
        end = clock() + PATIENCE_SECONDS
        while clock() < end:
            job = (await self._ask("poll", target, node)).json()
            if self.jobs.setdefault(target, job["jobId"]) != job["jobId"]:
                self.violations.append(f"{target} was {self.jobs[target]} and is {job['jobId']}")
            if job["status"] == "Succeeded":
                return "/" + str(job["summary"]["result"]["artifactUrl"]).partition("://")[2].partition("/")[2]
            if job["status"] != "Running":
                self.violations.append(f"{target} is {job}")
                raise Unserved
            await asyncio.sleep(RETRY_SECONDS)
        self.violations.append(f"{target} was not made in {PATIENCE_SECONDS} s")
        raise Unserved

    async def _ask(self, what: str, target: str, node: Service | None = None) -> Answer:
        """What a patient client gets in the end, from the one node or from any."""
        clock = asyncio.get_running_loop().time
        begun = clock()
        while True:
            answer = await self._once(node or self._nodes[next(self._turns) % len(self._nodes)], target)
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

    async def _once(self, node: Service, target: str) -> Answer | None:
        """One try; None when it is worth another."""
        try:
            async with asyncio.timeout(REQUEST_SECONDS):
                answer = await node.get(target)
        except NO_ANSWER:
            return None
        if answer.status == 200:
            self.counts["served"] += 1
            return answer
        if answer.status != 503 or "retry-after" not in answer.headers:
            self.violations.append(f"{target}: {answer.status} {answer.body[:200]!r}")
        return None

    def _check(self, kind: str, target: str, answer: Answer) -> None:
        if answer.body != self._bodies[kind]:
            self.violations.append(f"{target}: {len(answer.body)} bytes are not the {len(self._bodies[kind])} that were expected")

    def _new(self, kind: str) -> str:
        return f"/{ACCOUNT}/audio/chirp.wav?{kind}&version=cold-{next(self._numbers)}"
