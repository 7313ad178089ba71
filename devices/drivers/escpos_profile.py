"""What python-escpos knows of a printer, and what follows for the settings.

Keeps true: what a technician saw on the probe slip (a named image command, a code page) stands over what a
list says; ``auto`` and the cutter follow the list. A profile that cannot be meant is refused when the
printer is set up, not when the first villager waits.
"""

from __future__ import annotations

import difflib
from dataclasses import replace
from typing import Any

from escpos import capabilities

from devices.config import PrinterConfig
from devices.ports import Unsupported

_COMMANDS = {"raster": "bitImageRaster", "graphics": "graphics", "column": "bitImageColumn"}
_CUTS = {"part": "paperPartCut", "full": "paperFullCut"}


def names() -> tuple[str, ...]:
    """Return the profiles that python-escpos knows."""
    return tuple(sorted(capabilities.CAPABILITIES["profiles"]))


def settled(config: PrinterConfig) -> PrinterConfig:
    """Return the settings with ``auto`` decided and a cut that the printer can do.

    Raises Unsupported for a profile nobody knows, one narrower than the settings, one that prints no images.
    """
    if not config.profile:
        return replace(config, mode="raster") if config.mode == "auto" else config
    known = capabilities.CAPABILITIES["profiles"].get(config.profile)
    if known is None:
        near = difflib.get_close_matches(config.profile, names(), 3, 0.4)
        raise Unsupported(f"no printer profile {config.profile!r}; near it: {', '.join(near) or 'none'}")
    wide = known["media"].get("width", {}).get("pixels")
    if isinstance(wide, int) and wide < config.width:
        raise Unsupported(f"{config.profile} prints {wide} dots a line, the settings say {config.width}")
    return replace(config, mode=_mode(config, known["features"]), cut=_cut(config, known["features"]))


def _mode(config: PrinterConfig, features: dict[str, Any]) -> Any:
    if config.mode != "auto":
        return config.mode
    for mode, feature in _COMMANDS.items():
        if features.get(feature):
            return mode
    raise Unsupported(f"{config.profile} prints no images")


def _cut(config: PrinterConfig, features: dict[str, Any]) -> Any:
    if config.cut == "none" or features.get(_CUTS[config.cut]):
        return config.cut
    return next((cut for cut, feature in _CUTS.items() if features.get(feature)), "none")
