"""Settings: whole or not at all, with file, line and key."""

from pathlib import Path

import pytest

from hub.base import settings
from hub.base.errors import NotReady


def test_without_a_file_the_defaults_are_good_for_a_desk() -> None:
    read = settings.read("", "none")
    assert read.web.port == 8000 and read.house.demo and read.web.host == "127.0.0.1"


def test_an_unknown_key_is_named_with_its_line() -> None:
    with pytest.raises(NotReady) as told:
        settings.read('[house]\nname = "Nhà Mẫu"\n\n[web]\nport = 8000\nprot = 1\n', "hub.toml")
    assert told.value.key == "settings.bad"
    assert (told.value.values["file"], told.value.values["line"], told.value.values["key"]) == (
        "hub.toml",
        6,
        "web.prot",
    )


def test_an_unknown_table_is_named_with_its_line() -> None:
    with pytest.raises(NotReady) as told:
        settings.read("\n\n[wbe]\nport = 1\n", "hub.toml")
    assert (told.value.values["line"], told.value.values["key"]) == (3, "wbe")


@pytest.mark.parametrize(
    ("text", "key", "line"),
    [
        ("[web]\nport = 'eight'\n", "web.port", 2),
        ("[web]\nport = 70000\n", "web.port", 2),
        ("[clock]\ntrust = 'perhaps'\n", "clock.trust", 2),
        ("[queue]\nfold_s = 0\n", "queue.fold_s", 2),
        ("web.port = true\n", "web.port", 1),
        ("[printer]\nkind = 'crayon'\n", "printer.kind", 2),
        ("[printer]\nkind = 'simulator'\nprot = 9100\n", "printer.prot", 3),
    ],
)
def test_a_bad_value_is_named_with_its_line(text: str, key: str, line: int) -> None:
    with pytest.raises(NotReady) as told:
        settings.read(text, "hub.toml")
    assert (told.value.values["key"], told.value.values["line"]) == (key, line)


def test_a_file_that_is_named_and_absent_stops_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUB_SETTINGS", str(tmp_path / "gone.toml"))
    with pytest.raises(NotReady, match="settings.unreadable"):
        settings.load()


def test_a_file_that_is_no_toml_stops_the_start() -> None:
    with pytest.raises(NotReady, match="settings.no_toml"):
        settings.read("[web\n", "hub.toml")
