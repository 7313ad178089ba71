"""What time a server says it is: a suggestion that a person must confirm, for a House whose clock is doubtful.

Keeps true: the question carries no credential and no path that holds one, and believes nothing but the answer's
``Date``; whoever answers could say any time. It sets no clock.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace

from hub.base.settings import UpstreamSettings
from hub.post.transports import answers, connections, credentials
from hub.post.transports import trust as trusting
from hub.post.transports.wire import Line, WireFault

_LOOK_BYTES = 64 * 1024


def server_time(
    settings: UpstreamSettings,
    stop: Callable[[], bool] = lambda: False,
    spent: Callable[[int, int], None] = lambda sent, received: None,
) -> dt.datetime | None:
    """Return the time (UTC) that the server of ``settings`` states in one unverified ``HEAD``, or None.

    ``spent`` is told the bytes that went out and came in. The proxy's password, if there is one, is shown to the
    proxy. Raises ``NotReady`` as ``OpenRosa`` does.
    """
    route = connections.route(settings.url)
    if settings.proxy:
        near = connections.proxy(settings.proxy)
        route = replace(route, proxy=near, pass_=credentials.for_proxy(settings.proxy_file))
    if route.secure:
        route = replace(route, tls=trusting.blind())
    line = Line(route, connect_s=settings.connect_s, idle_s=settings.idle_s, stop=stop)
    try:
        answer = line.ask("HEAD", "/", headers={}, wait_s=settings.idle_s, most=_LOOK_BYTES)
    except WireFault:
        return None
    finally:
        line.close()
        spent(line.traffic.sent, line.traffic.received)
    return answers.date(answer.headers.get("date", ""))
