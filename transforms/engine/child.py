"""One engine process seen from the service: started sandboxed and warm, given one task at a time, killed with all it started."""

import asyncio
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from transforms.engine.messages import Outcome, Progress
from transforms.engine.protocol import Assignment, BrokenLine, Ready, Wanted, read_line, write_assignment, write_supplied
from transforms.engine.sandbox import Isolation, Sandbox
from transforms.engine.supply import Supply, everything_is_here
from transforms.errors import EngineCrash

LINE_BYTES: Final = 16 * 2**20  # a whole encode's parts in one outcome stay far below
LOG_BYTES: Final = 4 * 1024  # the end of what FFmpeg said is what matters
PAGE_BYTES: Final = os.sysconf("SC_PAGE_SIZE")
# SIGKILL takes effect at once unless the kernel is busy for the process (a write to a slow disk).
DEATH_SECONDS: Final = 10


class Child:
    """A warm process. `session` is whatever its holder wants to remember about what it keeps open."""

    def __init__(self, process: asyncio.subprocess.Process, sandbox: Sandbox) -> None:
        self.session: object = None
        self._process = process
        self._sandbox = sandbox
        self._pidfd: int | None = None
        self._pid = process.pid
        self._tasks = 0
        self._log = bytearray()
        self._turn = asyncio.Lock()  # who reads its lines: a task, or whoever kills it during one
        self._reading = asyncio.create_task(self._read_log())

    @classmethod
    async def start(cls, sandbox: Sandbox, command: tuple[str, ...]) -> "Child":
        """Start one and wait until it is ready. Must be called on the main thread, whose end it does not survive.

        Raises EngineCrash when it dies first or takes too long.
        """
        process = await asyncio.create_subprocess_exec(
            *sandbox.argv(command),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=sandbox.environment(),
            cwd="/",
            umask=0o077,
            start_new_session=True,
            limit=LINE_BYTES,
        )
        child = cls(process, sandbox)
        try:
            async with asyncio.timeout(sandbox.limits.start_seconds):
                await child._become_ready()
        except TimeoutError as error:
            await child.kill()
            raise child._crash("was not ready in time") from error
        except BaseException:
            await child.kill()
            raise
        return child

    @property
    def pid(self) -> int:
        """The number of the process that does the work."""
        return self._pid

    @property
    def alive(self) -> bool:
        """Whether it runs, as far as the kernel knows: what has ended holds no memory."""
        return self._memory_bytes() > (0, 0)

    @property
    def log(self) -> str:
        """The end of what it wrote to standard error during its last task."""
        return self._log.decode(errors="replace")

    async def perform(self, assignment: Assignment, progress: Callable[[int], None] | None = None, supply: Supply | None = None) -> Outcome:
        """Hand it a task and wait for its outcome. Raises EngineCrash when it dies or says what no child says."""
        supply = supply or Supply(everything_is_here, assignment.task)
        self._log.clear()
        self._tasks += 1
        await self._tell(write_assignment(assignment))
        while isinstance(event := await self._next(), Progress | Wanted):
            if isinstance(event, Wanted):
                await self._tell(write_supplied(await supply.answer(event)))
            elif progress is not None:
                progress(event.samples)
        if isinstance(event, Ready):
            raise self._crash("said that it was ready twice")
        return event

    def worn(self) -> bool:
        """Whether a fresh one should take its place: many tasks done, or so much memory held that the next might not get enough."""
        limits = self._sandbox.limits
        reserved_bytes, resident_bytes = self._memory_bytes()
        return self._tasks >= limits.tasks or resident_bytes > limits.resident_bytes or reserved_bytes > limits.memory_bytes // 2

    async def ended(self) -> None:
        """Returns when it is dead, for whatever reason."""
        await self._process.wait()

    async def kill(self) -> None:
        """End it and everything it started; returns when they are gone. May be repeated."""
        self._strike()
        try:
            async with asyncio.timeout(DEATH_SECONDS):
                await self._gone()
        except TimeoutError:
            with suppress(ProcessLookupError):
                self._process.kill()
        finally:
            if self._pidfd is not None:
                os.close(self._pidfd)
                self._pidfd = None

    def _strike(self) -> None:
        """SIGKILL. In a process namespace it goes to process 1: `unshare` around it returns only when the namespace is empty."""
        if self._process.returncode is not None:
            return
        with suppress(ProcessLookupError):
            if self._pidfd is not None and self._sandbox.isolation is Isolation.NAMESPACES:
                signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)
            else:
                os.killpg(self._process.pid, signal.SIGKILL)

    async def _gone(self) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        async with self._turn:
            while await self._process.stdout.read(LINE_BYTES):
                pass
        await self._process.wait()
        await self._reading

    async def _become_ready(self) -> None:
        event = await self._next()
        if not isinstance(event, Ready):
            raise self._crash("began with something else than being ready")
        self._pid = event.pid
        try:
            self._pidfd = os.pidfd_open(event.pid)
        except ProcessLookupError as error:
            raise self._crash("died when it was ready") from error

    async def _tell(self, line: bytes) -> None:
        assert self._process.stdin
        try:
            self._process.stdin.write(line)
            await self._process.stdin.drain()
        except ConnectionError as error:
            await self.kill()
            raise self._crash("was dead") from error

    async def _next(self) -> Outcome | Progress | Ready | Wanted:
        assert self._process.stdout
        try:
            async with self._turn:
                line = await self._process.stdout.readline()
            if line.endswith(b"\n"):
                return read_line(line)
        except (BrokenLine, ValueError) as error:  # ValueError: longer than LINE_BYTES
            await self.kill()
            raise self._crash("broke the protocol") from error
        await self.kill()
        raise self._crash("ended before it answered")

    def _crash(self, what: str) -> EngineCrash:
        status = self._process.returncode
        return EngineCrash("The engine stopped unexpectedly.", detail=f"child {self._pid} {what} (exit status {status})\n{self.log}")

    def _memory_bytes(self) -> tuple[int, int]:
        """Address space and resident memory; none when it has ended."""
        try:
            with open(f"/proc/{self._pid}/statm", encoding="ascii") as statm:
                reserved, resident = statm.read().split()[:2]
        except (OSError, ValueError):
            return 0, 0
        return int(reserved) * PAGE_BYTES, int(resident) * PAGE_BYTES

    async def _read_log(self) -> None:
        assert self._process.stderr
        while text := await self._process.stderr.read(LINE_BYTES):
            self._log += text
            del self._log[:-LOG_BYTES]
