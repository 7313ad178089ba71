"""The web application: the desks put together behind one guard."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from flask import Flask, Request
from whitenoise import WhiteNoise

from hub.base import crypto
from hub.base.house import House
from hub.desks import errors, glance, guard, health, shell, voice, way_out
from hub.desks.display import desk as display
from hub.desks.field import desk as field
from hub.desks.guide import desk as guide
from hub.desks.technician import desk as technician
from hub.desks.villager import desk as villager
from hub.post import outbox

_DESKS = Path(__file__).parent / "desks"
_STATIC = _DESKS / "static"
# A form page with its photographs; each file is held to the setting on its own.
_FORM_BYTES = 1024 * 1024


class _MemoryRequest(Request):
    """A request whose uploads never touch the memory card in the clear."""

    max_form_memory_size = _FORM_BYTES

    def _get_file_stream(self, *_args: Any, **_values: Any) -> io.BytesIO:
        return io.BytesIO()


def create_app(house: House) -> Flask:
    """Return the application of ``house``: every desk, the static files, the guard."""
    app = Flask("hub", static_folder=None, template_folder=str(_DESKS / "templates"))
    app.request_class = _MemoryRequest
    app.secret_key = crypto.secret_file(house.keys / "web-key")
    app.config["MAX_CONTENT_LENGTH"] = _FORM_BYTES
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    shell.open_shell(app, house)
    guard.open_guard(app, house)
    errors.open_errors(app)
    for desk in (villager.desk, guide.desk, technician.desk, display.desk, health.desk, voice.desk):
        app.register_blueprint(desk)
    guard.exempt(field.desk)
    app.register_blueprint(field.desk)
    app.context_processor(_words(house))
    static = WhiteNoise(app.wsgi_app, root=str(_STATIC), prefix="static/", max_age=3600)
    app.extensions["glances"] = glance.Glances(static, house)
    app.wsgi_app = app.extensions["glances"]  # type: ignore[method-assign]
    app.add_url_rule("/static/<path:filename>", "static", build_only=True)
    return app


def _words(house: House) -> Any:
    given = house.settings
    simulated = "simulator" in (given.printer.kind, given.panel.kind, given.speaker.kind)

    def words() -> dict[str, Any]:
        who = guard.signed_in()
        found = {
            "t": shell.say,
            "lang": shell.lang(),
            "house_name": given.house.name,
            "house": given.house,
            "house_phone": given.house.phone,
            "simulated": simulated,
            "shared_tablet": True,
            "idle_s": given.web.staff_idle_s if who else given.web.idle_wipe_s,
            "wipe_url": "/leave",
            "clock_trusted": shell.moment().trusted,
            "speak_url": voice.address,
            "signed_in": who.staff if who else None,
        }
        if who:
            # Only staff see the line out and what waits for it.
            counts = outbox.counts(shell.conn())
            found["sign_out_url"] = "/sign-out"
            found["uplink"] = way_out.look().uplink.up
            found["way"] = way_out.told
            found["unsent"] = counts.queued + counts.held
        return found

    return words
