"""From the address of a player page to the first sound in Chromium: the time its users know. Nobody has asked for the file before.

Run alone with `python -m bench.navigation`; `--waterfall` shows what the page fetched and when.
"""

import argparse
import asyncio
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bench import machine
from bench.clock import prefer
from bench.figures import Figure, Missing, Outcome
from bench.first_play import ROW, Times, end_newest
from bench.inputs import song
from bench.report import line
from bench.setting import LIBRARY, Bench
from tests.browser.browser import Browser, find_chromium, missing_tools
from tests.service import ACCOUNT, Service

COLD_RUNS = 20
SHORT_RUNS = 10
SECONDS = 180
GOAL_P50_MS = 500


async def measure(bench: Bench, *, waterfall: bool = False) -> AsyncIterator[Outcome]:
    """The default page of a three-minute file, each time of a file that is new and in a browser that has cached nothing."""
    what = "Chromium, from navigation to playing, cold, song-180.flac"
    chromium, missing = find_chromium(), missing_tools()
    if chromium is None or missing:
        yield Missing(ROW, what, f"needs {', '.join(missing)}")
        return
    times = []
    async with bench.service("navigation") as service, Browser(chromium) as browser:
        for run in range((COLD_RUNS if bench.full else SHORT_RUNS) + 1):
            prefer(service.pid, bench.niceness)
            seen = await _arrive(service, browser, run)
            times.append(seen["playingMs"])
            if waterfall:
                _print_waterfall(seen)
    cold = Times(times[1:])  # the first one also warms the browser and the service
    spread = (min(cold.ms), max(cold.ms))
    yield Figure(
        ROW, f"{what}, p50", cold.p50, "ms", "lower", floor=GOAL_P50_MS, goal=GOAL_P50_MS, spread=spread, notes=f"{len(cold.ms)} runs"
    )
    yield Figure(ROW, f"{what}, p95", cold.p95, "ms", "lower", spread=spread, notes=f"{len(cold.ms)} runs")


async def _arrive(service: Service, browser: Browser, run: int) -> dict[str, Any]:
    """One visit to the page of a file that the service has not seen."""
    file = song(SECONDS, "flac")
    unseen = LIBRARY / f"visit-{run}-{file.name}"
    unseen.unlink(missing_ok=True)
    os.link(file, unseen)
    try:
        report = await browser.play("arrive", src=_page(service, unseen))
        await end_newest(service)
        return report.seen
    finally:
        unseen.unlink()


def _page(service: Service, file: Path) -> str:
    return f"{service.url}/{ACCOUNT}/audio/{file.name}"


def _print_waterfall(seen: dict[str, Any]) -> None:
    print(f"playing after {seen['playingMs']:.0f} ms")
    for entry in seen["fetched"]:
        target = urlsplit(entry["name"])
        began, answered, ended = (entry[key] for key in ("startTime", "responseStart", "responseEnd"))
        print(f"  {began:6.0f} {answered:6.0f} {ended:6.0f}  {target.path}{'?' + target.query if target.query else ''}"[:140])


async def _print(bench: Bench, waterfall: bool) -> None:
    async for outcome in measure(bench, waterfall=waterfall):
        print(line(outcome), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help=f"{COLD_RUNS} visits instead of {SHORT_RUNS}")
    parser.add_argument("--waterfall", action="store_true", help="what was fetched: begun, first byte, end in ms")
    parser.add_argument("--niceness", type=int, default=0, help="below 0 (root): prefer what is measured to what else runs here")
    arguments = parser.parse_args()
    prefer(os.getpid(), arguments.niceness)
    print(f"Command: python -m bench.navigation {' '.join(sys.argv[1:])}".rstrip())
    for name, value in machine.describe():
        print(f"{name}: {value}")
    print(f"Load when it began: {machine.load()}")
    asyncio.run(_print(Bench(arguments.full, arguments.niceness), arguments.waterfall))


if __name__ == "__main__":
    main()
