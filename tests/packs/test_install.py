"""Put a pack in place whole, or leave the old one."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from hub.base import phrases
from hub.base.errors import Conflict, Missing, NotReady, Refused
from hub.base.locks import OwnerLock
from hub.packs import install, manifest, shelf
from tests.shelves import CORE, PAGES, core, small

_ROOT = Path(__file__).parents[2]


def _sealed(folder: Path, **values: str) -> Path:
    pack = small(folder, **values)
    manifest.seal(pack)
    return pack


def _text(packs: Path) -> str:
    return shelf.current(packs, "small").page("lessons/thu/mot.vi.md").sections[0].plain


def test_installed_pack_is_read_as_prepared(tmp_path: Path) -> None:
    done = install.install(_sealed(tmp_path / "a"), tmp_path / "packs", PAGES)
    assert done.fresh and done.version == "2026.11.1"
    assert _text(tmp_path / "packs") == "Xin chào."
    assert install.installed(tmp_path / "packs") == (install.Installed("small", "2026.11.1", done.id, False),)


def test_installing_the_same_again_changes_nothing(tmp_path: Path) -> None:
    pack = _sealed(tmp_path / "a")
    first = install.install(pack, tmp_path / "packs", PAGES)
    second = install.install(pack, tmp_path / "packs", PAGES)
    assert (second.id, second.fresh) == (first.id, False)


def test_a_new_program_prepares_the_same_pack_anew(tmp_path: Path) -> None:
    pack = _sealed(tmp_path / "a")
    first = install.install(pack, tmp_path / "packs", PAGES, program="1")
    second = install.install(pack, tmp_path / "packs", PAGES, program="2")
    assert second.fresh and second.id != first.id


def test_the_pack_before_comes_back_with_one_step_and_forth_again(tmp_path: Path) -> None:
    packs = tmp_path / "packs"
    install.install(_sealed(tmp_path / "a", text="Cũ."), packs, PAGES)
    install.install(_sealed(tmp_path / "b", version="2026.11.2", text="Mới."), packs, PAGES)
    assert _text(packs) == "Mới."
    install.rollback(packs, "small")
    assert _text(packs) == "Cũ."
    install.rollback(packs, "small")
    assert _text(packs) == "Mới."


def test_only_the_present_pack_and_the_one_before_are_kept(tmp_path: Path) -> None:
    packs = tmp_path / "packs"
    ids = [
        install.install(_sealed(tmp_path / str(n), version=f"2026.11.{n}"), packs, PAGES).id
        for n in range(1, 5)
    ]
    have = {path.name for path in (packs / "small").iterdir() if not path.is_symlink()}
    assert have == set(ids[-2:])


def test_nothing_to_go_back_to_is_said(tmp_path: Path) -> None:
    install.install(_sealed(tmp_path / "a"), tmp_path / "packs", PAGES)
    with pytest.raises(Missing, match="nothing_before"):
        install.rollback(tmp_path / "packs", "small")
    with pytest.raises(NotReady, match="packs.none"):
        install.rollback(tmp_path / "packs", "other")


def test_a_broken_pack_is_refused_with_the_file_and_the_old_one_stays(tmp_path: Path) -> None:
    packs = tmp_path / "packs"
    install.install(_sealed(tmp_path / "a", text="Cũ."), packs, PAGES)
    broken = _sealed(tmp_path / "b", version="2026.11.2", text="Mới.")
    (broken / "lessons/thu/mot.vi.md").write_text("hỏng", encoding="utf-8")
    with pytest.raises(NotReady) as caught:
        install.install(broken, packs, PAGES)
    assert caught.value.values["file"] == "lessons/thu/mot.vi.md"
    assert _text(packs) == "Cũ."
    assert not list((packs / "small").glob("*.tmp"))


def test_a_page_that_cannot_be_prepared_is_refused_with_its_name(tmp_path: Path) -> None:
    packs = tmp_path / "packs"
    install.install(_sealed(tmp_path / "a", text="Cũ."), packs, PAGES)
    pack = small(tmp_path / "b", version="2026.11.2")
    (pack / "lessons/thu/hai.vi.md").write_text("không có đầu trang", encoding="utf-8")
    manifest.seal(pack)
    with pytest.raises(NotReady) as caught:
        install.install(pack, packs, PAGES)
    assert (caught.value.key, caught.value.values["file"]) == ("packs.bad_page", "lessons/thu/hai.vi.md")
    assert _text(packs) == "Cũ."


def test_what_another_rooms_preparer_refuses_is_said_with_the_file(tmp_path: Path) -> None:
    def refuse(_source: Path, _target: Path) -> None:
        raise Refused("ids.code_wrong")

    with pytest.raises(NotReady) as caught:
        install.install(_sealed(tmp_path / "a"), tmp_path / "packs", {"manifest.toml": refuse})
    told = phrases.say("vi", caught.value.key, **caught.value.values)
    assert "manifest.toml" in told and "Mã này chưa đúng" in told


def test_a_preparer_that_writes_over_the_author_is_stopped(tmp_path: Path) -> None:
    def spoil(source: Path, _target: Path) -> None:
        source.write_text("khác", encoding="utf-8")

    with pytest.raises(NotReady, match="changed_file"):
        install.install(_sealed(tmp_path / "a"), tmp_path / "packs", {"lessons/*/*.md": spoil})


def test_an_unsealed_pack_needs_a_word_from_the_caller(tmp_path: Path) -> None:
    pack = small(tmp_path / "a")
    with pytest.raises(NotReady, match="not_sealed"):
        install.install(pack, tmp_path / "packs", PAGES)
    assert install.install(pack, tmp_path / "packs", PAGES, unsealed=True).fresh


def test_two_installers_do_not_meet(tmp_path: Path) -> None:
    (tmp_path / "packs" / "small").mkdir(parents=True)
    with OwnerLock(tmp_path / "packs", "small-install"), pytest.raises(Conflict, match="already_running"):
        install.install(_sealed(tmp_path / "a"), tmp_path / "packs", PAGES)


def test_check_finds_what_changed_after_installing(tmp_path: Path) -> None:
    packs = tmp_path / "packs"
    install.install(_sealed(tmp_path / "a"), packs, PAGES)
    assert install.check(packs, "small").version == "2026.11.1"
    prepared = packs / "small" / "current" / "lessons" / "thu" / "mot.vi.json"
    prepared.write_text("{}", encoding="utf-8")
    with pytest.raises(NotReady) as caught:
        install.check(packs, "small")
    assert caught.value.values["file"] == "lessons/thu/mot.vi.json"


def test_a_shelf_in_use_stays_one_version_while_a_new_one_comes(tmp_path: Path) -> None:
    packs = tmp_path / "packs"
    install.install(_sealed(tmp_path / "a", text="Cũ."), packs, PAGES)
    before = shelf.current(packs, "small")
    install.install(_sealed(tmp_path / "b", version="2026.11.2", text="Mới."), packs, PAGES)
    assert before.page("lessons/thu/mot.vi.md").sections[0].plain == "Cũ."
    assert shelf.current(packs, "small").id != before.id


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "lessons", "a\0b", "lessons/thu/hai.md"])
def test_a_shelf_gives_nothing_from_outside_the_pack(tmp_path: Path, name: str) -> None:
    install.install(_sealed(tmp_path / "a"), tmp_path / "packs", PAGES)
    with pytest.raises(Missing):
        shelf.current(tmp_path / "packs", "small").path(name)


def test_an_empty_shelf_says_so(tmp_path: Path) -> None:
    with pytest.raises(NotReady, match="packs.none"):
        shelf.current(tmp_path)


_KILLED = """
import sys, time
from pathlib import Path
from hub.packs import install
from tests.shelves import PAGES
def slow(source, target):
    print("preparing", flush=True)
    time.sleep(30)
install.install(Path(sys.argv[1]), Path(sys.argv[2]), {**PAGES, "manifest.toml": slow})
"""


def test_a_power_cut_in_the_middle_leaves_the_old_pack_and_the_next_try_works(tmp_path: Path) -> None:
    packs = tmp_path / "packs"
    install.install(_sealed(tmp_path / "a", text="Cũ."), packs, PAGES)
    new = _sealed(tmp_path / "b", version="2026.11.2", text="Mới.")
    worker = subprocess.Popen(
        [sys.executable, "-c", _KILLED, str(new), str(packs)],
        cwd=_ROOT,
        env={**os.environ, "PYTHONPATH": str(_ROOT)},
        stdout=subprocess.PIPE,
    )
    assert worker.stdout is not None
    assert worker.stdout.readline() == b"preparing\n"
    worker.send_signal(signal.SIGKILL)
    worker.wait(10)
    worker.stdout.close()
    assert _text(packs) == "Cũ."
    assert list((packs / "small").glob("*.tmp"))
    install.install(new, packs, PAGES)
    assert _text(packs) == "Mới."
    assert not list((packs / "small").glob("*.tmp"))


def test_the_core_pack_installs_sealed_and_unsealed_alike(tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(CORE, copy)
    unsealed = install.install(copy, tmp_path / "one", PAGES, unsealed=True)
    manifest.seal(copy)
    sealed = install.install(copy, tmp_path / "two", PAGES)
    assert sealed.id == unsealed.id


def test_reading_a_pack_does_not_import_the_form_maker(tmp_path: Path) -> None:
    core(tmp_path)
    asked = (
        "import sys; from pathlib import Path; from hub.packs import shelf;"
        "from hub.trades.lessons import reader;"
        f"reader.tracks(shelf.current(Path({str(tmp_path)!r})), 'vi');"
        "sys.exit(bool({'pyxform', 'escpos', 'flask', 'markdown_it', 'nh3'} & set(sys.modules)))"
    )
    subprocess.run([sys.executable, "-c", asked], cwd=_ROOT, check=True, timeout=30)
