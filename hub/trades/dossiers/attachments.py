"""Photographs and papers of a draft: taken in by content, kept encrypted, handed on byte for byte.

Keeps true: a file lies in the database in encrypted parts and nowhere else; the name it travels under is
made here, is one of a kind, and tells the question and nothing of the person or of the name it came with;
an instance never names a file that is not there. What a camera wrote beside a picture is left at the door;
after that it never alters a byte.
"""

from __future__ import annotations

import re
import secrets
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass

from hub.base import db, ids, text
from hub.base.clock import Moment
from hub.base.errors import Missing, Refused
from hub.forms.markup import Element
from hub.forms.model import QuestionType, names_of
from hub.trades.dossiers import drafts, media, scaling, store, vault
from hub.trades.dossiers.model import Attached, Exported, StoredFile, View, What

# Central's own limit is 100 MB a parcel; a Pi holds a parcel in memory twice while it seals.
MOST_BYTES_TOGETHER = 60 * 1024 * 1024
_RANDOM = 10


@dataclass(frozen=True, slots=True)
class Asked:
    """What a question takes: the kind of file, how it looks, and how long a picture's longer side may be."""

    type: QuestionType
    appearance: tuple[str, ...]
    max_pixels: int | None


def attach(
    conn: sqlite3.Connection,
    draft_id: str,
    path: str,
    content: bytes,
    *,
    key: bytes,
    staff: int,
    moment: Moment,
    most_bytes: int,
) -> Attached:
    """Take a file in as the answer to the question at ``path``, in place of the one that was there.

    A picture is made as small as its question asks. Raises ``Refused`` as ``media.kind`` and
    ``media.fitting``, ``Refused("dossiers.files_too_many")`` when all files together pass 60 MiB,
    ``Refused("dossiers.not_a_file_question")``, ``Refused("dossiers.not_asked_now")``, and ``Missing``.
    """
    found = media.kind(content, most_bytes)
    question = asked(drafts.look(conn, draft_id, key=key, moment=moment), path)
    kind = media.fitting(found, question.type)
    # Before the transaction: nobody waits for a picture to be made smaller.
    content = scaling.scaled(content, kind.media_type, question.max_pixels)
    content = media.stripped(content, kind)
    with db.write(conn):
        view = drafts.look(conn, draft_id, key=key, moment=moment)
        node = _file_node(view, path)
        if not view.instance.relevant(node):
            raise Refused("dossiers.not_asked_now")
        replaced = view.instance.value(node)
        others = [file for file in store.files(conn, draft_id) if file.name != replaced]
        if sum(file.size for file in others) + len(content) > MOST_BYTES_TOGETHER:
            raise Refused("dossiers.files_too_many", megabytes=MOST_BYTES_TOGETHER // (1024 * 1024))
        name = _fresh_name(conn, names_of(node)[-1], kind.suffix)
        file = StoredFile(name, kind.media_type, len(content))
        draft = view.draft
        store.add_file(conn, draft.id, file, vault.close_file(key, content, draft.id, name))
        version = _answered(conn, view, node, name, What.ATTACHED, key, staff, moment)
    return Attached(name, kind.media_type, len(content), version)


def asked(view: View, path: str) -> Asked:
    """Return what the question at ``path`` takes; raises ``Refused("dossiers.not_a_file_question")``."""
    names = names_of(_file_node(view, path))
    bind, question = view.form.binds.get(names), view.form.questions[names]
    return Asked(question.type, question.appearance, bind.max_pixels if bind else None)


def detach(
    conn: sqlite3.Connection, draft_id: str, path: str, *, key: bytes, staff: int, moment: Moment
) -> int:
    """Take the file at ``path`` away; return the draft's version. Raises as ``attach`` for a wrong path."""
    with db.write(conn):
        view = drafts.look(conn, draft_id, key=key, moment=moment)
        node = _file_node(view, path)
        if not view.instance.value(node):
            return view.draft.version
        return _answered(conn, view, node, "", What.DETACHED, key, staff, moment)


def files(conn: sqlite3.Connection, draft_id: str) -> tuple[StoredFile, ...]:
    """Return the files of a draft, by name."""
    return store.files(conn, draft_id)


def open_attachment(
    conn: sqlite3.Connection, draft_id: str, name: str, *, key: bytes, staff: int, moment: Moment
) -> tuple[StoredFile, bytes]:
    """Return a file as it was taken in, and write down who looked; raises ``Missing("dossiers.no_file")``."""
    file = next((file for file in store.files(conn, draft_id) if file.name == name), None)
    if file is None:
        raise Missing("dossiers.no_file")
    content = read(conn, draft_id, name, key=key)
    with db.write(conn):
        drafts.tell(conn, drafts.known(conn, draft_id), What.FILE_OPENED, name, staff, moment)
    return file, content


def read(conn: sqlite3.Connection, draft_id: str, name: str, *, key: bytes) -> bytes:
    """Return a file's bytes for sealing; raises ``Missing("dossiers.no_file")``."""
    parts = store.file_parts(conn, name)
    if not parts:
        raise Missing("dossiers.no_file")
    return vault.open_file(key, parts, draft_id, name)


def reconcile(conn: sqlite3.Connection, view: View) -> None:
    """Drop files that no answer names and names that no file has, in the caller's transaction."""
    stored = {file.name for file in store.files(conn, view.draft.id)}
    kept = {value for _, value in view.instance.spare_values()}
    for node in _file_nodes(view):
        named = view.instance.value(node)
        if named and named not in stored:
            view.instance.put(node, "")
        kept.add(named)
    store.delete_files(conn, stored - kept)


def export(conn: sqlite3.Connection, draft_id: str, *, key: bytes, staff: int, moment: Moment) -> Exported:
    """Return all that a draft holds, in the clear, and write down who asked. Raises as ``drafts.look``."""
    view = drafts.look(conn, draft_id, key=key, moment=moment)
    content = {file.name: read(conn, draft_id, file.name, key=key) for file in store.files(conn, draft_id)}
    with db.write(conn):
        drafts.tell(conn, view.draft.id, What.EXPORTED, "", staff, moment)
    return Exported(view.instance.to_xml(), content)


def _answered(
    conn: sqlite3.Connection,
    view: View,
    node: Element,
    name: str,
    what: What,
    key: bytes,
    staff: int,
    moment: Moment,
) -> int:
    path = view.instance.path(node)
    view.instance.put(node, name)
    view.instance.recalculate(drafts.village(moment))
    reconcile(conn, view)
    return drafts.put_back(conn, view, key=key, staff=staff, moment=moment, pages=(), what=what, detail=path)


def _file_node(view: View, path: str) -> Element:
    node = view.instance.node(path)
    question = view.form.questions.get(names_of(node))
    if question is None or not question.type.is_file:
        raise Refused("dossiers.not_a_file_question")
    return node


def _file_nodes(view: View) -> Iterable[Element]:
    for question in view.form.questions.values():
        if question.type.is_file:
            yield from view.instance.nodes(question.path)


def _fresh_name(conn: sqlite3.Connection, question: str, suffix: str) -> str:
    plain = re.sub(r"[^a-z0-9]+", "-", text.fold(question)).strip("-")[:40] or "file"
    while True:
        mark = "".join(secrets.choice(ids.ALPHABET) for _ in range(_RANDOM)).lower()
        name = f"{mark}-{plain}.{suffix}"
        if not store.has_file_name(conn, name):
            return name
