"""What a child cannot do: checked by trying it inside the real prefix, at every level of isolation this machine has."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.transforms.engine.family import alive, command_of, descendants, wait_until
from transforms.engine import seal
from transforms.engine.sandbox import EngineLimits, Isolation, Sandbox

LIMITS = EngineLimits(memory_bytes=512 * 2**20, output_bytes=2**20, open_files=32)
DEADLINE_SECONDS = 20


@pytest.fixture(scope="module")
def strongest() -> Sandbox:
    return Sandbox.detect(LIMITS)


@pytest.fixture(params=list(Isolation))
def sandbox(request: pytest.FixtureRequest, strongest: Sandbox) -> Sandbox:
    levels = list(Isolation)
    if levels.index(request.param) < levels.index(strongest.isolation):
        pytest.skip(f"left out: this machine does not allow {request.param.value}")
    return replace(strongest, isolation=request.param)


@pytest.fixture
def namespaces(strongest: Sandbox) -> Sandbox:
    if strongest.isolation is not Isolation.NAMESPACES:
        pytest.skip("left out: this machine does not allow user namespaces")
    return strongest


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0)
        yield server


def run(sandbox: Sandbox, program: str) -> subprocess.CompletedProcess[str]:
    command = sandbox.argv((sys.executable, "-c", program))
    return subprocess.run(command, env=sandbox.environment(), capture_output=True, text=True, timeout=DEADLINE_SECONDS, check=False)


def connect(listener: socket.socket) -> str:
    return f"import socket; socket.create_connection({listener.getsockname()!r}, 5).send(b'x'); print('reached')"


def untouched(listener: socket.socket) -> bool:
    try:
        listener.accept()[0].close()
    except BlockingIOError:
        return True
    return False


def test_the_listener_can_be_reached_from_outside(listener: socket.socket) -> None:
    assert subprocess.run([sys.executable, "-c", connect(listener)], check=True, capture_output=True).stdout == b"reached\n"
    assert not untouched(listener)


def test_namespaces_have_no_network(namespaces: Sandbox, listener: socket.socket) -> None:
    done = run(namespaces, connect(listener))
    assert "reached" not in done.stdout
    assert "unreachable" in done.stderr
    assert untouched(listener)


def test_the_seal_refuses_sockets_without_namespaces(strongest: Sandbox, listener: socket.socket) -> None:
    if not seal.supported():
        pytest.skip("left out: no system-call filter on this machine")
    plain = replace(strongest, isolation=Isolation.PLAIN)
    done = run(plain, f"from transforms.engine import seal; seal.seal(); {connect(listener)}")
    assert "reached" not in done.stdout
    assert "PermissionError" in done.stderr
    assert untouched(listener)


def test_the_seal_holds_for_programs_started_behind_it(strongest: Sandbox, listener: socket.socket) -> None:
    if not seal.supported():
        pytest.skip("left out: no system-call filter on this machine")
    start = f"subprocess.run([sys.executable, '-c', {connect(listener)!r}])"
    program = f"import subprocess, sys; from transforms.engine import seal; seal.seal(); {start}"
    done = run(replace(strongest, isolation=Isolation.PLAIN), program)
    assert "PermissionError" in done.stderr
    assert untouched(listener)


def test_privileges_are_gone_for_good(sandbox: Sandbox) -> None:
    status = run(sandbox, "print(open('/proc/self/status').read())").stdout
    facts = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert facts["NoNewPrivs"] == "1"
    if sandbox.isolation is not Isolation.PLAIN:
        assert int(facts["CapPrm"], 16) == int(facts["CapEff"], 16) == int(facts["CapInh"], 16) == 0


def test_other_processes_cannot_be_named(namespaces: Sandbox) -> None:
    done = run(namespaces, f"import os; print(os.getpid()); os.kill({os.getpid()}, 0)")
    assert done.stdout == "1\n"
    assert "ProcessLookupError" in done.stderr


def test_the_servers_environment_cannot_be_read(namespaces: Sandbox) -> None:
    assert "PermissionError" in run(namespaces, f"open('/proc/{os.getpid()}/environ').read()").stderr


def test_nothing_is_inherited_from_the_environment(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOUNDPATH_SECRET", "canary")
    assert "canary" not in run(sandbox, "import os; print(os.environ)").stdout


@pytest.mark.parametrize(
    ("program", "error"),
    [
        pytest.param("bytearray(600 * 2**20)", "MemoryError", id="memory"),
        pytest.param("open('output', 'wb').write(bytes(2**21))", "File too large", id="output"),
        pytest.param("[open('/dev/null') for _ in range(40)]", "Too many open files", id="descriptors"),
    ],
)
def test_bounds(sandbox: Sandbox, program: str, error: str, tmp_path: Path) -> None:
    done = run(sandbox, f"import os; os.chdir({str(tmp_path)!r}); {program}")
    assert done.returncode != 0
    assert error in done.stderr


def test_bounds_cannot_be_lifted(sandbox: Sandbox) -> None:
    if sandbox.isolation is Isolation.PLAIN and os.geteuid() == 0:
        pytest.skip("root that keeps its capabilities may lift its own bounds: why the level above exists")
    assert "not allowed" in run(sandbox, "import resource as r; r.setrlimit(r.RLIMIT_AS, (2**40, 2**40))").stderr


def test_describe_says_what_to_do_about_what_is_missing(strongest: Sandbox) -> None:
    guards = replace(strongest, isolation=Isolation.PLAIN).describe()
    assert [guard.active for guard in guards if "namespaces" in guard.name or "privileges" in guard.name] == [False, False]
    for guard in (*guards, *strongest.describe()):
        assert guard.active != bool(guard.advice)


# A server that starts a child which starts two programs, says when they run, and is then killed with -9.
SERVER = """
import asyncio, sys
from dataclasses import replace
from transforms.engine.child import Child
from transforms.engine.messages import Measure
from transforms.engine.protocol import Assignment
from transforms.engine.sandbox import EngineLimits, Isolation, Sandbox

async def main():
    sandbox = replace(Sandbox.detect(EngineLimits()), isolation=Isolation[sys.argv[1]])
    child = await Child.start(sandbox, (sys.executable, "-m", "tests.transforms.engine.rogue"))
    idle = await Child.start(sandbox, (sys.executable, "-m", "tests.transforms.engine.rogue"))
    await child.perform(Assignment(Measure(sys.argv[2])))

asyncio.run(main())
"""


def test_kill_9_of_the_server_leaves_nothing(sandbox: Sandbox) -> None:
    root = str(Path(__file__).resolve().parents[3])
    environment = {**os.environ, "PYTHONPATH": root}
    server = subprocess.Popen([sys.executable, "-c", SERVER, sandbox.isolation.name, "hang_with_children"], env=environment)
    family: set[int] = set()

    def programs() -> dict[str, int]:
        return {command[-1]: pid for pid in family if (command := command_of(pid))[:1] == ["sleep"]}

    def complete() -> bool:
        family.update(descendants(server.pid))
        return len(programs()) == 2

    try:
        wait_until(complete)
    finally:
        server.kill()
        server.wait()
    if sandbox.isolation is not Isolation.NAMESPACES:
        # What turns its back on a child that has no process namespace survives it: the engine's own programs never do.
        stray = programs()["602"]
        family.remove(stray)
        os.kill(stray, signal.SIGKILL)
    wait_until(lambda: not any(alive(pid) for pid in family))
