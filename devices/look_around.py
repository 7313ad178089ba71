"""Look around for devices of one kind, as a process of its own: ``python -m devices.look_around printer``.

Keeps true: libraries that look at buses and networks may hang or crash in C, and then only this process is lost;
whoever started it reads one JSON list from its output and ends it when it takes too long.
"""

from __future__ import annotations

import dataclasses
import json
import sys

from devices import choose


def main(arguments: list[str]) -> int:
    """Write what was found for the kinds named by ``arguments`` as JSON."""
    found = [dataclasses.asdict(one) for one in choose.found(arguments)]
    json.dump(found, sys.stdout, ensure_ascii=False)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
