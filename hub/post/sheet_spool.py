"""Where the print service of this machine lays down what it is given: it must be memory, never the card.

Keeps true: only what the service's own settings say is believed, with its own defaults where they are silent.
It asks the service nothing and changes nothing.
"""

from __future__ import annotations

from pathlib import Path

from devices.config import SheetsConfig
from hub.base import volatile

ROOT = Path("/etc/cups")
_FOLDERS = {"RequestRoot": "/var/spool/cups", "TempDir": "/var/spool/cups/tmp"}
_YES = ("yes", "on", "true", "1")


def lacking(config: SheetsConfig, root: Path = ROOT) -> tuple[str, ...]:
    """Return what of the print service's settings would put a sheet on the card; empty when all is well, and
    for a House that prints none through this machine's service.
    """
    if config.kind != "cups" or config.server:
        return ()
    try:
        told = _told(root / "cups-files.conf") | _told(root / "cupsd.conf")
    except PermissionError as bad:
        # CUPS closes its settings to others: who cannot read them knows nothing of them.
        return (f"{bad.filename}: run hub doctor as root",)
    found = []
    for name, default in _FOLDERS.items():
        place = Path(told.get(name.lower(), default))
        if not volatile.in_memory(place):
            found.append(f"{name} {place}")
    # CUPS keeps the files of the last day unless it is told otherwise.
    if told.get("preservejobfiles", "86400").lower() not in ("no", "off", "false", "0"):
        found.append("PreserveJobFiles")
    # Without its history nobody could tell after a crash whether a sheet was handed over.
    if told.get("preservejobhistory", "yes").lower() not in _YES:
        found.append("PreserveJobHistory")
    return tuple(found)


def _told(path: Path) -> dict[str, str]:
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except PermissionError:
        raise
    except OSError:
        return {}
    pairs = (
        line.split(None, 1) for line in lines if line.strip() and not line.lstrip().startswith(("#", "<"))
    )
    return {pair[0].lower(): pair[1].strip() for pair in pairs if len(pair) == 2}
