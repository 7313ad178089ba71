"""Reports written, sent and let go: each once, as a plain submission of a form that the office can chart.

Keeps true: a report is checked against its own form and then frozen in the outbox, in one transaction with the
row that says it was written; a period is written once and never again. One that is held goes again once another
of its kind has arrived, stands in no dossier's way and goes when it is old. It never tells of a person.
"""

from __future__ import annotations

import datetime as dt
import sqlite3

from hub.base import clock as clocks
from hub.base import db, phrases
from hub.base.clock import VILLAGE, Moment
from hub.base.errors import Conflict, Missing, NotReady
from hub.base.ids import InstanceId
from hub.forms import questions, xform
from hub.forms.instance import Instance
from hub.forms.model import name_of
from hub.packs.shelf import Shelf
from hub.post import outbox
from hub.post.outbox import Parcel, State
from hub.trades.reports.model import Content, Kind, Report, named

_KEPT_AT_OFFICE_DAYS = 7


def form_xml(shelf: Shelf, kind: Kind) -> bytes:
    """Return the form of a report as the pack brings it; raises ``Missing("packs.no_page")``."""
    return shelf.path(f"reports/{kind}/form.xml").read_bytes()


def written(conn: sqlite3.Connection, kind: Kind, period: str) -> bool:
    """Return whether the report of this period was written."""
    found = conn.execute("SELECT 1 FROM house_reports WHERE kind = ? AND period = ?", (kind, period))
    return found.fetchone() is not None


def last(conn: sqlite3.Connection, kind: Kind, before: str) -> str | None:
    """Return the latest period before this one that a report was written of, None for none.

    A clock that once ran ahead has left periods that are still to come.
    """
    row = conn.execute(
        "SELECT max(period) FROM house_reports WHERE kind = ? AND period < ?", (kind, before)
    ).fetchone()
    return str(row[0]) if row[0] is not None else None


def write(
    conn: sqlite3.Connection,
    shelf: Shelf,
    kind: Kind,
    period: str,
    content: Content,
    *,
    house_id: str,
    moment: Moment,
) -> InstanceId | None:
    """Write the report of a period and put it into the outbox; return its instanceID, None if it was written.

    Raises ``NotReady("reports.not_whole")`` for answers that its own form would not take.
    """
    if written(conn, kind, period):
        return None
    name = named(house_id, kind, period)
    xml, version = _filled(form_xml(shelf, kind), content, name, moment)
    label = phrases.say(phrases.DEFAULT, f"reports.label_{kind}", period=period)
    parcel = Parcel(name, kind.form_id, version, "", label, xml, (), kind=outbox.Kind.REPORT, plain=True)
    with db.write(conn):
        if written(conn, kind, period):
            return None
        conn.execute(
            "INSERT INTO house_reports(kind, period, instance_id, at) VALUES (?, ?, ?, ?)",
            (kind, period, name, moment.text),
        )
        outbox.add(conn, parcel, moment=moment)
    return name


def _filled(blank: bytes, content: Content, name: InstanceId, moment: Moment) -> tuple[bytes, str]:
    form, now = xform.read(blank), moment.at.astimezone(VILLAGE)
    instance = Instance.new(form, now=now, instance_id=name)
    root = f"/{name_of(form.template)}"
    for question, value in content.answers.items():
        instance.set(f"{root}/{question}", value)
    for group, rows in content.repeats.items():
        # A blank form begins with one empty row.
        instance.remove_repeat(f"{root}/{group}[1]")
        for row in rows:
            place = instance.add_repeat(f"{root}/{group}")
            for question, value in row.items():
                instance.set(f"{place}/{question}", value)
    instance.finish(now)
    problems = questions.check_all(form, instance, phrases.DEFAULT)
    if problems:
        raise NotReady("reports.not_whole", path=problems[0].path)
    return instance.submission_xml(), form.version


def listing(conn: sqlite3.Connection, kind: Kind, most: int) -> tuple[Report, ...]:
    """Return the latest reports of a kind, latest first."""
    rows = conn.execute(
        "SELECT kind, period, instance_id, at, given_up FROM house_reports WHERE kind = ?"
        " ORDER BY period DESC LIMIT ?",
        (kind, most),
    )
    return tuple(_report(conn, row) for row in rows.fetchall())


def tend(conn: sqlite3.Connection, moment: Moment, keep_days: int) -> None:
    """Let held ones go again where a later one arrived, give up what is too old, empty what arrived a week ago.

    For once a day. By a doubtful clock nobody knows how old a report is, so nothing goes.
    """
    rows = conn.execute(
        "SELECT kind, period, instance_id, at, given_up FROM house_reports WHERE given_up = 0"
        " AND instance_id IN (SELECT instance_id FROM outbox WHERE kind = 'report'"
        " AND (state <> 'sent' OR erased_at IS NULL)) ORDER BY kind, period"
    )
    found = [_report(conn, row) for row in rows.fetchall()]
    for one in found:
        later = (other for other in found if other.kind is one.kind and other.period > one.period)
        if one.state is State.HELD and any(other.state is State.SENT for other in later):
            outbox.release(conn, one.instance_id)
    if not moment.trusted:
        return
    week_ago = moment.at - dt.timedelta(days=_KEPT_AT_OFFICE_DAYS)
    with db.write(conn):
        gone = [one.instance_id for one in found if one.sent_at is not None and one.sent_at < week_ago]
        outbox.erase(conn, gone, moment=moment)
    oldest = moment.at - dt.timedelta(days=keep_days)
    for one in found:
        if one.state in (State.QUEUED, State.HELD) and one.at < oldest:
            _give_up(conn, one, moment)


def _give_up(conn: sqlite3.Connection, one: Report, moment: Moment) -> None:
    try:
        with db.write(conn):
            outbox.withdraw(conn, one.instance_id, moment)
            conn.execute("UPDATE house_reports SET given_up = 1 WHERE instance_id = ?", (one.instance_id,))
    except (Conflict, Missing):
        # It is on the wire at this moment, or is there already; tomorrow is soon enough.
        return


def _report(conn: sqlite3.Connection, row: sqlite3.Row) -> Report:
    state = reason = sent_at = None
    try:
        parcel = outbox.state(conn, row["instance_id"])
        state, reason, sent_at = parcel.state, parcel.reason_key, parcel.sent_at
    except Missing:
        pass
    name, at = InstanceId(row["instance_id"]), clocks.parse(row["at"])
    kind, given_up = Kind(row["kind"]), bool(row["given_up"])
    return Report(kind, row["period"], name, at, state, reason, sent_at, given_up)
