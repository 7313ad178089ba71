"""The web server as the House runs it: waitress, which keeps a connection open after a 304 as well.

Quirk: waitress 3.0.2 closes after every answer without a body (``task.py``, "RFC 7230: MUST NOT send …"),
though a 304 ends with its empty line (RFC 9112, 6.3). A page that is polled would pay for a new connection
each time.
"""

from __future__ import annotations

import logging
import re
from typing import Any

import waitress
from waitress.channel import HTTPChannel
from waitress.server import TcpWSGIServer
from waitress.task import WSGITask

# A telephone's key is part of its address, and waitress names the address that a connection broke off at.
_KEY = re.compile(r"/field/key/[^/\s]+")


def _without_keys(record: logging.LogRecord) -> bool:
    record.msg, record.args = _KEY.sub("/field/key/-", record.getMessage()), ()
    return True


class _KeepingTask(WSGITask):  # type: ignore[misc]
    def set_close_on_finish(self) -> None:
        wanted = self.request.headers.get("CONNECTION", "").lower() != "close"
        if not (wanted and self.version == "1.1" and self.status.startswith("304")):
            super().set_close_on_finish()


class _KeepingChannel(HTTPChannel):  # type: ignore[misc]
    task_class = _KeepingTask


def server(application: object, **options: Any) -> Any:
    """Return waitress's server for ``application``, listening; ``options`` are those of ``create_server``."""
    # A short queue is no event for a log: six tablets that poll at once make one.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    logging.getLogger("waitress").addFilter(_without_keys)
    made = waitress.create_server(application, **options)
    if isinstance(made, TcpWSGIServer):
        made.channel_class = _KeepingChannel
    return made
