"""The program, in which nobody who waits looks by himself for a minute: what wakes him is what he was told, or nothing does."""

import runpy
import sys

from app.jobs import jobs, leases
from app.live import encoding, signals, viewing

A_MINUTE = 60.0

for module, names in {
    jobs: ("RECHECK_SECONDS",),
    leases: ("RECHECK_BY_TICKET_SECONDS",),
    encoding: ("RECHECK_SECONDS",),
    signals: ("RECHECK_SECONDS",),
    viewing: ("RECHECK_SECONDS",),
}.items():
    for name in names:
        assert hasattr(module, name), name
        setattr(module, name, A_MINUTE)

if __name__ == "__main__":
    sys.argv[1:] = sys.argv[sys.argv.index("app") + 1 :]
    runpy.run_module("app", run_name="__main__", alter_sys=True)
