"""The village's own voice: a speaker agrees, says each sentence of the calls, listens, keeps it or says it anew.

Keeps true: nothing is taken before the words of consent were heard and agreed to; no name is asked; whoever
brings the slip's code has everything erased. Works with a file from any recorder; recording in the page is
comfort where the browser allows it.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, redirect, request, url_for

from hub.base.errors import Conflict, Missing, NotReady, Refused
from hub.desks import guard, shell
from hub.desks.guide import common
from hub.overview import calling
from hub.trades.speech import intake, languages, recordings
from hub.trades.speech.languages import Needs, Slot
from hub.trades.speech.model import Take, Voice
from hub.trades.speech.shaping import Verdict
from hub.trades.staff.model import Role

_CONSENT = ("what", "who", "how_long", "back", "free")


def add_to(desk: Blueprint) -> None:
    """Put the recordings on ``desk``."""
    desk.add_url_rule("/recording", view_func=recording, methods=["GET", "POST"])
    desk.add_url_rule("/recording/new", view_func=new_voice, methods=["GET", "POST"])
    desk.add_url_rule("/recording/<int:voice_id>", view_func=record, methods=["GET", "POST"])
    desk.add_url_rule("/recording/<int:voice_id>/sound", view_func=hear_take)
    desk.add_url_rule("/recording/<int:voice_id>/keep", view_func=keep_take, methods=["POST"])
    desk.add_url_rule("/recording/<int:voice_id>/again", view_func=take_again, methods=["POST"])
    desk.add_url_rule("/recording/<int:voice_id>/withdraw", view_func=withdraw_voice, methods=["GET", "POST"])


@guard.needs(Role.GUIDE)
def recording() -> Any:
    """Show the voices there are; by POST find the one whose code stands on a slip."""
    problem = None
    if request.method == "POST":
        try:
            found = recordings.find(shell.conn(), request.form.get("code", "")[:40])
            return redirect(url_for("guide.record", voice_id=found.id), 303)
        except (Refused, Missing) as bad:
            problem = common.sentence(bad)
    needs = _needs()
    rows = [
        (one, shell.say(recordings.language(one.lang).name_key), _whole(one, needs))
        for one in recordings.listing(shell.conn())
        if one.lang in languages.all()
    ]
    body = shell.page(
        "guide/recording.html",
        at="dossiers",
        told=common.told(),
        rows=rows,
        when=common.when,
        code=request.form.get("code", "")[:40],
        problem=problem,
    )
    return Response(body, 422 if problem else 200, mimetype="text/html")


@guard.needs(Role.GUIDE)
def new_voice() -> Any:
    """Read the words of consent, ask for the language and a yes, then begin."""
    problem = None
    if request.method == "POST":
        try:
            made = recordings.begin(
                shell.conn(),
                request.form.get("language", ""),
                agreed=request.form.get("agreed") == "1",
                by=common.me().id,
                moment=shell.moment(),
                house=shell.house().settings.house,
                slip_lang=shell.lang(),
            )
            return redirect(url_for("guide.record", voice_id=made.id), 303)
        except (Refused, Missing) as bad:
            problem = common.sentence(bad)
    needs = _needs()
    tags = [(tag, shell.say(one.name_key), len(languages.slots(one, needs))) for tag, one in _by_need()]
    body = shell.page(
        "guide/recording_new.html",
        at="dossiers",
        notice=[shell.say(f"recording.consent_{part}") for part in _CONSENT],
        languages=[(tag, shell.say("recording.language_count", name=name, count=n)) for tag, name, n in tags],
        chosen=request.form.get("language"),
        problem=problem,
    )
    return Response(body, 422 if problem else 200, mimetype="text/html")


@guard.needs(Role.GUIDE)
def record(voice_id: int) -> Any:
    """Show what is to be said next; by POST take a recording of it in."""
    voice, needs = recordings.get(shell.conn(), voice_id), _needs()
    problem = None
    if request.method == "POST":
        slot, sent = request.form.get("slot", ""), request.files.get("sound")
        content = sent.read(intake.MOST_BYTES + 1) if sent else b""
        if sent:
            sent.close()
        try:
            recordings.take(shell.conn(), voice, slot, content, needs)
            return redirect(url_for("guide.record", voice_id=voice.id, slot=slot), 303)
        except (Refused, NotReady) as bad:
            problem = common.sentence(bad)
    body = _drawn(voice, needs, problem)
    return Response(body, 422 if problem else 200, mimetype="text/html")


@guard.needs(Role.GUIDE)
def hear_take(voice_id: int) -> Any:
    """Answer with the sound of one recording."""
    voice = recordings.get(shell.conn(), voice_id)
    wav = recordings.heard(shell.conn(), voice, request.args.get("slot", ""))
    return Response(wav, mimetype="audio/wav")


@guard.needs(Role.GUIDE)
@common.back_with_words("guide.record", "voice_id")
def keep_take(voice_id: int) -> Any:
    """Keep what was just recorded and go on to what is missing next."""
    voice, needs = recordings.get(shell.conn(), voice_id), _needs()
    after = recordings.keep(shell.conn(), voice, request.form.get("slot", ""), needs)
    if after.speaks and not voice.speaks:
        common.tell("good", shell.say("recording.whole"))
    return redirect(url_for("guide.record", voice_id=voice.id), 303)


@guard.needs(Role.GUIDE)
def take_again(voice_id: int) -> Any:
    """Drop what was just recorded and ask for the same words again."""
    voice = recordings.get(shell.conn(), voice_id)
    recordings.again(shell.conn(), voice)
    return redirect(url_for("guide.record", voice_id=voice.id, slot=request.form.get("slot", "")), 303)


@guard.needs(Role.GUIDE)
def withdraw_voice(voice_id: int) -> Any:
    """Ask once, then erase everything this voice said."""
    voice = recordings.get(shell.conn(), voice_id)
    if request.method == "POST":
        try:
            count = recordings.withdraw(shell.house(), shell.conn(), voice, moment=shell.moment())
        except (NotReady, Conflict) as bad:
            common.tell("danger", common.sentence(bad))
            common.tell("danger", shell.say("recording.copies_stay"))
            return redirect(url_for("guide.withdraw_voice", voice_id=voice.id), 303)
        common.tell("good", shell.say("recording.erased", count=count))
        return redirect(url_for("guide.recording"), 303)
    return shell.page("guide/recording_withdraw.html", at="dossiers", told=common.told(), voice=voice)


def _drawn(voice: Voice, needs: Needs, problem: str | None) -> str:
    language = recordings.language(voice.lang)
    slots = languages.slots(language, needs)
    takes = recordings.takes(shell.conn(), voice)
    missing = recordings.missing(shell.conn(), voice, needs)
    asked = request.values.get("slot", "")
    slot = next((one for one in slots if one.name == asked), None) or next(iter(missing), None)
    take = takes.get(slot.name) if slot else None
    return shell.page(
        "guide/recording_slot.html",
        at="dossiers",
        told=common.told(),
        voice=voice,
        language=language,
        language_name=shell.say(language.name_key),
        slot=slot,
        take=take,
        advice=_advice(take),
        rows=[(one, _kept(takes, one)) for one in slots],
        left=len(missing),
        problem=problem,
        longest=intake.LONGEST_S,
    )


def _advice(take: Take | None) -> str | None:
    if take is None or take.verdict is Verdict.GOOD:
        return None
    return shell.say(f"recording.judged_{take.verdict}")


def _kept(takes: dict[str, Take], slot: Slot) -> bool:
    found = takes.get(slot.name)
    return found is not None and found.kept


def _by_need() -> list[tuple[str, languages.Language]]:
    # The valley's languages first: nobody but a villager can say those.
    return sorted(languages.all().items(), key=lambda pair: pair[1].written)


def _whole(voice: Voice, needs: Needs) -> int:
    return len(languages.slots(recordings.language(voice.lang), needs))


def _needs() -> Needs:
    return calling.needs(shell.conn(), shell.house().settings)
