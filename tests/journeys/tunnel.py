"""A thin line between two network namespaces: two TUN devices, and a link that is slow, long and lossy.

Each end is a process in a network namespace of its own, made by itself and gone with it: no names, no mounts,
nothing to clean up. The link behaves as ``tc netem delay D loss P rate R limit N`` on the way out of either
end: a packet is lost before it is queued, a full queue drops, what is queued leaves at the rate and arrives
after the delay. Where the kernel has netem, netem itself does it and the link only hands packets over.

    python -m tests.journeys.tunnel SOCKET_FD ADDRESS [netem words] -- COMMAND…
"""

from __future__ import annotations

import collections
import contextlib
import ctypes
import dataclasses
import fcntl
import os
import random
import select
import shutil
import socket
import stat
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]
MTU = 1500
# A packet's IP and TCP headers, with the time stamps that Linux sends.
HEADERS = 52
FAR, NEAR = "10.211.0.1", "10.211.0.2"
_CLONE_NEWNET = 0x40000000
_TUNSETIFF = 0x400454CA
_TUN, _NO_INFO = 0x0001, 0x1000
_SET_ADDRESS, _SET_FLAGS, _SET_MASK, _SET_MTU = 0x8916, 0x8914, 0x891C, 0x8922
_UP = 0x1 | 0x40


@dataclasses.dataclass(frozen=True)
class Shape:
    """A line: kbit/s and packets of queue each way, seconds of delay one way, share of packets lost."""

    kbit: float
    delay_s: float
    loss: float
    queue: int

    @property
    def bytes_per_second(self) -> float:
        """What the line carries, headers included."""
        return self.kbit * 125

    def seconds(self, size: int) -> float:
        """The least time in which so many bytes pass over TCP when nothing is lost and nobody speaks."""
        return size * MTU / (MTU - HEADERS) / self.bytes_per_second

    @property
    def netem(self) -> tuple[str, ...]:
        """The same line in netem's words."""
        return (
            *("delay", f"{self.delay_s * 1000:.0f}ms", "loss", f"{self.loss:.1%}"),
            *("rate", f"{self.kbit:.0f}kbit", "limit", str(self.queue)),
        )


class CannotTunnel(Exception):
    """This machine lets us make no namespace or no TUN device."""


def enter(address: str) -> int:
    """Move this process into a new network namespace with one device; return the device's other side."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWNET):
        raise CannotTunnel(os.strerror(ctypes.get_errno()))
    try:
        tun = _open_tun()
        request = struct.pack("16sH22x", b"line", _TUN | _NO_INFO)
        fcntl.ioctl(tun, _TUNSETIFF, request)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
            for code, value in (
                (_SET_ADDRESS, _address(address)),
                (_SET_MASK, _address("255.255.255.0")),
                (_SET_MTU, struct.pack("i", MTU)),
                (_SET_FLAGS, struct.pack("H", _UP)),
            ):
                fcntl.ioctl(any_socket, code, struct.pack("16s24s", b"line", value))
            fcntl.ioctl(any_socket, _SET_FLAGS, struct.pack("16s24s", b"lo", struct.pack("H", _UP)))
    except OSError as bad:
        raise CannotTunnel(str(bad)) from bad
    return tun


def _address(dotted: str) -> bytes:
    return struct.pack("HH4s", socket.AF_INET, 0, socket.inet_aton(dotted))


def _open_tun() -> int:
    try:
        return os.open("/dev/net/tun", os.O_RDWR)
    except FileNotFoundError:
        # A bare root has no such node, and whoever is root may make one.
        with tempfile.TemporaryDirectory(dir="/tmp") as folder:
            node = os.path.join(folder, "tun")
            os.mknod(node, stat.S_IFCHR | 0o600, os.makedev(10, 200))
            return os.open(node, os.O_RDWR)


class Tunnel:
    """A link with a command at each end: ``start`` them, then read ``carried``."""

    def __init__(self, shape: Shape, seed: int = 1) -> None:
        self.shape = shape
        self.carried = [0, 0]
        self.lost = [0, 0]
        self.by_kernel = True
        self._random = random.Random(seed)
        self._ends: list[int] = []
        self._processes: list[subprocess.Popen[bytes]] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._shuttle, daemon=True)

    def start(
        self, far: Sequence[str], near: Sequence[str], *, out: int | None = None
    ) -> tuple[subprocess.Popen[bytes], subprocess.Popen[bytes]]:
        """Start a command at the far end and one at the near end. Raises ``CannotTunnel``."""
        for address, command in ((FAR, far), (NEAR, near)):
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            words = [sys.executable, "-m", "tests.journeys.tunnel", str(theirs.fileno()), address]
            with ours, theirs:
                process = subprocess.Popen(
                    [*words, *self.shape.netem, "--", *command],
                    cwd=ROOT,
                    pass_fds=[theirs.fileno()],
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=out,
                )
                self._processes.append(process)
                theirs.close()
                ours.settimeout(20)
                told, fds, _, _ = socket.recv_fds(ours, 400, 1)
            if not fds:
                raise CannotTunnel(told.decode("utf-8", "replace") or "the end of the line did not come up")
            self._ends += fds
            self.by_kernel = self.by_kernel and told == b"netem"
        self._thread.start()
        return self._processes[-2], self._processes[-1]

    def close(self) -> None:
        """End both commands and the line."""
        for process in self._processes:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            process.wait(10)
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(5)
        for end in self._ends:
            os.close(end)

    def _shuttle(self) -> None:
        rate = self.shape.bytes_per_second
        waiting: list[collections.deque[tuple[float, bytes]]] = [collections.deque(), collections.deque()]
        leaving: list[collections.deque[float]] = [collections.deque(), collections.deque()]
        free_at = [0.0, 0.0]
        while not self._stop.is_set():
            heads = [queue[0][0] for queue in waiting if queue]
            pause = min([0.2, *(max(0.0, at - time.monotonic()) for at in heads)])
            ready, _, _ = select.select(self._ends, [], [], pause)
            now = time.monotonic()
            for at, end in enumerate(self._ends):
                while leaving[at] and leaving[at][0] <= now:
                    leaving[at].popleft()
                if end in ready:
                    packet = os.read(end, 65536)
                    if self.by_kernel:
                        waiting[at].append((now, packet))
                    elif self._random.random() < self.shape.loss or len(leaving[at]) >= self.shape.queue:
                        self.lost[at] += 1
                    else:
                        free_at[at] = max(now, free_at[at]) + len(packet) / rate
                        leaving[at].append(free_at[at])
                        waiting[at].append((free_at[at] + self.shape.delay_s, packet))
                while waiting[at] and waiting[at][0][0] <= now:
                    _, packet = waiting[at].popleft()
                    self.carried[at] += len(packet)
                    with contextlib.suppress(OSError):
                        os.write(self._ends[1 - at], packet)


@contextlib.contextmanager
def tunnel(shape: Shape, seed: int = 1) -> Iterator[Tunnel]:
    """A line while the block runs."""
    line = Tunnel(shape, seed)
    try:
        yield line
    finally:
        line.close()


def _netem(words: Sequence[str]) -> bool:
    tc = shutil.which("tc", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if tc is None:
        return False
    done = subprocess.run(
        [tc, "qdisc", "add", "dev", "line", "root", "netem", *words], capture_output=True, timeout=20
    )
    return done.returncode == 0


def _main(told: int, address: str, words: Sequence[str], command: Sequence[str]) -> None:
    with socket.socket(fileno=told) as parent:
        try:
            tun = enter(address)
        except CannotTunnel as bad:
            parent.send(str(bad).encode())
            sys.exit(1)
        socket.send_fds(parent, [b"netem" if _netem(words) else b"plain"], [tun])
        os.close(tun)
    os.execv(command[0], list(command))


if __name__ == "__main__":
    _rest = sys.argv[3:]
    _at = _rest.index("--")
    _main(int(sys.argv[1]), sys.argv[2], _rest[:_at], _rest[_at + 1 :])
