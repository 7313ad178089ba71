"""Bringing back the office's word: states of all our dossiers at once, remarks case by case, a few at a time.

Keeps true: a state and the remarks that explain it are told together, in the transaction that writes them;
what was not written is read again. It never asks about a record that this House did not send.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable
from functools import partial

from hub.base import db
from hub.base.clock import Clock, Moment
from hub.post import inbox
from hub.post.inbox import Case, Comment, Word
from hub.post.transports.carrier import Carrier, CarrierFault, Remarks

log = logging.getLogger(__name__)

OnWord = Callable[[sqlite3.Connection, str, Word], None]
# A remark changes no state and no ETag of the list, so open cases are asked one by one: two small questions
# each, and on a metered line no more than these a reading.
_CASES = 10


def bring(
    conn: sqlite3.Connection,
    carrier: Carrier,
    clock: Clock,
    every_s: float,
    on_word: OnWord,
    stop: Callable[[], bool],
    *,
    key: bytes,
) -> int:
    """Read every form that was not read for ``every_s`` seconds; return how many dossiers have news.

    ``on_word`` runs in the transaction that writes the news, words under ``key``. Raises ``CarrierFault``
    when the line fails; a reading that the office denies is noted and left.
    """
    told = 0
    for form_id, etag in inbox.forms_due(conn, clock.read(), every_s).items():
        if stop():
            break
        try:
            told += _Reading(conn, carrier, form_id, clock.read(), every_s, on_word, stop, key).read(etag)
        except CarrierFault as bad:
            # A list that was once too long is not asked for anew because a line was cut.
            known = bad.reason_key if inbox.listed(conn, form_id) else inbox.TOO_LONG
            inbox.note_form(conn, form_id, None, known, clock.read())
            if not bad.denied:
                raise
    return told


class _Reading:
    def __init__(
        self,
        conn: sqlite3.Connection,
        carrier: Carrier,
        form_id: str,
        now: Moment,
        every_s: float,
        on_word: OnWord,
        stop: Callable[[], bool],
        key: bytes,
    ) -> None:
        self._key = key
        self._conn, self._carrier, self._form_id, self._now = conn, carrier, form_id, now
        self._every_s = every_s
        self._on_word, self._stop = on_word, stop
        self._told = 0
        self._failed = False

    def read(self, etag: str) -> int:
        if not inbox.listed(self._conn, self._form_id):
            return self._read_each()
        try:
            states = self._carrier.states(self._form_id, etag)
        except CarrierFault as bad:
            if bad.reason_key != inbox.TOO_LONG:
                raise
            return self._read_each()
        news = inbox.news(self._conn, self._form_id, states.by_instance if states else {})
        for case in self._cases(tuple(news)):
            if self._stop():
                return self._told
            self._read_case(case, news.pop(case.instance_id, None))
        for instance_id, state in news.items():
            self._write(instance_id, partial(inbox.note_state, self._conn, instance_id, state, self._now))
        # Only now: an ETag kept before the news was written would hide the news after a crash.
        fresh = states.etag if states and not self._failed else None
        inbox.note_form(self._conn, self._form_id, fresh, None, self._now)
        return self._told

    def _read_each(self) -> int:
        """Where all Houses have handed in more than a list can hold: our own open cases, a few at a time."""
        inbox.note_form(self._conn, self._form_id, None, inbox.TOO_LONG, self._now)
        for case in self._cases(()):
            if self._stop():
                break
            try:
                state = self._carrier.state(self._form_id, case.instance_id)
            except CarrierFault as bad:
                # The office may have deleted it, or stumble over it: its turn is over, not the others'.
                inbox.note_asked(self._conn, case, self._now)
                if bad.denied:
                    continue
                raise
            self._read_case(case, state)
        return self._told

    def _cases(self, first: tuple[str, ...]) -> tuple[Case, ...]:
        return inbox.cases(self._conn, self._form_id, first, _CASES, self._now, self._every_s)

    def _read_case(self, case: Case, state: str | None) -> None:
        trouble: CarrierFault | None = None
        comments = notes = None
        try:
            comments = _told(self._carrier.comments(self._form_id, case.instance_id, case.comments_etag))
            notes = _told(self._carrier.notes(self._form_id, case.instance_id, case.notes_etag))
        except CarrierFault as bad:
            trouble = None if bad.denied else bad

        def note() -> bool:
            stated = state is not None and inbox.note_state(self._conn, case.instance_id, state, self._now)
            remarked = trouble is None and inbox.note_remarks(
                self._conn, case, comments=comments, notes=notes, key=self._key, now=self._now
            )
            return stated or remarked

        self._write(case.instance_id, note)
        if trouble is not None:
            inbox.note_asked(self._conn, case, self._now)
            raise trouble

    def _write(self, instance_id: str, note: Callable[[], bool]) -> None:
        try:
            with db.write(self._conn):
                if not note():
                    return
                word = inbox.word(self._conn, instance_id)
                assert word is not None
                self._on_word(self._conn, instance_id, word)
            self._told += 1
        except Exception:
            # One dossier's fault must not keep the others' news away; this one is read again next time.
            log.exception("could not record the office's word on %s", instance_id)
            self._failed = True


def _told(remarks: Remarks | None) -> tuple[tuple[Comment, ...], str] | None:
    if remarks is None:
        return None
    return tuple(Comment(one.text, one.at, one.by) for one in remarks.remarks), remarks.etag
