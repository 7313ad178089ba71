"""The villager's desk put together, one subject a module.

Keeps true: every page is open to everyone, works without JavaScript, and can be heard; nobody signs in here.
"""

from __future__ import annotations

from flask import Blueprint

from hub.desks.villager import follow, home, learn, papers, prices, procedures, queue, quiz, safety, search

desk = Blueprint("villager", __name__)
for subject in (home, queue, procedures, learn, quiz, safety, prices, search, follow, papers):
    subject.add_to(desk)
