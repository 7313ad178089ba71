"""Scan through SANE's ``scanimage``, in a process of its own for each question and each run.

Keeps true: the scanner is known by vendor, product and serial number or by its network address, looked up
anew at each opening; every question has a deadline; pages stay in memory. A network scanner is asked alone,
without a search of the network. To say how it is it neither scans nor, while all is well, opens the scanner: an
open lid or a jam that a scan met is told until a scan succeeds, it is plugged in anew, or it says otherwise.
"""

from __future__ import annotations

import shutil
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from devices.config import ScannerConfig
from devices.desk_ports import ScannedPage, Scanner, ScanSource, ScanWish
from devices.drivers import scan_escl, scan_names, scan_options, scan_run
from devices.drivers.scan_options import Options
from devices.ports import Busy, DeviceError, NoDocument, Offline, State, Status, Unsupported

_LIST_S = 12.0
_ASK_S = 10.0
_TELL_S = 2.0
_FIND_S = 3.0
_TRUST_S = 300.0
"""How long a scanner that is on no bus and on no network counts as there without being opened."""
_PAUSE_FIRST_S, _PAUSE_MOST_S = 5.0, 60.0
# What an opening cannot disprove: only a scan sees a lid or a jam.
_ONLY_SCANS_SEE = (State.COVER_OPEN, State.JAMMED)
_NETWORK = "House"


@dataclass(frozen=True, slots=True)
class _Known:
    """The scanner as it was found: ``place`` is valid as long as ``_place`` returns the same."""

    at: float
    place: tuple[object, ...]
    name: str
    opened: Options
    by_source: dict[str, Options] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Sick:
    status: Status
    place: tuple[object, ...]
    again_at: float
    pause_s: float


class SaneScanner(Scanner):
    """A scanner that SANE knows."""

    def __init__(self, config: ScannerConfig) -> None:
        scan_run.command()
        self._config = config
        self._one = threading.Lock()
        self._closed = threading.Event()
        self._folder = Path(tempfile.mkdtemp(prefix="house-sane-")) if config.address else None
        self._url = ""
        self._known: _Known | None = None
        self._sick: _Sick | None = None

    def sources(self) -> tuple[ScanSource, ...]:
        with self._turn():
            known = self._asked()
            found = set(scan_options.sources(known.opened))
            if (word := scan_options.first(known.opened, ScanSource.FEEDER_BOTH)) is not None:
                found |= set(scan_options.sources(self._options(known, word)))
        return tuple(source for source in ScanSource if source in found)

    def scan(
        self,
        wish: ScanWish,
        *,
        on_page: Callable[[ScannedPage], None],
        on_progress: Callable[[int, float], None],
        stopped: Callable[[], bool],
    ) -> int:
        with self._turn():
            known = self._asked()
            try:
                word = scan_options.first(known.opened, wish.source)
                options = known.opened if word is None else self._options(known, word)
                told, dpi = scan_options.arguments(options, wish)
                count = scan_run.pages(
                    ["-d", known.name, *told, *self._extra()],
                    scan_run.environment(self._folder),
                    dpi=dpi,
                    most=1 if wish.source is ScanSource.FLATBED else wish.most_pages,
                    page_s=self._config.page_s,
                    on_page=on_page,
                    on_progress=on_progress,
                    stopped=lambda: self._closed.is_set() or stopped(),
                )
            except DeviceError as bad:
                self._fell(bad, known.place)
                raise
            if self._closed.is_set():
                raise Offline("closed")
            if count:
                self._sick = None
            return count

    def status(self) -> Status:
        if self._closed.is_set():
            return Status(State.OFFLINE, "closed")
        if not self._one.acquire(blocking=False):
            return Status(State.READY, "scanning")
        try:
            return self._look()
        except DeviceError as bad:
            return Status.of(bad)
        finally:
            self._one.release()

    def close(self) -> None:
        self._closed.set()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _turn(self) -> _Turn:
        return _Turn(self._one, self._closed)

    def _look(self) -> Status:
        place = self._place()
        if self._sick is not None and self._sick.place != place:
            self._sick = None
        sick = self._sick
        if self._config.address:
            return self._look_network(sick)
        if sick is not None and (sick.status.state in _ONLY_SCANS_SEE or time.monotonic() < sick.again_at):
            return sick.status
        self._asked(anew=sick is not None)
        self._sick = None
        return Status(State.READY)

    def _look_network(self, sick: _Sick | None) -> Status:
        waits = sick is not None and time.monotonic() < sick.again_at
        if waits and sick is not None and not self._url:
            return sick.status
        told = scan_escl.status(self._address(), _TELL_S)
        if told.state is State.OFFLINE:
            # Its address may have changed: what announced itself is looked for again.
            self._known, self._url = None, ""
            return told
        if not told.state.usable:
            return told
        if told.state is State.UNKNOWN and sick is not None and sick.status.state in _ONLY_SCANS_SEE:
            return sick.status
        if self._known is None:
            if waits and sick is not None:
                return sick.status
            self._asked()
        self._sick = None
        return told

    def _asked(self, *, anew: bool = False) -> _Known:
        place = self._place()
        known = self._known
        if known is not None and not anew and known.place == place:
            if self._config.vendor or self._config.address or time.monotonic() - known.at < _TRUST_S:
                return known
        self._known = None
        try:
            name = self._name()
            env = scan_run.environment(self._folder)
            opened = scan_options.parse(scan_run.ask(["-d", name, "-A"], env, _ASK_S))
        except DeviceError as bad:
            self._fell(bad, place)
            raise
        self._known = _Known(time.monotonic(), place, name, opened)
        return self._known

    def _options(self, known: _Known, word: str) -> Options:
        if word not in known.by_source:
            env = scan_run.environment(self._folder)
            told = scan_run.ask(["-d", known.name, f"--source={word}", "-A"], env, _ASK_S)
            known.by_source[word] = scan_options.parse(told)
        return known.by_source[word]

    def _fell(self, bad: DeviceError, place: tuple[object, ...]) -> None:
        if isinstance(bad, (NoDocument, Unsupported)):
            # The scanner is well; it was asked for what does not lie there, or what it does not have.
            return
        if bad.state not in _ONLY_SCANS_SEE:
            # It may have been plugged in elsewhere: the next one looks it up anew.
            self._known = None
        last = self._sick.pause_s if self._sick is not None else 0.0
        pause = min(max(2 * last, _PAUSE_FIRST_S), _PAUSE_MOST_S)
        self._sick = _Sick(Status.of(bad), place, time.monotonic() + pause, pause)

    def _place(self) -> tuple[object, ...]:
        # What changes when it is plugged in anew; nothing for what is on no bus.
        config = self._config
        if config.address or config.device:
            return ()
        if config.vendor:
            node = scan_names.node_of(config.vendor, config.product, config.serial)
            if node is None:
                self._known = None
                raise Offline("the scanner is not plugged in")
            return (node,)
        return tuple(node for node, _ in scan_names.plugged())

    def _name(self) -> str:
        config = self._config
        if config.device:
            return config.device
        if config.address:
            self._address()
            return f"airscan:e0:{_NETWORK}"
        seen = scan_names.listed(scan_run.ask(scan_names.LISTING, scan_run.environment(), _LIST_S))
        if config.vendor:
            name = scan_names.choose(seen, config.vendor, config.product, config.serial)
            if name is None:
                raise Offline("plugged in, but SANE does not know this scanner")
            return name
        if not seen:
            raise Offline("no scanner found")
        if len(seen) > 1:
            raise Unsupported("several scanners: choose one")
        return seen[0].name

    def _address(self) -> str:
        # What announced itself is looked for by its name; SANE is told of this one scanner alone.
        if self._url:
            return self._url
        url = self._config.address
        if not url.startswith(("http://", "https://")):
            try:
                url = scan_names.announced_at(url, _FIND_S)
            except OSError as bad:
                gone = Offline(str(bad)[:200])
                self._fell(gone, ())
                raise gone from None
        assert self._folder is not None
        try:
            (self._folder / "dll.conf").write_text("airscan\n", "utf-8")
            (self._folder / "airscan.conf").write_text(
                f"[devices]\n{_NETWORK} = {url}, eSCL\n[options]\ndiscovery = disable\n", "utf-8"
            )
        except OSError as bad:
            raise Offline(f"SANE's settings cannot be written: {bad.strerror}") from None
        self._url = url
        return url

    def _extra(self) -> list[str]:
        return [f"--{name}={value}" for name, value in self._config.options.items()]


class _Turn:
    def __init__(self, one: threading.Lock, closed: threading.Event) -> None:
        self._one = one
        self._closed = closed

    def __enter__(self) -> None:
        if self._closed.is_set():
            raise Offline("closed")
        if not self._one.acquire(blocking=False):
            raise Busy("another scan is on its way")

    def __exit__(self, *_: object) -> None:
        self._one.release()
