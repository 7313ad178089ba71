"""The technician's desk put together, one subject a module.

Keeps true: every page is for technicians alone, and none shows what a dossier says or who it is about.
"""

from __future__ import annotations

from flask import Blueprint

from hub.desks.technician import (
    backup,
    devices,
    forms,
    ledger,
    packs,
    papers,
    privacy,
    relay,
    staff,
    stick,
    support,
)

desk = Blueprint("technician", __name__, url_prefix="/technician")
for subject in (devices, papers, ledger, relay, forms, stick, packs, staff, privacy, backup, support):
    subject.add_to(desk)
