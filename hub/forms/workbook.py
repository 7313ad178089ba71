"""A form's Markdown table as a workbook, for servers that take no other kind of file.

Knows tables alone; never reads a form, and never part of a web start.
"""

from __future__ import annotations

import io

from openpyxl import Workbook


def made(table: str) -> bytes:
    """Return the sheets of a Markdown table (``| survey | …`` and rows below it) as an .xlsx file."""
    book = Workbook()
    sheet = None
    for line in table.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if not line.strip():
            continue
        if cells[0]:
            # The first sheet is there already; every other one is added behind it.
            sheet = book.create_sheet(cells[0]) if sheet is not None else book.active
            assert sheet is not None
            sheet.title = cells[0]
        elif sheet is not None:
            sheet.append([cell or None for cell in cells[1:]])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
