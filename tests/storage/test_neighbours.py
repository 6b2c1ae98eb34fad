"""Programs of one machine hear each other; the dead and the deaf hold nobody up."""

import asyncio
from pathlib import Path

from storage.neighbours import Neighbours


async def until(words: list[str], count: int) -> None:
    async with asyncio.timeout(10):
        while len(words) < count:  # noqa: ASYNC110 (words come by datagram)
            await asyncio.sleep(0)


async def test_everybody_but_the_speaker_hears(tmp_path: Path) -> None:
    heard: dict[str, list[str]] = {"a": [], "b": [], "c": []}
    folder = tmp_path / ("long " * 40)  # longer than a socket's name may be
    ears = {name: Neighbours(folder, words.append) for name, words in heard.items()}
    with ears["a"].listening(), ears["b"].listening(), ears["c"].listening():
        ears["a"].tell("queue 1")
        ears["b"].tell("job x")
        await until(heard["c"], 2)
        await until(heard["b"], 1)
        await until(heard["a"], 1)
    assert heard == {"a": ["job x"], "b": ["queue 1"], "c": ["queue 1", "job x"]}
    assert list(folder.iterdir()) == []


async def test_the_dead_are_forgotten(tmp_path: Path) -> None:
    dead, living = Neighbours(tmp_path, print), Neighbours(tmp_path, print)
    dead._socket.close()  # as the kernel does for a program that is killed
    with living.listening():
        living.tell("job x")
        assert len(list(tmp_path.iterdir())) == 1  # noqa: ASYNC240


async def test_a_full_ear_loses_words_and_blocks_nobody(tmp_path: Path) -> None:
    heard: list[str] = []
    deaf, speaker = Neighbours(tmp_path, heard.append), Neighbours(tmp_path, print)
    with speaker.listening():
        for number in range(5_000):
            speaker.tell(f"job {number}")
        with deaf.listening():
            await until(heard, 1)
    assert heard[0] == "job 0"
    assert len(heard) < 5_000
