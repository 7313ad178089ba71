"""``/health``: how this House is, for monitors; nothing of any person."""

from __future__ import annotations

import importlib.metadata
import shutil
from typing import Any

from flask import Blueprint, jsonify

from hub.base import clock as clocks
from hub.desks import shell, way_out
from hub.post import health, outbox, sheet_jobs

desk = Blueprint("health", __name__)
_LEAST_FREE = 200 * 1024 * 1024


@desk.get("/health")
def show() -> Any:
    """Answer how clock, uplink, outbox, sheets, devices and disk are; always 200 while the pages work.

    ``estimate_s`` is null while nobody knows how fast the line is; ``budget.left`` where there is no limit.
    """
    house, conn, moment = shell.house(), shell.conn(), shell.moment()
    counts = outbox.counts(conn)
    line = way_out.look()
    uplink, network, budget = line.uplink, line.seen.network, line.standing
    stuck = len(sheet_jobs.stuck(conn, moment))
    seen = health.all(conn, moment)
    devices = {one.name: one.state for one in seen}
    free = shutil.disk_usage(house.data).free
    well = (
        moment.trusted
        and free > _LEAST_FREE
        and counts.held == 0
        and stuck == 0
        and bool(seen)
        and all(one.well for one in seen)
    )
    return jsonify(
        status="ok" if well else "degraded",
        version=shell.kept("version", lambda: importlib.metadata.version("digital-cultural-house")),
        clock_trusted=moment.trusted,
        uplink={True: "up", False: "down", None: "unknown"}[uplink.up],
        uplink_since=clocks.stamp(uplink.since_at) if uplink.since_at else None,
        waiting={
            "count": line.waiting.parcels,
            "bytes": line.waiting.bytes,
            "oldest_hours": line.oldest_h(moment),
        },
        estimate_s=line.estimate_s,
        network={"state": network.state, "kind": network.kind, "metered": network.metered},
        budget={"used": budget.used, "left": budget.left, "resting": budget.reason_key is not None},
        outbox={"queued": counts.queued, "held": counts.held, "sent": counts.sent},
        sheets={"stuck": stuck},
        devices=devices,
        disk_free_bytes=free,
    )
