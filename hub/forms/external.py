"""Files a form is handed with - tables, trees, places - read into lists its expressions can search.

A list looks the same whatever it came from: ``root`` with one ``item`` for each row. Sizes are bounded, XML
is read as hostile, and a file that is missing or broken is refused by its name when the form is read.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Mapping, Sequence

from lxml import etree

from hub.base.errors import HubError, Refused
from hub.forms import markup
from hub.forms.markup import Element, clean

MAX_ROWS = 100_000
MAX_CELLS = 1_000_000
LAST_SAVED = "jr://instance/last-saved"

_SOURCE = re.compile(r"jr://(?:file-csv|file|instance)/([^/\\\x00-\x1f]{1,200})")
_NAME = re.compile(r"[^\W\d][\w.\-]*")
_SHAPES = {"LineString": "geotrace", "Polygon": "geoshape"}


def file_name(source: str) -> str:
    """The file an instance's address names; raises Refused for an address that is none."""
    match = _SOURCE.fullmatch(source.strip())
    if match is None or match[1] in (".", ".."):
        raise Refused("forms.unsupported_external", name=source[:80], source=source[:80])
    return match[1]


def read(source: str, media: Mapping[str, bytes]) -> Element:
    """Read the file an instance's address names into the element that holds it.

    Raises Refused("forms.file_missing", name=), ("forms.file_broken", name=, row=), ("forms.file_too_long",
    name=, most=), ("forms.too_big", megabytes=), and ("forms.unsupported_external", name=, source=) for a
    kind that is no CSV, XML or GeoJSON.
    """
    name = file_name(source)
    if name not in media:
        raise Refused("forms.file_missing", name=name)
    content = media[name]
    if len(content) > markup.MAX_BYTES:
        raise Refused("forms.too_big", megabytes=markup.MAX_BYTES // (1024 * 1024))
    suffix = name.rpartition(".")[2].lower()
    if suffix == "csv":
        return _table(name, _text(name, content))
    if suffix == "xml":
        return _tree(name, content)
    if suffix == "geojson":
        return _places(name, _text(name, content))
    raise Refused("forms.unsupported_external", name=name, source=source[:80])


def _text(name: str, content: bytes) -> str:
    try:
        return clean(content.decode("utf-8-sig"))
    except UnicodeDecodeError as bad:
        raise Refused("forms.file_broken", name=name, row=1 + content[: bad.start].count(b"\n")) from None


def _holder() -> tuple[Element, Element]:
    holder = etree.Element("instance")
    return holder, etree.SubElement(holder, "root")


def _table(name: str, told: str) -> Element:
    """A CSV by its head row. Columns whose name no expression can write are left out."""
    head, _, _ = told.partition("\n")
    # Excel in a country of decimal commas separates by semicolons.
    separator = max(",;\t", key=head.count)
    rows = csv.reader(io.StringIO(told), delimiter=separator, strict=True)
    holder, root = _holder()
    names: list[str] = []
    count = cells = 0
    try:
        for row in rows:
            if not any(cell.strip() for cell in row):
                continue
            if not names:
                names = _columns(name, row)
                continue
            if len(row) > len(names) and any(cell.strip() for cell in row[len(names) :]):
                raise Refused("forms.file_broken", name=name, row=rows.line_num)
            count, cells = count + 1, cells + len(names)
            if count > MAX_ROWS or cells > MAX_CELLS:
                raise Refused("forms.file_too_long", name=name, most=MAX_ROWS)
            item = etree.SubElement(root, "item")
            for column, cell in zip(names, row, strict=False):
                if column:
                    etree.SubElement(item, column).text = cell.strip()
    except csv.Error:
        raise Refused("forms.file_broken", name=name, row=rows.line_num) from None
    if not names:
        raise Refused("forms.file_broken", name=name, row=1)
    return holder


def is_name(told: str) -> bool:
    """Whether a column of this name can be kept and asked for."""
    if not _NAME.fullmatch(told):
        return False
    try:
        # Letters of Unicode that XML knows for none, such as the raised two of m².
        etree.QName(told)
    except ValueError:
        return False
    return True


def _columns(name: str, row: Sequence[str]) -> list[str]:
    columns = [cell.strip() if is_name(cell.strip()) else "" for cell in row]
    named = [column for column in columns if column]
    if not named or len(set(named)) < len(named):
        raise Refused("forms.file_broken", name=name, row=1)
    return columns


def _tree(name: str, content: bytes) -> Element:
    try:
        root = markup.parse(content)
    except HubError as broken:
        raise Refused("forms.file_broken", name=name, row=broken.values.get("line", 1)) from broken
    for node in root.iter():
        node.tag = markup.local(node)
    etree.cleanup_namespaces(root)
    if sum(1 for _ in root.iter()) > MAX_CELLS:
        raise Refused("forms.file_too_long", name=name, most=MAX_ROWS)
    holder = etree.Element("instance")
    holder.append(root)
    return holder


def _places(name: str, told: str) -> Element:
    """A GeoJSON's features: ``id``, ``geometry`` as forms write places, and each property by its name."""
    try:
        features = json.loads(told)["features"]
        found = [_feature(one) for one in features]
    except (ValueError, KeyError, TypeError, IndexError, RecursionError):
        raise Refused("forms.file_broken", name=name, row=1) from None
    if len(found) > MAX_ROWS:
        raise Refused("forms.file_too_long", name=name, most=MAX_ROWS)
    holder, root = _holder()
    for values in found:
        item = etree.SubElement(root, "item")
        for key, value in values.items():
            etree.SubElement(item, key).text = value
    return holder


def _feature(feature: Mapping[str, object]) -> dict[str, str]:
    geometry, properties = feature["geometry"], feature.get("properties") or {}
    if not isinstance(geometry, dict) or not isinstance(properties, dict):
        raise TypeError("a feature has a geometry and properties")
    found = {"geometry": _geometry(str(geometry["type"]), geometry["coordinates"])}
    if "id" in feature:
        found["id"] = _plain(feature["id"])
    for key, value in properties.items():
        if is_name(key) and key != "geometry":
            found[key] = _plain(value)
    return found


def _plain(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return clean(value)
    return json.dumps(value, ensure_ascii=False)


def _geometry(kind: str, places: list[object]) -> str:
    if kind == "Point":
        return _point(places)
    if kind not in _SHAPES:
        raise TypeError("only points, lines and shapes are places")
    ring = places[0] if kind == "Polygon" else places
    if not isinstance(ring, list):
        raise TypeError("a line is a list of points")
    return ";".join(_point(one) for one in ring)


def _point(place: object) -> str:
    # GeoJSON writes the longitude first.
    if not isinstance(place, list) or not all(isinstance(one, int | float) for one in place[:3]):
        raise TypeError("a point is a list of numbers")
    longitude, latitude, *height = place[:3]
    return f"{latitude} {longitude} {height[0] if height else 0} 0"
