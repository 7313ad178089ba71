"""A real slip printer, where one is attached: ``HUB_TEST_PRINTER=/etc/hub/hub.toml`` names its settings.

Without that there is nothing to test and no test is made. The person at the printer looks at the paper.
"""

from __future__ import annotations

import os
from pathlib import Path

from devices import choose
from devices.picture import PictureBook
from devices.ports import State
from hub.base import settings
from tests.devices.samples import PICTURES, scripts, ticket

NAMED = os.environ.get("HUB_TEST_PRINTER", "")

if NAMED:

    def test_the_attached_printer_says_how_it_is_and_prints_three_papers(tmp_path: Path) -> None:
        config = settings.load(Path(NAMED)).printer
        printer = choose.slip_printer(config, tmp_path, PictureBook(PICTURES))
        assert printer.status().state in (State.READY, State.LOW_PAPER, State.UNKNOWN)
        told: list[str] = []
        printer.print(ticket(), on_first_byte=lambda: told.append("ticket"))
        printer.print(scripts(), on_first_byte=lambda: told.append("scripts"))
        printer.print_probe(on_first_byte=lambda: told.append("probe"))
        assert told == ["ticket", "scripts", "probe"]
        assert printer.status().state in (State.READY, State.LOW_PAPER, State.UNKNOWN)
        printer.close()
