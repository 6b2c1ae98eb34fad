"""A steady load: finished variants again and again, new ones to their end, and new ones heard while they are encoded."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import count

from tests.faults.asking import PATIENCE_SECONDS, RETRY_SECONDS, Asking, Unserved
from tests.faults.listening import Listeners
from tests.service import ACCOUNT, Answer, Service

WARM_PAUSE_SECONDS = 0.05
COLD_PAUSE_SECONDS = 0.3
CROWD = 2
KINDS = ("f=wav&sr=8", "f=wav&sr=8&te=15", "f=mp3&br=64&te=10")
"""What colds ask for, each time under another version: the same bytes every time."""

WARM = (*KINDS, "f=wav&sr=16&te=3", "f=wav")
"""What warm requests ask for, from a few KiB in memory to megabytes from a file; besides the files of a finished HLS variant."""


class Load:
    """Clients of all nodes. `jobs`: what they were told of each target; `strict`: warm requests are to be answered at once, by any node."""

    def __init__(self, nodes: Sequence[Service]) -> None:
        self.clients = Asking(nodes)
        self.listeners = Listeners(self.clients)
        self._numbers = count()
        self._bodies: dict[str, bytes] = {}
        self.jobs: dict[str, str] = {}
        self.strict = False

    async def learn(self) -> None:
        """Make what warm requests ask for while all is well, and know its bytes from then on."""
        artifacts = [await self._made(f"/{ACCOUNT}/audio/chirp.wav?{kind}") for kind in WARM]
        for kind, artifact in zip(WARM, artifacts, strict=True):
            self._bodies[artifact] = self._bodies[kind] = (await self.clients.ask("learn", artifact)).body
        for target in await self.listeners.finished():
            self._bodies[target] = (await self.clients.ask("learn", target)).body
        self._warm_targets = [target for target in self._bodies if target not in WARM]
        await self.warm_up()

    async def warm_up(self) -> None:
        """Every node has served every warm target."""
        for node in self.clients.nodes:
            for target in self._warm_targets:
                self._check(target, target, await self.clients.ask("warm", target, node))

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Clients come and go on; what they have begun is brought to its end."""
        self._stop = stop = asyncio.Event()
        async with asyncio.TaskGroup() as self._tasks:
            tasks = self._tasks
            for number in range(len(self.clients.nodes)):
                tasks.create_task(self._warm(number, stop))
                tasks.create_task(self._cold(number, stop))
            tasks.create_task(self.listeners.listen(stop))
            try:
                yield
            finally:
                stop.set()

    async def crowd(self) -> None:
        """Some listeners more, so that whatever worker is struck has a variant in hand that is being heard."""
        async with asyncio.TaskGroup() as beginnings:
            for _ in range(CROWD):
                beginnings.create_task(self.listeners.begin(self._tasks, self._stop))

    async def make(self, kind: str, node: Service) -> None:
        """One new variant from one node alone, asked for until it is there and right."""
        target = self._new(kind)
        artifact = await self._made(target, node)
        self._check(kind, target, await self.clients.ask("canary", artifact, node))

    async def _warm(self, first: int, stop: asyncio.Event) -> None:
        nodes, targets = self.clients.nodes, self._warm_targets
        for number in count():
            if stop.is_set():
                return
            target, strict = targets[number % len(targets)], self.strict
            answer = await self.clients.once(nodes[(first + number) % len(nodes)], target)
            if answer is None and strict and self.strict:
                self.clients.violations.append(f"{target} was finished and not served")
            try:
                self._check(target, target, answer or await self.clients.ask("warm", target))
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
                self._check(kind, target, await self.clients.ask("cold", await self._made(target)))
            except Unserved:
                continue
            await asyncio.sleep(COLD_PAUSE_SECONDS)

    async def _made(self, target: str, node: Service | None = None) -> str:
        """Poll a job to its end; what its artifact is called."""
        clock = asyncio.get_running_loop().time
        end = clock() + PATIENCE_SECONDS
        while clock() < end:
            job = (await self.clients.ask("poll", target, node)).json()
            if self.jobs.setdefault(target, job["jobId"]) != job["jobId"]:
                self.clients.violations.append(f"{target} was {self.jobs[target]} and is {job['jobId']}")
            if job["status"] == "Succeeded":
                return "/" + str(job["summary"]["result"]["artifactUrl"]).partition("://")[2].partition("/")[2]
            if job["status"] != "Running":
                self.clients.violations.append(f"{target} is {job}")
                raise Unserved
            await asyncio.sleep(RETRY_SECONDS)
        self.clients.violations.append(f"{target} was not made in {PATIENCE_SECONDS} s")
        raise Unserved

    def _check(self, known: str, target: str, answer: Answer) -> None:
        if answer.body != self._bodies[known]:
            expected = len(self._bodies[known])
            self.clients.violations.append(f"{target}: {len(answer.body)} bytes are not the {expected} that were expected")

    def _new(self, kind: str) -> str:
        return f"/{ACCOUNT}/audio/chirp.wav?{kind}&version=cold-{next(self._numbers)}"
