"""Updates in processes of their own that may be killed: reads ``start`` lines, forks an update for each.

Started as a process: one warm interpreter, so that forty kills cost no forty starts. Says ``pid N`` when one is
started, ``over 0`` when it is over and, after one more line, ``ended CODE`` (a negative code is a signal).
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from hub.base.errors import HubError
from tests.packs.repository import Village


def main(home: Path, root: Path, url: str) -> None:
    while sys.stdin.readline().strip() == "start":
        child = os.fork()
        if child == 0:
            code = 1
            try:
                Village(home, root.read_bytes()).update(url)
                code = 0
            except HubError as bad:
                print(f"told {bad}", file=sys.stderr, flush=True)
            finally:
                os._exit(code)
        print(f"pid {child}", flush=True)
        os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
        # Its number stays its own until whoever kills has heard that it is over.
        print("over 0", flush=True)
        sys.stdin.readline()
        _, status = os.waitpid(child, 0)
        print(f"ended {os.waitstatus_to_exitcode(status)}", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
