"""One HTTP exchange written by hand: clients normalise targets and headers, and these tests are about both."""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from multidict import CIMultiDict


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: CIMultiDict[str]
    body: bytes = field(repr=False)


async def exchange(port: int, target: str, method: str = "GET", headers: Mapping[str, str] | None = None, body: bytes = b"") -> Answer:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        lines = [f"{method} {target} HTTP/1.1", "Connection: close"]
        given = {"Host": f"127.0.0.1:{port}", **(headers or {})}
        lines += [f"{name}: {value}" for name, value in given.items()]
        writer.write(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + body)
        whole = await asyncio.wait_for(reader.read(), 20)
    finally:
        writer.close()
    return read_answer(whole)


def read_answer(whole: bytes) -> Answer:
    head, _, body = whole.partition(b"\r\n\r\n")
    first, *rest = head.decode("latin-1").split("\r\n")
    status = re.match(r"HTTP/1\.[01] (\d{3})", first)
    assert status is not None, whole[:200]
    headers: CIMultiDict[str] = CIMultiDict()
    for line in rest:
        name, _, value = line.partition(": ")
        headers.add(name, value)
    return Answer(int(status[1]), headers, body)
