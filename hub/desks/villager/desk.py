"""The villager's desk put together, one subject a module.

Keeps true: every page is open to everyone, works without JavaScript, and can be heard; nobody signs in here.
"""

from __future__ import annotations

from flask import Blueprint

from hub.desks.villager import (
    eligible,
    follow,
    home,
    learn,
    papers,
    prices,
    privacy,
    procedures,
    queue,
    quiz,
    reckoning,
    safety,
    search,
)

desk = Blueprint("villager", __name__)
for subject in (
    home,
    queue,
    procedures,
    eligible,
    reckoning,
    learn,
    quiz,
    safety,
    prices,
    search,
    follow,
    papers,
    privacy,
):
    subject.add_to(desk)
