"""The command ``hub``: names its parts and loads each only when it is asked for.

Exit codes: 0 done, 1 what was asked is not so, 2 wrong use. Errors are one sentence on stderr.
"""

from __future__ import annotations

import importlib
import os
import sqlite3
import sys
from pathlib import Path
from typing import Any, NoReturn

import click

from hub.base import db, phrases, settings
from hub.base.errors import HubError

_COMMANDS = {
    "run": "run",
    "prepare": "run",
    "web": "workers",
    "office": "office",
    "bench": "workers",
    "relay": "workers",
    "nightly": "workers",
    "migrate": "care",
    "doctor": "doctor",
    "backup": "care",
    "devices": "devices",
    "packs": "packs",
    "forms": "forms",
    "dossiers": "dossiers",
    "privacy": "privacy",
    "reports": "reports",
    "speech": "speech",
    "stick": "stick",
    "staff": "staff",
}


class _Parts(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in _COMMANDS:
            return None
        module = importlib.import_module(f"hub.cli.{_COMMANDS[name]}")
        found: click.Command = getattr(module, name)
        return found


class Context:
    """What every command may ask for: the settings and the data folder of this call."""

    def __init__(self, data: Path | None, lang: str) -> None:
        self.data = data
        self.lang = lang

    def settings(self) -> settings.Settings:
        """Return the settings, read now."""
        return settings.load()

    def house(self) -> Any:
        """Return the House, built now."""
        from hub.wiring import build

        return build.build(self.settings(), self.data)

    def say(self, key: str, /, **values: object) -> str:
        """Return a phrase in this call's language."""
        return phrases.say(self.lang, key, **values)


@click.command(cls=_Parts, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--data", type=click.Path(path_type=Path), envvar="HUB_DATA", help="The data folder.")
@click.option(
    "--lang", type=click.Choice(phrases.LANGUAGES), default="vi", envvar="HUB_LANG", show_default=True
)
@click.pass_context
def cli(ctx: click.Context, data: Path | None, lang: str) -> None:
    """Look after a Digital Cultural House.

    Example: hub --data /var/lib/hub doctor
    """
    ctx.obj = Context(data, lang)


def main() -> None:
    """Run the command; a failure of the House is one sentence on stderr and exit code 1."""
    try:
        cli(standalone_mode=False)
    except click.exceptions.Exit as end:
        sys.exit(end.exit_code)
    except click.UsageError as bad:
        bad.show()
        sys.exit(2)
    except click.Abort:
        sys.exit(130)
    except click.ClickException as bad:
        bad.show()
        sys.exit(1)
    except HubError as bad:
        _fail(bad)
    except sqlite3.Error as bad:
        _fail(db.told(bad))


def _fail(bad: HubError) -> NoReturn:
    sentence = phrases.say(_lang(), bad.key, **bad.values) if phrases.has(bad.key) else str(bad)
    click.echo(sentence, err=True)
    sys.exit(1)


def _lang() -> str:
    # A failure may come before the command knows its own options.
    for asked in phrases.LANGUAGES:
        if f"--lang={asked}" in sys.argv or ("--lang", asked) in zip(sys.argv, sys.argv[1:], strict=False):
            return asked
    return phrases.language(os.environ.get("HUB_LANG"))
