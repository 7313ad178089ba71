"""Run ``scanimage`` and take its pages through named pipes, each in bounded time.

Keeps true: a page is never in a file: the program may not write one byte to a disk (its file size limit is
nought), what looks like files to it are pipes. It ends before the page's deadline, with the bench if that is
killed, and soon after somebody says stop; what does not end when asked is killed with all its children.
"""

from __future__ import annotations

import io
import os
import re
import select
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from devices.desk_ports import ScannedPage
from devices.ports import Busy, CoverOpen, Denied, DeviceError, Jammed, NoDocument, Offline, Unsupported

_POLL_MS = 100
_CHUNK = 1 << 18
_END_S = 1.5
_LET_GO_S = 3.0
_SAID_MOST = 4_000
_HEAD_MOST = 1_000
_MOST_PIXELS = 80_000_000
_TELL_S = 0.2
_HEAD = re.compile(rb"(P[56])\s(?:#[^\n]*\n|\s)*(\d{1,6})\s+(?:#[^\n]*\n)*(\d{1,6})\s+(\d{1,5})\s")

_CODES: dict[int, type[DeviceError]] = {
    3: Busy,
    6: Jammed,
    7: NoDocument,
    8: CoverOpen,
    9: Offline,
    11: Denied,
}
_WORDS: tuple[tuple[str, type[DeviceError]], ...] = (
    ("device busy", Busy),
    ("jammed", Jammed),
    ("out of documents", NoDocument),
    ("cover is open", CoverOpen),
    ("access to resource", Denied),
    ("permission denied", Denied),
    ("error during device i/o", Offline),
    ("open of device", Offline),
    ("no sane devices found", Offline),
    ("operation not supported", Unsupported),
)


def command(*arguments: str) -> list[str]:
    """Return the command line: no file may be written, no core left, and it ends with its parent.

    Raises Unsupported where a program is missing.
    """
    for name, package in (("scanimage", "sane-utils"), ("prlimit", "util-linux"), ("setpriv", "util-linux")):
        if shutil.which(name) is None:
            raise Unsupported(f"{name} not found: install {package}")
    return ["setpriv", "--pdeathsig", "KILL", "prlimit", "--fsize=0", "--core=0", "scanimage", *arguments]


def environment(config_dir: Path | None = None) -> dict[str, str]:
    """Return the environment of ``scanimage``; ``config_dir`` replaces SANE's own configuration."""
    told = {**os.environ, "LC_ALL": "C"}
    if config_dir is not None:
        told["SANE_CONFIG_DIR"] = str(config_dir)
    return told


def ask(arguments: list[str], env: Mapping[str, str], timeout_s: float) -> str:
    """Return what a short question to ``scanimage`` printed; raises the error it ended with, Offline when it
    does not end in time.
    """
    asked = _start(command(*arguments), env, subprocess.PIPE)
    try:
        out, said = asked.communicate(timeout=timeout_s)
    except subprocess.TimeoutExpired:
        raise Offline(f"scanimage gave no answer in {timeout_s:.0f} s") from None
    finally:
        _kill(asked)
    if asked.returncode:
        raise error_of(asked.returncode, said.decode("utf-8", "replace"))
    return out.decode("utf-8", "replace")


def error_of(code: int, said: str) -> DeviceError:
    """Return the error that ``scanimage`` ended with."""
    lines = [line.strip() for line in said.splitlines() if line.strip().startswith("scanimage:")]
    # A backend's own helper may have the last word ("received signal 13"): what names the fault counts.
    telling = [line for line in lines if _named(line) is not None] or lines
    detail = telling[-1][:200] if telling else f"scanimage ended with {code}"
    if code in _CODES:
        return _CODES[code](detail)
    kind = _named(detail)
    if kind is not None:
        return kind(detail)
    return Offline(detail) if code < 0 else DeviceError(detail)


def _named(said: str) -> type[DeviceError] | None:
    return next((kind for words, kind in _WORDS if words in said.lower()), None)


def pages(
    arguments: list[str],
    env: Mapping[str, str],
    *,
    dpi: int,
    most: int,
    page_s: float,
    on_page: Callable[[ScannedPage], None],
    on_progress: Callable[[int, float], None],
    stopped: Callable[[], bool],
) -> int:
    """Scan up to ``most`` pages in one run and return how many came; errors as in ``Scanner.scan``."""
    with tempfile.TemporaryDirectory(prefix="house-scan-") as name:
        folder = Path(name)
        for number in range(1, most + 1):
            os.mkfifo(folder / f"p{number}.part", 0o600)
        line = command("--format=pnm", f"--batch={folder}/p%d", f"--batch-count={most}", *arguments)
        run = _Run(_start(line, env, subprocess.DEVNULL), folder, page_s, stopped)
        try:
            for number in range(1, most + 1):
                pnm = run.page(number, on_progress)
                if pnm is None:
                    return number - 1
                on_page(ScannedPage(number, pnm, dpi))
                on_progress(number, 1.0)
            return most
        finally:
            run.end()


def _start(line: list[str], env: Mapping[str, str], out: int) -> subprocess.Popen[bytes]:
    try:
        # Python ignores SIGXFSZ and SIGPIPE and its children keep that: a driver that would write a file gets
        # an error instead of its death.
        return subprocess.Popen(
            line,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.PIPE,
            env=dict(env),
            start_new_session=True,
            restore_signals=False,
        )
    except OSError as bad:
        raise Unsupported(f"scanimage does not start: {bad.strerror}") from None


def _kill(process: subprocess.Popen[bytes]) -> None:
    # By the group: a backend may have started helpers of its own.
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()
    for pipe in (process.stdout, process.stderr):
        if pipe is not None:
            pipe.close()


class _Run:
    def __init__(
        self, process: subprocess.Popen[bytes], folder: Path, page_s: float, stopped: Callable[[], bool]
    ) -> None:
        self._process = process
        self._folder = folder
        self._page_s = page_s
        self._stopped = stopped
        self._said = bytearray()
        assert process.stderr is not None
        self._errors = process.stderr.fileno()
        os.set_blocking(self._errors, False)

    def page(self, number: int, on_progress: Callable[[int, float], None]) -> bytes | None:
        """Return a page's bytes; None when there are no more, or somebody said stop."""
        pipe = os.open(self._folder / f"p{number}.part", os.O_RDONLY | os.O_NONBLOCK)
        try:
            return self._read(number, pipe, on_progress)
        finally:
            os.close(pipe)

    def _read(self, number: int, pipe: int, on_progress: Callable[[int, float], None]) -> bytes | None:
        until, told_at = time.monotonic() + self._page_s, 0.0
        taken, want = io.BytesIO(), 0
        look = select.poll()
        look.register(pipe, select.POLLIN)
        while True:
            if self._stopped():
                return None
            if (now := time.monotonic()) > until:
                raise Offline(f"no whole page within {self._page_s:.0f} s")
            ended = self._process.poll() is not None
            events = dict(look.poll(0 if ended else _POLL_MS)).get(pipe, 0)
            self._listen()
            if events & select.POLLIN:
                taken.write(os.read(pipe, _CHUNK))
                want = want or _size(taken)
                if want and taken.tell() > want:
                    raise DeviceError("more than a page where a page was promised")
                if want and now - told_at >= _TELL_S:
                    told_at = now
                    on_progress(number, taken.tell() / want)
            elif want and taken.tell() == want and (events or ended):
                self._whole(ended=ended)
                return taken.getvalue()
            elif events or ended:
                self._nothing(number, taken.tell(), until)
                return None

    def _whole(self, *, ended: bool) -> None:
        # The last row may have come together with the word that something is wrong: the run's end tells.
        if ended and self._process.returncode not in (0, 7):
            raise error_of(self._process.returncode, self._words())

    def _nothing(self, number: int, came: int, until: float) -> None:
        # The pipe is closed, but a backend may take seconds to let go and only then say why.
        patience = time.monotonic() + _LET_GO_S
        while (code := self._process.poll()) is None:
            if self._stopped():
                return
            self._listen()
            if time.monotonic() > patience and _named(self._words()) is not None:
                # It has said what is wrong and does not let go of the scanner: SANE's own test backend does so now
                # and then.
                raise error_of(1, self._words())
            if time.monotonic() > until:
                raise Offline("the scan ended in the middle of a page and scanimage does not end")
            time.sleep(_POLL_MS / 1000)
        self._listen()
        if code and not (code == 7 and number > 1 and not came):
            raise error_of(code, self._words())
        if came:
            raise Offline("the scan ended in the middle of a page")
        if number == 1:
            raise NoDocument("not one page came")

    def _listen(self) -> None:
        try:
            self._said += os.read(self._errors, 4096)
        except BlockingIOError:
            return
        del self._said[:-_SAID_MOST]

    def _words(self) -> str:
        return self._said.decode("utf-8", "replace")

    def end(self) -> None:
        """End the program: asked first, so that the lamp goes home, then for good."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            try:
                self._process.wait(_END_S)
            except subprocess.TimeoutExpired:
                pass
        _kill(self._process)


def _size(taken: io.BytesIO) -> int:
    # How many bytes the whole page has, from its first line; 0 while that is not here yet.
    with taken.getbuffer() as seen:
        head = bytes(seen[:_HEAD_MOST])
    found = _HEAD.match(head)
    if found is None:
        if len(head) >= _HEAD_MOST or (len(head) >= 2 and head[:2] not in (b"P5", b"P6")):
            raise DeviceError("junk where a page was promised")
        return 0
    width, height, most = int(found[2]), int(found[3]), int(found[4])
    if not 0 < width * height <= _MOST_PIXELS or most != 255:
        raise DeviceError(f"no page has {width} by {height} dots")
    return found.end() + width * height * (3 if found[1] == b"P6" else 1)
