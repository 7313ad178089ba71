"""The servers that a House can hand in at, told apart: where they take records, and what they let one read back.

Keeps true: what differs between servers is a row here and nowhere else. Central's ways were seen on the wire;
Kobo's and Ona's were read in what they publish. It sends nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from hub.base.settings import UpstreamSettings
from hub.post.transports.credentials import Credential, Manner


def readable(settings: UpstreamSettings) -> bool:
    """Return whether the office's word can be read back from the server of ``settings``."""
    return settings.kind == "central"


@dataclass(frozen=True, slots=True)
class Server:
    """Where things are at one office: whole paths.

    ``forms_below`` is what the path of a form begins with; ``most_bytes`` the largest body it takes when its door
    does not say; ``pages_are_strangers`` whether an HTML page that refuses cannot be its own.
    """

    submission: str
    form_list: str
    records: str
    forms_below: str
    most_bytes: int | None
    pages_are_strangers: bool

    @property
    def readable(self) -> bool:
        """Whether states, remarks and files can be read back."""
        return bool(self.records)

    def form(self, form_id: str) -> str:
        """Return the path of a form's records."""
        return f"{self.records}/forms/{quote(form_id, safe='')}/submissions"

    def record(self, form_id: str, instance_id: str) -> str:
        """Return the path of one record."""
        return f"{self.form(form_id)}/{quote(instance_id, safe='')}"


def server(settings: UpstreamSettings, credential: Credential) -> Server:
    """Return where things are at the office of ``settings``."""
    below = urlsplit(settings.url).path.rstrip("/")
    if settings.kind != "central":
        most = 10_000_000 if settings.kind == "ona" else None
        # Kobo's and Ona's lists name addresses beside the account's own.
        return Server(f"{below}/submission", f"{below}/formList", "", "/", most, False)
    key = f"/key/{credential.secret}" if credential.manner is Manner.PATH else ""
    project = f"{below}/v1{key}/projects/{settings.project}"
    # Central speaks XML or JSON; an HTML page that says 401, 403 or 404 comes from something before it.
    return Server(f"{project}/submission", f"{project}/formList", project, f"{below}/", None, True)
