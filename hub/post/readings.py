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
            told += _Reading(conn, carrier, form_id, clock.read(), on_word, stop, key).read(etag)
        except CarrierFault as bad:
            inbox.note_form(conn, form_id, None, bad.reason_key, clock.read())
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
        on_word: OnWord,
        stop: Callable[[], bool],
        key: bytes,
    ) -> None:
        self._key = key
        self._conn, self._carrier, self._form_id, self._now = conn, carrier, form_id, now
        self._on_word, self._stop = on_word, stop
        self._told = 0
        self._failed = False

    def read(self, etag: str) -> int:
        states = self._carrier.states(self._form_id, etag)
        news = inbox.news(self._conn, self._form_id, states.by_instance if states else {})
        for case in inbox.cases(self._conn, self._form_id, tuple(news), _CASES, self._now):
            if self._stop():
                return self._told
            self._read_case(case, news.pop(case.instance_id, None))
        for instance_id, state in news.items():
            self._write(instance_id, partial(inbox.note_state, self._conn, instance_id, state, self._now))
        # Only now: an ETag kept before the news was written would hide the news after a crash.
        fresh = states.etag if states and not self._failed else None
        inbox.note_form(self._conn, self._form_id, fresh, None, self._now)
        return self._told

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
