"""Where the segments of a variant lie when several attempts have worked at it, one of which does not know yet that it was replaced."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from app.jobs.stream import Inherited, PlaylistForm, Stream, read_stream, write_stream
from app.live.publishing import Folder, resume
from storage.disk import DiskStore
from tests.app.live.test_encoding import JOB
from transforms.engine.messages import Part, Span
from transforms.hls.packed import SEGMENT_HEADER_BYTES
from transforms.plan import Rendition
from transforms.spec import RealTime

RENDITIONS = tuple(Rendition(kbps, 48_000, 2, "stereo", 1024, 48_000 * 60, (0,), RealTime.AUTO) for kbps in (64, 96))
STREAM = Stream(1, PlaylistForm.VOD, 17, RENDITIONS, (9.0, 9.0))


class Row:
    """The job's row: what was announced last."""

    def __init__(self) -> None:
        self.stream = STREAM
        self.owner = JOB.attempt

    def of(self, folder: Folder, attempt: int) -> Folder:
        """The folder as this attempt finds it."""
        self.owner = attempt
        return replace(folder, job=replace(JOB, attempt=attempt), stream=self.stream)

    async def announce(self, stream: Stream) -> bool:
        if stream.attempt == self.owner:
            self.stream = stream
        return stream.attempt == self.owner


@pytest.fixture
async def first(tmp_path: Path) -> AsyncIterator[Folder]:
    store = DiskStore(tmp_path / "objects")
    yield Folder(store, JOB, STREAM)
    store.close()


async def publish(folder: Folder, index: int, scratch: Path, content: bytes) -> None:
    """A segment that is made again is not always the same: what was encoded before it moves the rate control."""
    for rendition in (0, 1):
        (scratch / f"{rendition}").write_bytes(content)
    parts = [Part(rendition, Span(0, 1), f"{rendition}", 1, 1024, len(content)) for rendition in (0, 1)]
    await folder.publish({index: parts}, scratch)


async def heard(folder: Folder, index: int, rendition: int = 0) -> bytes | None:
    found = await folder.find(rendition, index)
    if found is None:
        return None
    return b"".join([piece async for piece in folder.store.read(found.key)])[SEGMENT_HEADER_BYTES:]


async def test_an_attempt_that_wakes_up_changes_nothing_that_was_published(first: Folder, tmp_path: Path) -> None:
    row = Row()
    await publish(first, 0, tmp_path, b"one")
    resumed = await resume(row.of(first, 2), row.announce)
    assert resumed is not None
    assert resumed.sizes.keys() == {0}
    await publish(resumed.folder, 1, tmp_path, b"two")
    for index in (1, 2):
        await publish(first, index, tmp_path, b"late")
    shown = replace(first, stream=row.stream)
    assert [await heard(shown, index) for index in range(3)] == [b"one", b"two", None]
    assert (await shown.published()).keys() == {0, 1}
    again = await resume(row.of(first, 3), row.announce)
    assert again is not None
    await publish(again.folder, 2, tmp_path, b"three")
    await publish(resumed.folder, 2, tmp_path, b"late too")
    shown = replace(first, stream=read_stream(write_stream(row.stream)) or STREAM)
    assert [await heard(shown, index, rendition) for index in range(3) for rendition in (0, 1)] == [
        *[b"one"] * 2,
        *[b"two"] * 2,
        *[b"three"] * 2,
    ]
    assert shown.stream.inherited == (Inherited(1, 0, 1), Inherited(2, 1, 2))
    assert shown.stream.attempts == {1, 2, 3}


async def test_what_was_heard_until_the_row_said_whose_it_is_stays(first: Folder, tmp_path: Path) -> None:
    row = Row()
    await publish(first, 3, tmp_path, b"one")

    async def announce(stream: Stream) -> bool:
        """While the first attempt, which is not dead, publishes one more."""
        if row.stream is STREAM:
            await publish(first, 4, tmp_path, b"heard")
            assert await heard(replace(first, stream=row.stream), 4) == b"heard"
        return await row.announce(stream)

    resumed = await resume(row.of(first, 2), announce)
    assert resumed is not None
    assert resumed.sizes.keys() == {3, 4}
    assert row.stream.inherited == (Inherited(1, 3, 5),)


async def test_half_of_a_segment_is_nobodys(first: Folder, tmp_path: Path) -> None:
    """The first rendition's half of it, which the next attempt will make anew."""
    row = Row()
    (tmp_path / "half").write_bytes(b"half")
    await first.store.put_file(first.key(0, 0), tmp_path / "half")
    assert await heard(first, 0) is None
    resumed = await resume(row.of(first, 2), row.announce)
    assert resumed is not None
    assert resumed.sizes == {}
    await publish(resumed.folder, 0, tmp_path, b"whole")
    assert [await heard(resumed.folder, 0, rendition) for rendition in (0, 1)] == [b"whole"] * 2


async def test_a_job_that_is_lost_again_is_not_gone_on_with(first: Folder, tmp_path: Path) -> None:
    row = Row()
    await publish(first, 0, tmp_path, b"one")
    late = row.of(first, 2)
    row.of(first, 3)
    assert await resume(late, row.announce) is None
