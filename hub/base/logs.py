"""Logs: one JSON object a line on stderr, for journald and for people; never a person's data.

The latest errors are also kept in the data folder, so that a technician can hand them on without a terminal.
Keeps true: what is kept says where an unforeseen error arose and of what kind it was, but not its message,
which may repeat what somebody typed; it is small, and written only when something went wrong.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import logging.handlers
import sys
import traceback
from pathlib import Path

_KEPT_BYTES = 64 * 1024
_FRAMES = 6


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "at": dt.datetime.fromtimestamp(record.created, dt.UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "room": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def start(*, verbose: bool = False) -> None:
    """Send all logging of this process to stderr as JSON lines."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonLines())
    logging.basicConfig(level=logging.DEBUG if verbose else logging.INFO, handlers=[handler], force=True)


class _Kept(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": dt.datetime.fromtimestamp(record.created, dt.UTC).isoformat(timespec="seconds"),
            "room": record.name,
            "message": record.getMessage()[:300],
        }
        if record.exc_info and record.exc_info[0] is not None:
            frames = traceback.extract_tb(record.exc_info[2])[-_FRAMES:]
            where = " > ".join(map(_place, frames))
            line["trace"] = f"{record.exc_info[0].__name__} at {where}"
        return json.dumps(line, ensure_ascii=False)


def _place(frame: traceback.FrameSummary) -> str:
    return f"{'/'.join(Path(frame.filename).parts[-2:])}:{frame.lineno} {frame.name}"


def keep(data: Path, worker: str) -> None:
    """Also keep this process's latest errors, a few dozen kilobytes, in ``data/errors``; quiet if it cannot."""
    folder = data / "errors"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        handler = logging.handlers.RotatingFileHandler(
            folder / f"{worker}.jsonl", maxBytes=_KEPT_BYTES, backupCount=1, encoding="utf-8", delay=True
        )
    except OSError:
        return
    handler.setLevel(logging.ERROR)
    handler.setFormatter(_Kept())
    logging.getLogger().addHandler(handler)


def kept(data: Path, most: int = 40) -> tuple[str, ...]:
    """Return the latest kept errors of all workers, oldest first, as ``at worker room message trace``."""
    found = []
    for path in sorted((data / "errors").glob("*.jsonl*")):
        worker = path.name.split(".")[0]
        try:
            lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            continue
        for line in lines:
            try:
                told = json.loads(line)
                parts = (told["at"], worker, told["room"], told["message"], told.get("trace", ""))
            except (ValueError, KeyError, TypeError):
                continue
            found.append(" ".join(str(part) for part in parts if part))
    return tuple(sorted(found)[-most:])
