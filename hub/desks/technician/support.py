"""The support bundle: one text to copy to whoever helps from afar.

Keeps true: no secret and no person is in it: no token, key, name of staff, follow code or content of a paper;
errors come without their messages' unforeseen part. It is English: who reads it is not in the village.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import re
import shutil
import sqlite3
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import msgspec
from flask import Blueprint, Response

from hub.base import backups, logs, migrate, settings
from hub.base.house import House
from hub.desks import shell
from hub.desks.technician import common
from hub.desks.technician.relay import shown_address
from hub.packs import install
from hub.post import choices, health, inbox, jobs, orders, outbox

_REQUIREMENT = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]*")


def add_to(desk: Blueprint) -> None:
    """Put the bundle on ``desk``, as a page and as a file."""
    common.put(desk, "/support", support)
    common.put(desk, "/support.txt", bundle_file)


def support() -> str:
    """Show the bundle, ready to copy."""
    return shell.page("technician/support.html", bundle=bundle())


def bundle_file() -> Response:
    """Give the bundle as a file."""
    response = Response(bundle(), mimetype="text/plain")
    response.headers["Content-Disposition"] = "attachment; filename=house-support.txt"
    return response


def bundle() -> str:
    """Return the whole text."""
    house = shell.house()
    parts = (
        ("House", _house(house)),
        ("Health", _health(house)),
        ("Print jobs and orders", _work()),
        ("Last errors", logs.kept(house.data) or ("none",)),
        ("Settings, without secrets", _settings(house.settings)),
        ("Devices chosen over the settings", _chosen() or ("none",)),
        ("Versions", _versions()),
    )
    return "\n".join(f"== {title} ==\n" + "\n".join(lines) + "\n" for title, lines in parts)


def _house(house: House) -> Iterator[str]:
    now, conn = shell.moment(), shell.conn()
    believed = "trusted" if now.trusted else "doubtful"
    yield f"time: {now.text} ({believed}), {now.mono / 3600:.1f} h since the start"
    yield f"machine: {platform.machine()}, {platform.system()} {platform.release()}, {_board()}"
    load = " ".join(f"{one:.2f}" for one in os.getloadavg())
    yield f"memory: {_memory()}, load {load}, {os.cpu_count()} processors"
    free = shutil.disk_usage(house.data)
    yield f"disk: {common.size(free.free)} free of {common.size(free.total)}"
    yield f"database: {common.size(house.database.stat().st_size)}, migration {migrate.present(conn)}"
    for one in install.installed(house.packs):
        yield f"pack: {one.name} {one.id}"
    copies = backups.listing(house)
    yield f"backups: {len(copies)}, last {copies[0].name if copies else 'never'}"


def _health(house: House) -> Iterator[str]:
    conn = shell.conn()
    for one in health.all(conn, shell.moment()):
        kind = f"{one.kind}{', simulated' if one.simulated else ''}"
        yield f"{one.name} ({kind}): {one.state} {one.detail} since {one.since_at:%Y-%m-%dT%H:%M:%SZ}"
    line, counts = inbox.uplink(conn), outbox.counts(conn)
    told = {True: "up", False: "down", None: "unknown"}[line.up]
    since = f" since {line.since_at:%Y-%m-%dT%H:%M:%SZ}" if line.since_at else ""
    yield f"uplink: {told}{since} {line.reason_key or ''}".rstrip()
    yield f"outbox: {counts.queued} queued, {counts.held} held, {counts.sent} sent"
    for parcel in outbox.listing(conn, (outbox.State.HELD, outbox.State.QUEUED), most=20):
        why = f"{parcel.reason_key or ''} {parcel.detail}".strip()
        tried = f"{parcel.attempts} attempts, {parcel.size} bytes"
        yield f"parcel …{parcel.instance_id[-6:]}: {parcel.state}, {tried}, {why}"


def _work() -> Iterator[str]:
    conn = shell.conn()
    last = jobs.latest(conn, 200)
    counted = Counter((job.kind, job.state) for job in last)
    for (kind, state), count in sorted(counted.items()):
        yield f"{kind} {state}: {count} of the last {len(last)}"
    for job in (*jobs.stuck(conn), *jobs.asking(conn))[:20]:
        yield f"job {job.id}: {job.kind} {job.state}, {job.reason_key}, {job.attempts} attempts"
    for device in orders.FAULTS:
        order = orders.latest(conn, device)
        if order is not None:
            yield f"last order to {device}: {order.action} {order.state} {order.detail}".rstrip()


def _chosen() -> list[str]:
    return [
        f"{one.device}: {json.dumps(dict(one.changes), ensure_ascii=False, sort_keys=True)} ({one.label})"
        for one in choices.all(shell.conn()).values()
    ]


def _settings(given: settings.Settings) -> list[str]:
    upstream = msgspec.structs.replace(given.upstream, url=shown_address(given.upstream.url))
    return settings.write(msgspec.structs.replace(given, upstream=upstream)).splitlines()


def _versions() -> Iterator[str]:
    own = "digital-cultural-house"
    yield f"{own} {importlib.metadata.version(own)}"
    yield f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    for wanted in sorted(importlib.metadata.requires(own) or (), key=str.lower):
        name = _REQUIREMENT.match(wanted)
        if name is None or "extra ==" in wanted:
            continue
        try:
            yield f"{name[0]} {importlib.metadata.version(name[0])}"
        except importlib.metadata.PackageNotFoundError:
            yield f"{name[0]} absent"


def _board() -> str:
    for place in (Path("/proc/device-tree/model"), Path("/etc/os-release")):
        try:
            told = place.read_text(encoding="utf-8", errors="replace").strip("\0\n")
        except OSError:
            continue
        named = re.search(r'^PRETTY_NAME="?([^"\n]+)', told, re.MULTILINE)
        return named[1] if named else told.splitlines()[0]
    return "unknown board"


def _memory() -> str:
    try:
        told = Path("/proc/meminfo").read_text(encoding="ascii")
    except OSError:
        return "unknown"
    found = {name: int(count) * 1024 for name, count in re.findall(r"^(\w+):\s+(\d+) kB", told, re.MULTILINE)}
    return f"{common.size(found.get('MemAvailable', 0))} free of {common.size(found.get('MemTotal', 0))}"
