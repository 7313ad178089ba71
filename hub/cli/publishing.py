"""``hub packs publish|freshen|keys…``: the side of a province that publishes for many Houses.

It needs no House and no data folder: a folder of packs, a folder of keys, and a folder that a web server hands out.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hub.cli.main import Context

if TYPE_CHECKING:
    from hub.packs.publish_keys import Key, Role
    from hub.packs.publish_lists import Terms

_FOLDER = click.Path(file_okay=False, path_type=Path)
_HERE = click.Path(exists=True, file_okay=False, path_type=Path)
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_ROLES = ("root", "targets", "snapshot", "timestamp")


def _with_keys(command: Any) -> Any:
    for option in (
        click.option(
            "--keys",
            "folders",
            type=_HERE,
            required=True,
            multiple=True,
            help="A folder of keys; may be repeated.",
        ),
        click.option("--passphrase-file", type=_FILE, help="A file that holds the keys' passphrase."),
    ):
        command = option(command)
    return command


def _with_terms(command: Any) -> Any:
    for role, days in (("root", 730), ("targets", 365), ("snapshot", 180), ("timestamp", 30)):
        command = click.option(
            f"--{role}-days",
            type=click.IntRange(1, 3660),
            default=days,
            show_default=True,
            help=f"Days the {role} list holds.",
        )(command)
    return command


def _terms(days: dict[str, int]) -> Terms:
    from hub.packs.publish_lists import Terms

    return Terms(**{name.removesuffix("_days"): count for name, count in days.items()})


def _ring(folders: tuple[Path, ...], passphrase_file: Path | None) -> dict[Role, tuple[Key, ...]]:
    from hub.packs import publish_keys

    return publish_keys.load(folders, passphrase=_passphrase(passphrase_file))


def _passphrase(file: Path | None) -> bytes:
    return file.read_bytes().strip() if file else b""


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


@click.command()
@click.argument("repository", type=_FOLDER)
@click.argument("packs", type=_HERE, nargs=-1)
@_with_keys
@click.option(
    "--threshold",
    type=(click.Choice(_ROLES), click.IntRange(1, 20)),
    multiple=True,
    help="When the repository is begun: how many keys of a role must sign.",
)
@_with_terms
@click.pass_obj
def publish(
    ctx: Context,
    /,
    repository: Path,
    packs: tuple[Path, ...],
    folders: tuple[Path, ...],
    passphrase_file: Path | None,
    threshold: tuple[tuple[str, int], ...],
    **days: int,
) -> None:
    """Put PACKS into the REPOSITORY, a folder for any plain web server; begin it where there is none.

    Example: hub packs publish /srv/www/packs content/core --keys /media/keys
    """
    from hub.packs import publish as publishing
    from hub.packs.publish_keys import Role

    done = publishing.publish(
        repository,
        packs,
        _ring(folders, passphrase_file),
        now=_now(),
        terms=_terms(days),
        thresholds={Role(role): count for role, count in threshold},
    )
    _told(done)


@click.command("publish-program")
@click.argument("repository", type=_HERE)
@click.argument("folder", type=_HERE)
@click.argument("version")
@_with_keys
@_with_terms
def publish_program(
    repository: Path,
    folder: Path,
    version: str,
    folders: tuple[Path, ...],
    passphrase_file: Path | None,
    **days: int,
) -> None:
    """Put an update of the program, all files in FOLDER, into the REPOSITORY; Houses fetch and keep it.

    Example: hub packs publish-program /srv/www/packs dist 0.2.0 --keys /media/keys
    """
    from hub.packs import publish as publishing

    ring = _ring(folders, passphrase_file)
    _told(publishing.publish_program(repository, folder, version, ring, now=_now(), terms=_terms(days)))


@click.command()
@click.argument("repository", type=_HERE)
@click.argument("name")
@_with_keys
@_with_terms
def withdraw(
    repository: Path, name: str, folders: tuple[Path, ...], passphrase_file: Path | None, **days: int
) -> None:
    """Offer the pack NAME no more; Houses keep what they have.

    Example: hub packs withdraw /srv/www/packs clips --keys /media/keys
    """
    from hub.packs import publish as publishing

    publishing.withdraw(repository, name, _ring(folders, passphrase_file), now=_now(), terms=_terms(days))


@click.command()
@click.argument("repository", type=_HERE)
@_with_keys
@_with_terms
def freshen(repository: Path, folders: tuple[Path, ...], passphrase_file: Path | None, **days: int) -> None:
    """Sign the timestamp anew, and what else is half run out and has its key at hand; for every night.

    Example: hub packs freshen /srv/www/packs --keys /etc/packs-keys
    """
    from hub.packs import publish as publishing

    ring = _ring(folders, passphrase_file)
    for role in publishing.freshen(repository, ring, now=_now(), terms=_terms(days)):
        click.echo(role)


@click.group()
def keys() -> None:
    """Make, list and change a publisher's keys."""


@keys.command()
@click.argument("folder", type=_FOLDER)
@click.option("--role", type=click.Choice(_ROLES), multiple=True, help="Only these; else one key of each.")
@click.option("--count", type=click.IntRange(1, 20), default=1, show_default=True)
@click.option("--passphrase-file", type=_FILE, help="A file that holds the keys' passphrase.")
def new(folder: Path, role: tuple[str, ...], count: int, passphrase_file: Path | None) -> None:
    """Make Ed25519 keys in FOLDER, one file each, mode 0600, with a passphrase where one is given.

    Example: hub packs keys new /media/keys --role root --count 3
    """
    from hub.packs import publish_keys

    for one in role or _ROLES:
        for key in publish_keys.new(
            folder, publish_keys.Role(one), count, passphrase=_passphrase(passphrase_file)
        ):
            click.echo(f"{key.role}\t{key.path}\t{key.id}")


@keys.command("list")
@click.argument("repository", type=_HERE)
@click.pass_obj
def listing(ctx: Context, repository: Path) -> None:
    """List whose keys the REPOSITORY's root accepts, until when it holds, and its fingerprints.

    Example: hub packs keys list /srv/www/packs
    """
    from hub.packs import index, publish_lists

    lists = publish_lists.read(repository)
    root = lists.root.signed
    for role in _ROLES:
        accepted = root.roles[role]
        click.echo(f"{role}\t{accepted.threshold}/{len(accepted.keyids)}\t{' '.join(accepted.keyids)}")
    click.echo(ctx.say("publish.root_holds", version=root.version, day=f"{root.expires:%d/%m/%Y}"))
    first = publish_lists.METADATA, "1.root.json"
    click.echo(
        ctx.say("publish.root_is", fingerprint=index.fingerprint(repository.joinpath(*first).read_bytes()))
    )


@keys.command()
@click.argument("repository", type=_HERE)
@click.argument("role", type=click.Choice(_ROLES))
@click.argument("into", type=_FOLDER)
@_with_keys
@_with_terms
@click.option(
    "--new-passphrase-file",
    type=_FILE,
    help="A file that holds the new keys' passphrase; else theirs is the old one, but the timestamp's has none.",
)
@click.option("--count", type=click.IntRange(1, 20), help="How many new keys; else as many as before.")
@click.option("--threshold", type=click.IntRange(1, 20), help="How many of them must sign; else as before.")
def rotate(
    repository: Path,
    role: str,
    into: Path,
    folders: tuple[Path, ...],
    passphrase_file: Path | None,
    new_passphrase_file: Path | None,
    count: int | None,
    threshold: int | None,
    **days: int,
) -> None:
    """Give ROLE new keys, made in the folder INTO; Houses that trust the old root follow by themselves.

    Example: hub packs keys rotate /srv/www/packs timestamp /etc/packs-keys --keys /etc/packs-keys --keys /media/keys
    """
    from hub.packs import publish as publishing
    from hub.packs.publish_keys import Role

    fresh = publishing.rotate(
        repository,
        Role(role),
        _ring(folders, passphrase_file),
        into,
        now=_now(),
        terms=_terms(days),
        passphrase=_passphrase(new_passphrase_file or (passphrase_file if role != "timestamp" else None)),
        count=count,
        threshold=threshold,
    )
    for key in fresh:
        click.echo(f"{key.role}\t{key.path}\t{key.id}")


@keys.command()
@click.argument("repository", type=_HERE)
@_with_keys
@_with_terms
def renew(repository: Path, folders: tuple[Path, ...], passphrase_file: Path | None, **days: int) -> None:
    """Sign the root anew with the same keys, before it runs out.

    Example: hub packs keys renew /srv/www/packs --keys /media/keys
    """
    from hub.packs import publish as publishing

    ring = _ring(folders, passphrase_file)
    publishing.renew(repository, ring, now=_now(), terms=_terms(days))


def _told(done: Any) -> None:
    for one in done.packs:
        click.echo(one)
    click.echo(f"+{done.new_bytes} B\t-{done.removed}\t{' '.join(done.signed)}")


COMMANDS = (publish, publish_program, withdraw, freshen, keys)
