"""`python -m bench [--full] [--only ROWS] [--niceness N]`: measure, print, and write RESULTS.md."""

import argparse
import asyncio
import os
import sys
from pathlib import Path

from bench import curves, dispatch, encodes, engine, files, first_play, hits, machine, memory, navigation, remote, scaling, start
from bench.clock import prefer
from bench.figures import Outcome
from bench.report import line, write_results
from bench.setting import Bench

MEASURES = {
    "encodes": encodes.measure,
    "engine": engine.measure,
    "start": start.measure,
    "first_play": first_play.measure,
    "navigation": navigation.measure,
    "remote": remote.measure,
    "hits": hits.measure,
    "memory": memory.measure,
    "files": files.measure,
    "curves": curves.measure,
    "dispatch": dispatch.measure,
    "scaling": scaling.measure,
}
RESULTS = Path(__file__).with_name("RESULTS.md")


def main() -> int:
    """Run the measures that are asked for."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure Soundpath side by side with what it is compared to.")
    parser.add_argument("--full", action="store_true", help="hour-long inputs and more runs (about an hour)")
    parser.add_argument("--only", nargs="+", choices=list(MEASURES), default=list(MEASURES), metavar="MEASURE", help=", ".join(MEASURES))
    parser.add_argument("--niceness", type=int, default=0, help="below 0 (root): prefer what is measured to what else runs here")
    parser.add_argument("--results", type=Path, default=RESULTS, help="where the table goes (default: bench/RESULTS.md)")
    arguments = parser.parse_args()
    prefer(os.getpid(), arguments.niceness)
    load_at_start = machine.load()
    outcomes = asyncio.run(_measure(Bench(arguments.full, arguments.niceness), arguments.only))
    write_results(arguments.results, outcomes, " ".join(["python -m bench", *sys.argv[1:]]), load_at_start)
    return 0


async def _measure(bench: Bench, names: list[str]) -> list[Outcome]:
    outcomes = []
    for name in names:
        print(f"— {name}", flush=True)
        async for outcome in MEASURES[name](bench):
            print(line(outcome), flush=True)
            outcomes.append(outcome)
    return outcomes


if __name__ == "__main__":
    sys.exit(main())
