"""What a process holds in memory stays in memory: no core dump writes it to the card.

Keeps true: after ``keep`` neither a crash nor a signal leaves an image of this process, or of one it starts.
Swap is the machine's: the units refuse it (``MemorySwapMax=0``), and a desk machine is told in the manual.
"""

from __future__ import annotations

import resource
from contextlib import suppress

# One byte, not none: to a pipe (systemd-coredump, apport) the kernel writes whatever the limit is, but not at
# one.
_NO_IMAGE = 1


def keep() -> None:
    """Forbid core dumps of this process and its children; quiet where the system does not let it."""
    with suppress(OSError, ValueError):
        _, most = resource.getrlimit(resource.RLIMIT_CORE)
        limit = _NO_IMAGE if most == resource.RLIM_INFINITY else min(most, _NO_IMAGE)
        resource.setrlimit(resource.RLIMIT_CORE, (limit, limit))
