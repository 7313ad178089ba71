"""The loudspeaker button: says what the House itself wrote, and nothing else.

Keeps true: an address carries its words and the House's signature under them; what is not signed is not said.
"""

from __future__ import annotations

import shutil
from typing import Any
from urllib.parse import quote

from flask import Blueprint, abort, request, send_file
from markupsafe import Markup

from hub.base import crypto, phrases
from hub.desks import shell
from hub.trades.speech import service as speech

desk = Blueprint("voice", __name__)


def address(text: str, language: str | None = None) -> str | None:
    """Return where ``text`` can be heard, or None when this House has no voice or the text no word."""
    # A template that put words together has escaped them for a page; a voice must not read "&#39;".
    plain = text.unescape() if isinstance(text, Markup) else str(text)
    said = " ".join(plain.split())[: speech.LONGEST]
    if not said or not _has_voice():
        return None
    spoken = language or shell.lang()
    return f"/speak/{spoken}/{speech.sign(_secret(), spoken, said)}?t={quote(said)}"


@desk.get("/speak/<language>/<signature>")
def speak(language: str, signature: str) -> Any:
    """Answer with the sound of the words in ``t``; 404 for words that the House did not sign."""
    text = request.args.get("t", "")
    if language not in phrases.LANGUAGES or not speech.check(_secret(), language, text, signature):
        abort(404)
    house = shell.house()
    path = speech.clip(
        house.speech,
        language,
        text,
        words_per_minute=house.settings.sound.words_per_minute,
        clips=clips(),
        manner=house.settings.sound.manner,
    )
    kind = "audio/ogg" if path.suffix == ".ogg" else "audio/wav"
    response = send_file(path, mimetype=kind, conditional=True, max_age=86_400)
    response.headers["Accept-Ranges"] = "bytes"
    return response


def clips() -> tuple[Any, ...]:
    """Return the folders of recorded clips: the pack's own."""
    folder = shell.house().packs / "core" / "current" / "clips"
    return (folder,) if folder.is_dir() else ()


def _secret() -> bytes:
    cached = shell.kept("speech-key", lambda: crypto.secret_file(shell.house().keys / "speech-key"))
    assert isinstance(cached, bytes)
    return cached


def _has_voice() -> bool:
    return bool(shell.kept("speech-engine", lambda: shutil.which("espeak-ng") is not None))
