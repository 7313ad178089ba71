"""The settings: one TOML file, read once, checked whole, never changed while running.

Keeps true: an unknown key or a bad value stops the start, with file, line and key. Secrets are not in here but
in files of their own with mode 0600. Defaults are good for a desk demo.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import os
import re
import tomllib
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from devices.config import (
    PanelConfig,
    PrinterConfig,
    ReaderConfig,
    ScannerConfig,
    SheetsConfig,
    SpeakerConfig,
)
from hub.base.errors import NotReady
from hub.base.spoken import Manner

SYSTEM_FILE = Path("/etc/hub/hub.toml")

_Port = Annotated[int, msgspec.Meta(ge=0, le=65535)]
_Positive = Annotated[float, msgspec.Meta(gt=0)]
_Bytes = Annotated[int, msgspec.Meta(ge=0)]
_Count = Annotated[int, msgspec.Meta(ge=1)]
_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=120)]
_Loudness = Annotated[float, msgspec.Meta(ge=0, le=1)]
_Hour = Annotated[str, msgspec.Meta(pattern="^([01][0-9]|2[0-3]):[0-5][0-9]$")]


class HouseSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which House this is: what stands on slips and in headers."""

    name: _Name = "Nhà văn hóa số"
    village: str = "Thôn Mẫu"
    commune: str = "Xã Mẫu"
    province: str = "Tỉnh Mẫu"
    phone: str = ""
    demo: bool = True


class WebSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The web process: where it listens, how long a shared tablet may lie idle, what it takes in."""

    host: str = "127.0.0.1"
    port: _Port = 8000
    threads: _Count = 6
    idle_wipe_s: _Count = 120
    staff_idle_s: _Count = 1800
    upload_bytes: _Count = 25 * 1024 * 1024
    address: str = ""
    https: bool = False


class ClockSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whether the machine's clock is believed: ask the host, always, or never (to rehearse)."""

    trust: Literal["auto", "always", "never"] = "auto"


class QueueSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the queue behaves: folding of repeated presses, how often a missed person is called again."""

    fold_s: _Positive = 3.0
    recalls: _Count = 2
    returns: _Count = 1
    desks: tuple[_Name, ...] = ("1", "2", "3")


class Hours(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Hours of the village's day, across midnight too."""

    since: _Hour = msgspec.field(name="from")
    until: _Hour = msgspec.field(name="to")

    def __post_init__(self) -> None:
        if self.since == self.until:
            raise ValueError("from and to: the same hour says neither always nor never")

    def holds(self, at: dt.time) -> bool:
        """Return whether ``at``, village time, lies in these hours: from the first, up to the second."""
        hour = f"{at:%H:%M}"
        if self.since < self.until:
            return self.since <= hour < self.until
        return hour >= self.since or hour < self.until


class SoundHours(Hours, frozen=True, forbid_unknown_fields=True):
    """Hours and how loud calls are then; 0 means no sound."""

    volume: _Loudness


class SoundSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How calls sound: speech, chime, speed, loudness and its hours, repeating, languages, regional words."""

    speech: bool = True
    chime: bool = True
    words_per_minute: Annotated[int, msgspec.Meta(ge=80, le=250)] = 130
    stale_s: _Positive = 40.0
    volume: _Loudness = 1.0
    hours: tuple[SoundHours, ...] = ()
    times: Literal[1, 2] = 1
    again_s: _Positive = 3.0
    service: bool = False
    languages: tuple[_Name, ...] = ()
    gap: Literal["lẻ", "linh"] = "lẻ"
    thousand: Literal["nghìn", "ngàn"] = "nghìn"
    four: Literal["bốn", "tư"] = "bốn"

    @property
    def manner(self) -> Manner:
        """How this region says Vietnamese numbers."""
        return Manner(self.gap, self.thousand, self.four)

    def loudness(self, at: dt.time | None) -> float:
        """Return how loud a call is at ``at`` (village time): the first hours that hold, else the usual.

        None, a time that nobody vouches for, gives the usual: a guide who calls is awake.
        """
        return next((one.volume for one in self.hours if at is not None and one.holds(at)), self.volume)


class UpstreamSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The office's OpenRosa server; empty ``url`` means that dossiers wait at the House.

    A House shows either a key (``token_file``) or a name and its password (``user``, ``password_file``).
    ``connection_bytes`` is what one connection carries on a line that drops larger ones; 0: no such line.
    """

    url: str = ""
    kind: Literal["central", "kobo", "ona", "openrosa"] = "central"
    project: _Count = 1
    token_file: str = ""
    token_in_path: bool = False
    user: Annotated[str, msgspec.Meta(pattern=r"^[!#-9;-\[\]-~]{0,150}$")] = ""
    password_file: str = ""
    ca_file: str = ""
    proxy: Annotated[str, msgspec.Meta(pattern=r"^(http://[A-Za-z0-9.:\[\]-]+:[0-9]{1,5}/?)?$")] = ""
    proxy_file: str = ""
    connection_bytes: _Bytes = 0
    public_key_file: str = ""
    connect_s: _Positive = 10.0
    answer_s: _Positive = 300.0
    idle_s: _Positive = 30.0
    every_s: _Positive = 5.0
    backoff_first_s: _Positive = 10.0
    backoff_most_s: _Positive = 3600.0
    states_every_s: _Positive = 60.0
    lanes: Annotated[int, msgspec.Meta(ge=1, le=8)] = 2
    urgent_forms: tuple[_Name, ...] = ("lien_thong_khai_tu",)
    forms_every_s: _Positive = 21_600.0

    def __post_init__(self) -> None:
        if self.token_file and self.user:
            raise ValueError("token_file and user: a House shows a key or a name, not both")
        if bool(self.user) != bool(self.password_file):
            raise ValueError("user and password_file: one is of no use without the other")
        if self.token_in_path and (self.kind != "central" or not self.token_file):
            raise ValueError("token_in_path: only with kind central and a token_file")
        if self.proxy_file and not self.proxy:
            raise ValueError("proxy_file: of no use without proxy")


class UplinkSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the line out may cost and when it may be used; 0 bytes and no hours: as much as there is, always.

    ``sense`` is whether the machine's network service (NetworkManager) is asked what the line is.
    """

    sense: Literal["auto", "off"] = "auto"
    bytes_a_day: _Bytes = 0
    metered_bytes_a_day: _Bytes = 0
    packs_when_metered: bool = False
    hours: tuple[Hours, ...] = ()


class ReportSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whether the House tells the office how it is, and how many days a report that does not arrive is kept."""

    daily: bool = False
    monthly: bool = False
    keep_days: _Count = 30


class PacksSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where content comes from; no ``urls``: by stick and by hand only. Signatures carry the trust, so plain
    http is as good as https. ``bytes_per_s`` 0 is as fast as it comes.
    """

    urls: tuple[Annotated[str, msgspec.Meta(pattern="^https?://[^ ]{1,300}$")], ...] = ()
    names: tuple[Annotated[str, msgspec.Meta(pattern="^[a-z][a-z0-9-]{0,39}$")], ...] = ("core", "program")
    root_file: str = ""
    every_s: _Positive = 21600.0
    bytes_per_s: Annotated[int, msgspec.Meta(ge=0)] = 0
    connect_s: _Positive = 10.0
    idle_s: _Positive = 30.0

    def __post_init__(self) -> None:
        if 0 < self.bytes_per_s < 1024:
            raise ValueError("bytes_per_s: at least 1024, or 0 for no cap")


class FieldSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Home visits with ODK Collect: what one sending may weigh, how long keys and lists of households last."""

    post_bytes: Annotated[int, msgspec.Meta(ge=100_000, le=50_000_000)] = 10_000_000
    volunteer_days: Annotated[int, msgspec.Meta(ge=1, le=366)] = 90
    households: Annotated[int, msgspec.Meta(ge=1, le=200)] = 20
    list_days: Annotated[int, msgspec.Meta(ge=1, le=90)] = 14


class OfficeSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The practice office for demo and training; only ever on this machine."""

    port: _Port = 8001


class DossierSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How long an unsealed draft is kept, a slip's content, and what is left of a case that is closed.

    ``page_bytes`` is what a scanned page may weigh, ``line_kbit`` the line that its travel is told for.
    """

    draft_days: _Count = 30
    slip_days: _Count = 7
    # The office may think again for two weeks; nothing goes before that.
    closed_days: Annotated[int, msgspec.Meta(ge=15)] = 30
    page_bytes: Annotated[int, msgspec.Meta(ge=20_000, le=5_000_000)] = 300_000
    line_kbit: _Count = 64


class PeopleSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How long a household's record is kept when nobody uses it."""

    keep_days: _Count = 365


class Holiday(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A day on which offices do not work, who said so, and how sure that is."""

    on: dt.date
    name: _Name
    source: _Name
    status: Literal["verified", "reported", "unverified"]


class PrivacySettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Days off beside Saturday and Sunday; one that is missing makes an answer due earlier, never later."""

    holidays: tuple[Holiday, ...] = ()


class BackupSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Nightly copies of the database in the data folder."""

    keep: _Count = 7


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All settings of one House; each has a default."""

    data_dir: str = ""
    content_dir: str = ""
    house: HouseSettings = HouseSettings()
    web: WebSettings = WebSettings()
    clock: ClockSettings = ClockSettings()
    queue: QueueSettings = QueueSettings()
    sound: SoundSettings = SoundSettings()
    upstream: UpstreamSettings = UpstreamSettings()
    uplink: UplinkSettings = UplinkSettings()
    reports: ReportSettings = ReportSettings()
    packs: PacksSettings = PacksSettings()
    field: FieldSettings = FieldSettings()
    office: OfficeSettings = OfficeSettings()
    dossiers: DossierSettings = DossierSettings()
    people: PeopleSettings = PeopleSettings()
    privacy: PrivacySettings = PrivacySettings()
    backup: BackupSettings = BackupSettings()
    printer: PrinterConfig = PrinterConfig()
    panel: PanelConfig = PanelConfig()
    speaker: SpeakerConfig = SpeakerConfig()
    sheets: SheetsConfig = SheetsConfig()
    scanner: ScannerConfig = ScannerConfig()
    reader: ReaderConfig = ReaderConfig()


_DEVICES = {
    "printer": PrinterConfig,
    "panel": PanelConfig,
    "speaker": SpeakerConfig,
    "sheets": SheetsConfig,
    "scanner": ScannerConfig,
    "reader": ReaderConfig,
}


def load(path: Path | None = None) -> Settings:
    """Return the settings of ``path``, else of ``$HUB_SETTINGS``, else of /etc/hub/hub.toml, else the defaults.

    Raises ``NotReady("settings.…")`` with file, line and key when a file is named and absent, is no TOML, has an
    unknown key or a bad value.
    """
    named = path or (Path(os.environ["HUB_SETTINGS"]) if os.environ.get("HUB_SETTINGS") else None)
    if named is None:
        if not SYSTEM_FILE.exists():
            return Settings()
        named = SYSTEM_FILE
    try:
        text = named.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as bad:
        raise NotReady("settings.unreadable", file=str(named), why=str(bad)) from bad
    return read(text, str(named))


def read(text: str, name: str) -> Settings:
    """Return the settings written in ``text``; ``name`` stands for the file in errors. Raises as ``load``."""
    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError as bad:
        raise NotReady("settings.no_toml", file=name, why=str(bad)) from bad
    for table, shape in _DEVICES.items():
        # msgspec forbids unknown keys in its own structs only, and devices know nothing of it.
        known = {field.name for field in dataclasses.fields(shape)}
        for key in tree.get(table, {}) if isinstance(tree.get(table), dict) else ():
            if key not in known:
                key = f"{table}.{key}"
                why = "Object contains unknown field"
                raise NotReady("settings.bad", file=name, line=_line(text, key), key=key, why=why)
    try:
        return msgspec.convert(tree, Settings, strict=True)
    except msgspec.ValidationError as bad:
        key, why = _where(str(bad))
        raise NotReady("settings.bad", file=name, line=_line(text, key), key=key, why=why) from bad


def write(given: Settings) -> str:
    """Return ``given`` as the TOML text that ``read`` takes, for a process that is started with changed settings."""
    import tomli_w

    return tomli_w.dumps(_without_none(msgspec.to_builtins(given)))


def _without_none(tree: dict[str, object]) -> dict[str, object]:
    # TOML has no empty value: what is not set is left out.
    return {
        key: _without_none(value) if isinstance(value, dict) else value
        for key, value in tree.items()
        if value is not None
    }


def _where(message: str) -> tuple[str, str]:
    # msgspec says: Object contains unknown field `prot` - at `$.web`
    why, _, place = message.partition(" - at ")
    key = place.strip("`").removeprefix("$").lstrip(".")
    unknown = re.search(r"unknown field `([^`]+)`", why)
    if unknown:
        key = f"{key}.{unknown[1]}" if key else unknown[1]
    return key, why


def _line(text: str, key: str) -> int:
    *tables, leaf = re.sub(r"\[\.*\d*\]", "", key).split(".")
    wanted, here = ".".join(tables), ""
    table_line = 0
    for number, line in enumerate(text.splitlines(), start=1):
        header = re.match(r"\s*\[+\s*([^\]]+?)\s*\]+", line)
        if header:
            here = header[1].replace('"', "").replace(" ", "")
            if here == key:
                table_line = number
            continue
        name = re.match(r'\s*"?([\w.-]+)"?\s*=', line)
        if not name:
            continue
        full = f"{here}.{name[1]}" if here else name[1]
        if full == key or (here == wanted and name[1] == leaf):
            return number
        if full == wanted:
            table_line = table_line or number
    return table_line or 1
