"""A print service of the tests' own: a real ``cupsd`` with IPP Everywhere printers that can be made to fail.

Nothing of the machine's own print service is touched: the server has its folders, its port on 127.0.0.1 and
its private message bus, runs as whoever runs the tests (as ``lp`` for root, which CUPS wants), and every
process is ended by the id it was started with.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cups

CUPSD = shutil.which("cupsd", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
IPP_PRINTER = shutil.which("ippeveprinter", path=f"{os.environ.get('PATH', '')}:/usr/sbin")

# Prints a job unless it is told that something is wrong; then it says so and waits, as a printer does, and
# drops a job that is cancelled meanwhile (ippeveprinter itself would still hand it to its command).
_COMMAND = """#!/bin/sh
here={here}
told=
cancels() {{ grep -c "Cancel-Job successful" "$here/log"; }}
before=$(cancels)
tell() {{ [ -z "$1" ] || echo "STATE: $2$1" >&2; }}
while now=$(cat "$here/fault" 2>/dev/null) && [ -n "$now" ]; do
  if [ "$now" != "$told" ]; then tell "$told" -; tell "$now" +; told=$now; fi
  if [ "$(cancels)" != "$before" ]; then tell "$told" -; exit 0; fi
  sleep 0.1
done
tell "$told" -
[ "$(cancels)" = "$before" ] || exit 0
number=$(ls "$here/out" | wc -l)
cat "$1" > "$here/out/.new" && mv "$here/out/.new" "$here/out/$(printf %04d "$number")-$(basename "$1")"
"""


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as line:
        line.bind(("127.0.0.1", 0))
        return int(line.getsockname()[1])


def until(what: Callable[[], Any], seconds: float = 8.0) -> Any:
    """Return what ``what`` returns once it is true; fail after ``seconds``."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = what()
        if found:
            return found
        time.sleep(0.03)
    raise AssertionError("it did not come about in time")


def _listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=0.5):
        return True
    return False


def _end(process: subprocess.Popen[bytes] | None) -> None:
    if process is not None and process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGCONT)
            process.terminate()
        try:
            process.wait(3)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(3)


class IppPrinter:
    """A printer with a cable, a tray and a lid, that speaks IPP Everywhere on 127.0.0.1."""

    def __init__(self, folder: Path, bus: str) -> None:
        self.folder, self._bus = folder, bus
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        (folder / "out").mkdir(parents=True)
        (folder / "spool").mkdir()
        command = folder / "command"
        command.write_text(_COMMAND.format(here=folder))
        command.chmod(0o755)
        self.plug_in()

    @property
    def uri(self) -> str:
        """Where it is found."""
        return f"ipp://localhost:{self.port}/ipp/print"

    @property
    def plugged(self) -> bool:
        """Whether its cable is in."""
        return self._process is not None

    def plug_in(self) -> None:
        """Connect it (again), at the same address."""
        assert IPP_PRINTER is not None
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [IPP_PRINTER, "-v", "-r", "off", "-n", "localhost", "-p", str(self.port)]
                + ["-c", str(self.folder / "command"), "-d", str(self.folder / "spool"), "-k"]
                + ["-f", "application/pdf,image/pwg-raster,image/jpeg", "Sheets"],
                stdout=log,
                stderr=log,
                env=os.environ | {"DBUS_SYSTEM_BUS_ADDRESS": self._bus},
                start_new_session=True,
            )
        until(lambda: _listens(self.port))

    def pull(self) -> None:
        """Pull its cable out."""
        if self._process is not None:
            # Its command runs in the same session: nothing of it may go on printing.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(3)
            self._process = None

    def fault(self, reason: str) -> None:
        """Have it stop before the next sheet and give ``reason`` (``media-empty-error``)."""
        (self.folder / "fault").write_text(reason)

    def mend(self) -> None:
        """Put paper in, close the lid."""
        (self.folder / "fault").write_text("")

    def out(self) -> list[bytes]:
        """Return what came out, oldest first."""
        return [path.read_bytes() for path in sorted((self.folder / "out").glob("[0-9]*"))]

    def close(self) -> None:
        """End it."""
        self.pull()


class PrivateCups:
    """A print service; ``queues`` are made on it with ``queue``."""

    def __init__(self) -> None:
        assert CUPSD is not None
        # Not in pytest's own folder: the filters run as another user, and every pytest that starts on this
        # machine closes that folder to others again.
        self._place = tempfile.TemporaryDirectory(prefix="house-cups-")
        self.folder = Path(self._place.name)
        self.port = free_port()
        self._cupsd: subprocess.Popen[bytes] | None = None
        self.printers: list[IppPrinter] = []
        for name in ("etc", "run", "cache", "log", "spool", "spool/tmp", "bus"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        self._bus_process, self.bus = self._start_bus()
        self._configure()
        self.start()

    @property
    def server(self) -> str:
        """Where it listens, as a setting names it."""
        return f"127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it (again)."""
        assert CUPSD is not None
        etc = self.folder / "etc"
        with (self.folder / "log" / "start").open("ab") as log:
            self._cupsd = subprocess.Popen(
                [CUPSD, "-f", "-c", str(etc / "cupsd.conf"), "-s", str(etc / "cups-files.conf")],
                stdout=log,
                stderr=log,
                env=os.environ | {"DBUS_SYSTEM_BUS_ADDRESS": self.bus},
                start_new_session=True,
            )
        until(lambda: _listens(self.port))

    def stop(self) -> None:
        """Stop it."""
        _end(self._cupsd)
        self._cupsd = None

    def freeze(self) -> None:
        """Have it take questions and answer none."""
        assert self._cupsd is not None
        os.kill(self._cupsd.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Have it answer again."""
        assert self._cupsd is not None
        os.kill(self._cupsd.pid, signal.SIGCONT)

    def forget(self) -> None:
        """Have it lose every job it ever had, as a spool in memory does when the power goes."""
        self.stop()
        for path in [*(self.folder / "spool").glob("[cd]*"), self.folder / "cache" / "job.cache"]:
            path.unlink(missing_ok=True)
        self.start()

    def asks(self) -> Any:
        """Return a connection of an administrator."""
        return cups.Connection(host="127.0.0.1", port=self.port)

    def printer(self, queue: str, *, policy: str = "retry-current-job", hurry: bool = False) -> IppPrinter:
        """Return a new printer with a driverless queue of that name; ``hurry`` gives up connecting early."""
        made = IppPrinter(self.folder / f"printer-{queue}", self.bus)
        self.printers.append(made)
        conn = self.asks()
        conn.addPrinter(queue, ppdname="everywhere", device=made.uri)
        # The server asks the printer what it can do and makes the queue when it knows.
        until(lambda: "Everywhere" in conn.getPrinters().get(queue, {}).get("printer-make-and-model", ""))
        if hurry:
            conn.setPrinterDevice(queue, f"{made.uri}?contimeout=2")
        conn.setPrinterErrorPolicy(queue, policy)
        conn.acceptJobs(queue)
        conn.enablePrinter(queue)
        return made

    def close(self) -> None:
        """End everything that was started."""
        self.stop()
        for printer in self.printers:
            printer.close()
        _end(self._bus_process)
        self._place.cleanup()

    def _start_bus(self) -> tuple[subprocess.Popen[bytes], str]:
        place = self.folder / "bus" / "socket"
        config = self.folder / "bus" / "bus.conf"
        config.write_text(
            "<busconfig><type>custom</type>"
            f"<listen>unix:path={place}</listen><policy context='default'>"
            "<allow user='*'/><allow own='*'/><allow send_destination='*'/><allow receive_sender='*'/>"
            "</policy></busconfig>"
        )
        found = shutil.which("dbus-daemon")
        assert found is not None
        process = subprocess.Popen(
            [found, f"--config-file={config}", "--nofork", "--nopidfile"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        until(place.exists)
        return process, f"unix:path={place}"

    def _configure(self) -> None:
        folder = self.folder
        me = pwd.getpwuid(os.getuid()).pw_name
        user, group = ("lp", "lp") if os.getuid() == 0 else (me, _group())
        (folder / "etc" / "cups-files.conf").write_text(
            f"User {user}\nGroup {group}\nSystemGroup root {_group()}\nFileDevice Yes\n"
            f"ServerRoot {folder}/etc\nStateDir {folder}/run\nCacheDir {folder}/cache\n"
            f"RequestRoot {folder}/spool\nTempDir {folder}/spool/tmp\n"
            f"AccessLog {folder}/log/access\nErrorLog {folder}/log/error\nPageLog {folder}/log/page\n"
        )
        (folder / "etc" / "cupsd.conf").write_text(
            f"Listen 127.0.0.1:{self.port}\nLogLevel debug\nBrowsing No\nWebInterface No\nDefaultShared No\n"
            "PreserveJobHistory Yes\nPreserveJobFiles No\nJobRetryInterval 2\nMaxJobs 500\n"
            "<Location />\nOrder allow,deny\nAllow 127.0.0.1\n</Location>\n"
            "<Policy default>\nJobPrivateAccess default\nJobPrivateValues default\n"
            "<Limit All>\nOrder deny,allow\nAllow 127.0.0.1\n</Limit>\n</Policy>\n"
        )
        if os.getuid() == 0:
            # CUPS gives up being root, and its folders must let it in wherever the tests put them.
            for path in [folder, *folder.rglob("*")]:
                shutil.chown(path, user, group)
            folder.chmod(0o711)


def _group() -> str:
    import grp

    return grp.getgrgid(os.getgid()).gr_name


if __name__ == "__main__":
    sys.exit("this is a part of the tests")
