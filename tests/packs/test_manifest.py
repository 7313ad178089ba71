"""The pack's own word about itself."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.base.errors import NotReady
from hub.packs import manifest
from tests.shelves import CORE, small


def test_core_pack_tells_its_name_version_and_languages() -> None:
    told = manifest.read(CORE)
    assert (told.name, told.languages) == ("core", ("vi", "en"))


def test_sealed_pack_is_as_listed(tmp_path: Path) -> None:
    pack = small(tmp_path / "pack")
    manifest.seal(pack)
    listed = manifest.listing(pack)
    assert set(listed) == {"manifest.toml", "lessons/thu/mot.vi.md"}
    manifest.verify(pack, listed)


def test_a_changed_a_lost_and_a_strange_file_are_each_named(tmp_path: Path) -> None:
    pack = small(tmp_path / "pack")
    manifest.seal(pack)
    page = pack / "lessons" / "thu" / "mot.vi.md"
    good = page.read_bytes()
    for damage, key, file in (
        (lambda: page.write_bytes(good[:-1]), "packs.changed_file", "lessons/thu/mot.vi.md"),
        (page.unlink, "packs.missing_file", "lessons/thu/mot.vi.md"),
        (lambda: (pack / "lạ.txt").write_text("x"), "packs.unlisted_file", "lạ.txt"),
    ):
        page.write_bytes(good)
        damage()
        with pytest.raises(NotReady) as caught:
            manifest.verify(pack, manifest.listing(pack))
        assert (caught.value.key, caught.value.values["file"]) == (key, file)


def test_one_flipped_bit_is_noticed(tmp_path: Path) -> None:
    pack = small(tmp_path / "pack")
    manifest.seal(pack)
    page = pack / "lessons" / "thu" / "mot.vi.md"
    whole = bytearray(page.read_bytes())
    whole[5] ^= 1
    page.write_bytes(whole)
    with pytest.raises(NotReady, match="changed_file"):
        manifest.verify(pack, manifest.listing(pack))


@pytest.mark.parametrize(
    "line",
    [
        '"../etc/passwd" = "{0}"',
        '"/etc/passwd" = "{0}"',
        '"a//b" = "{0}"',
        '"a" = "{0}x"',
        '"a" = 3',
        "[more]",
    ],
)
def test_a_list_that_leads_out_of_the_pack_or_is_no_list_is_refused(tmp_path: Path, line: str) -> None:
    (tmp_path / "files.toml").write_text("[files]\n" + line.format("0" * 64) + "\n", encoding="utf-8")
    with pytest.raises(NotReady, match="bad_file"):
        manifest.listing(tmp_path)


def test_a_link_in_a_pack_is_refused(tmp_path: Path) -> None:
    pack = small(tmp_path / "pack")
    (pack / "out").symlink_to("/etc")
    with pytest.raises(NotReady, match="packs.link"):
        manifest.seal(pack)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('name = "small"', 'name = "../small"'),
        ('version = "2026.11.1"', 'version = "new"'),
        ('licence = "CC0-1.0"', ""),
        ('languages = ["vi"]', "languages = []"),
        ("[title]", "[titel]"),
    ],
)
def test_a_manifest_that_is_not_right_is_refused_with_its_name(tmp_path: Path, old: str, new: str) -> None:
    pack = small(tmp_path / "pack")
    path = pack / "manifest.toml"
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    with pytest.raises(NotReady) as caught:
        manifest.read(pack)
    assert (caught.value.key, caught.value.values["file"]) == ("packs.bad_file", "manifest.toml")


def test_a_folder_without_a_manifest_is_no_pack(tmp_path: Path) -> None:
    with pytest.raises(NotReady, match="no_manifest"):
        manifest.read(tmp_path)


_names = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=20).filter(
    lambda name: not set(name) & set("/\\") and name not in {".", ".."}
)


@given(st.dictionaries(_names, st.sampled_from(["0" * 64, "a" * 64])))
def test_any_list_reads_back_as_it_was_written(
    tmp_path_factory: pytest.TempPathFactory, listed: dict[str, str]
) -> None:
    folder = tmp_path_factory.mktemp("list")
    manifest.write_listing(folder / "files.toml", listed)
    assert manifest.listing(folder) == listed


@given(st.dictionaries(_names, st.just("0" * 64), min_size=1))
def test_the_digest_changes_with_any_file(listed: dict[str, str]) -> None:
    name = next(iter(listed))
    assert manifest.digest(listed) != manifest.digest(listed | {name: "1" * 64})
    assert manifest.digest(listed) != manifest.digest(listed, "another program")
