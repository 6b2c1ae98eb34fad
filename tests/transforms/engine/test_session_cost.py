"""What an encode may cost: flat memory whatever the length, no child that outlives it, progress that grows."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from tests import tones
from tests.transforms.engine.encodes import Wish, plan_of
from transforms.engine.messages import WHOLE
from transforms.engine.session import Session
from transforms.spec import Format

ENCODE = """
import json, resource, sys
from pathlib import Path
from tests.transforms.engine.encodes import Wish, artifact_of
from transforms.spec import Format
kind, kbps, rate, plays, source, scratch = sys.argv[1:]
wish = Wish(Format(kind), int(kbps) or None, int(rate), plays=(int(plays),))
_, artifact = artifact_of(wish, [Path(source)], Path(scratch))
print(json.dumps([artifact.samples, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024]))
"""


def encode_elsewhere(*arguments: object) -> tuple[int, int]:
    """Samples of the output and MiB at the peak, in a process of its own."""
    ran = subprocess.run([sys.executable, "-c", ENCODE, *map(str, arguments)], capture_output=True, check=True)
    samples, peak_mib = json.loads(ran.stdout)
    return samples, peak_mib


@pytest.mark.parametrize(("kind", "kbps", "rate_hz"), [("wav-riff", 0, 44_100), ("aac", 16, 8_000), ("mp3", 64, 22_050)])
def test_memory_does_not_grow_with_length(kind: str, kbps: int, rate_hz: int, tmp_path: Path) -> None:
    source = tones.write(tmp_path / "a.flac", tones.chirp(5, 44_100), 44_100)
    short_samples, short_mib = encode_elsewhere(kind, kbps, rate_hz, 2, source, tmp_path / "short")
    long_samples, long_mib = encode_elsewhere(kind, kbps, rate_hz, 60, source, tmp_path / "long")
    assert long_samples == 30 * short_samples
    assert long_mib - short_mib < 6


def test_progress_grows_to_the_spans_samples(tmp_path: Path) -> None:
    source = tones.write(tmp_path / "a.flac", tones.noise(5, 44_100), 44_100)
    told: list[int] = []
    with closing(Session(plan_of(Wish(Format.AAC, 96, 48_000), [source]), (str(source),), ffmpeg=tones.ffmpeg())) as session:
        session.encode((WHOLE,), str(tmp_path), told.append)
    assert told == sorted(told)
    assert len(told) >= 4
    assert 4 * 48_000 <= told[-1] <= 5 * 48_000


def test_the_mp3_child_dies_with_its_parent(tmp_path: Path) -> None:
    source = tones.write(tmp_path / "a.flac", tones.noise(5, 44_100), 44_100)
    parent = subprocess.Popen([sys.executable, "-c", ENCODE, "mp3", "128", "44100", "2000", str(source), str(tmp_path / "out")])
    children = Path(f"/proc/{parent.pid}/task/{parent.pid}/children")
    deadline = time.monotonic() + 30
    while not (found := children.read_text().split()) and time.monotonic() < deadline:
        time.sleep(0.02)
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    assert found
    while any(Path(f"/proc/{pid}").exists() for pid in found) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not any(Path(f"/proc/{pid}").exists() for pid in found)
