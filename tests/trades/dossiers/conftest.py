"""Forms converted once, an office's key pair, and a guide at work."""

from __future__ import annotations

import base64
import sqlite3
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from hub.base.settings import Settings
from hub.forms import author
from tests.fakes import FakeClock
from tests.trades.dossiers import guide as guides
from tests.trades.dossiers.guide import Guide

_FORMS = Path(__file__).parent / "forms"


@pytest.fixture(scope="session")
def household_xml() -> bytes:
    return author.convert(_FORMS / "household.md", None, "mau").xml


@pytest.fixture(scope="session")
def newer_xml() -> bytes:
    return author.convert(_FORMS / "household_2.md", None, "mau").xml


@pytest.fixture(scope="session")
def birth_xml() -> bytes:
    path = guides.ROOT / "content" / "core" / "procedures" / "lien-thong-khai-sinh" / "form.md"
    return author.convert(path, None, "lien_thong_khai_sinh").xml


@pytest.fixture(scope="session")
def office() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture(scope="session")
def office_key_file(office: rsa.RSAPrivateKey, tmp_path_factory: pytest.TempPathFactory) -> Path:
    der = office.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    path = tmp_path_factory.mktemp("office") / "public_key.b64"
    path.write_bytes(base64.b64encode(der) + b"\n")
    return path


@pytest.fixture
def settings(office_key_file: Path) -> Settings:
    return guides.with_key(Settings(), office_key_file)


@pytest.fixture
def guide(conn: sqlite3.Connection, clock: FakeClock, household_xml: bytes, settings: Settings) -> Guide:
    """A guide with the small form."""
    return Guide(conn, clock, household_xml, settings=settings)


@pytest.fixture
def midwife(conn: sqlite3.Connection, clock: FakeClock, birth_xml: bytes, settings: Settings) -> Guide:
    """A guide with the birth form of the pack."""
    return Guide(conn, clock, birth_xml, guides.BIRTH, settings)
