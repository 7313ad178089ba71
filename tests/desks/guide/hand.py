"""A guide in front of a tablet: signs in, presses what is on the page, fills in the birth form."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from html import unescape
from html.parser import HTMLParser
from urllib.parse import urlsplit

from flask import Flask
from werkzeug.datastructures import FileStorage
from werkzeug.test import TestResponse, encode_multipart

from hub.wiring import demo
from tests.desks.visitor import Visitor

SLUG = "lien-thong-khai-sinh"
START = f"/guide/start/{SLUG}"
CARD = "001199000000||NGUYEN THI MAU|02091999|Nữ|Thôn Mẫu, Xã Mẫu, Tỉnh Mẫu|01072025"
CONSENT = {"purpose": ["prepare", "send"], "read_aloud": "1", "how": "spoken", "given_by": "parent"}
Typed = Mapping[str, str | Sequence[str]]

# A child of a mother who is alone, as somebody types it.
BIRTH: dict[str, dict[str, str]] = {
    "nguoi_yeu_cau": {"quan_he": "me", "dien_thoai": "0912 000 000", "vneid_muc_2": "co"},
    "tre": {"ho_ten": "Lý Thị Mẫu", "ngay_sinh": "20/11/2026", "gioi_tinh": "nu", "dan_toc": "mong"}
    | {"quoc_tich": "viet_nam", "sinh_o": "tai_nha", "noi_sinh": "Thôn Mẫu", "que_quan": "Xã Mẫu"},
    "me": {"ho_ten": "Nguyễn Thị Mẫu", "biet_ngay_sinh": "du", "ngay_sinh": "2/9/1999", "dan_toc": "kinh"}
    | {"quoc_tich": "viet_nam", "noi_cu_tru": "Thôn Mẫu, Xã Mẫu", "so_dinh_danh": "001199000000"},
    "cha": {"tinh_trang": "de_trong", "ly_do": "chua_ket_hon"},
    "cu_tru": {"o_voi": "me", "noi_thuong_tru": "Thôn Mẫu", "chu_ho_ho_ten": "Lý A Mẫu", "so_ban_sao": "0"}
    | {"quan_he_chu_ho": "cháu", "chu_ho_dong_y": "da_bam", "noi_kham": "Trạm y tế", "lam_can_cuoc": "co"},
    "giay_to": {"chung_sinh": "dien_tu"},
    "cam_ket": {"dung_su_that": "OK", "hieu_le_phi": "OK"},
}


class Guide(Visitor):
    """One signed-in guide with a browser of their own; ``cookie`` is one of somebody who has signed in."""

    def __init__(
        self,
        app: Flask,
        name: str = demo.SIGN_INS[0][0],
        secret: str = demo.SIGN_INS[0][2],
        *,
        cookie: str | None = None,
    ) -> None:
        super().__init__(app)
        if cookie is None:
            sent = {"csrf_token": token(self.get("/sign-in")), "name": name, "secret": secret}
            done = self.send("/sign-in", sent)
            assert done.status_code == 303, done.text
        else:
            self.client.set_cookie("house", cookie)
        self.token = token(self.get("/guide/desk"))

    def post(self, path: str, typed: Typed | None = None, *, follow: bool = True) -> TestResponse:
        """Press a button that sends ``typed``."""
        data = {"csrf_token": self.token, **(typed or {})}
        return self.client.post(path, data=data, follow_redirects=follow)

    def sits(self, desk: str = "1", **more: Sequence[str]) -> TestResponse:
        """Choose a desk."""
        return self.post("/guide/desk", {"desk": desk, **more})

    def begin(self) -> Draft:
        """Begin a birth dossier with consent given."""
        notice = value(self.get(START), "notice")
        answer = self.post(START, {**CONSENT, "notice": notice}, follow=False)
        assert answer.status_code == 303, answer.text
        return Draft(self, answer.location.rsplit("/", 1)[1])


class Draft:
    """A draft as one guide's browser shows it."""

    def __init__(self, guide: Guide, id: str) -> None:
        self.guide = guide
        self.id = id
        self.address = f"/guide/dossiers/{id}"

    def page(self, page: str) -> str:
        return f"{self.address}/page/{page}"

    def open(self, page: str) -> TestResponse:
        return self.guide.get(self.page(page))

    def drawn(self, page: str) -> dict[str, str | Sequence[str]]:
        """What the page's form sends by itself, as it is drawn now."""
        return sent_by(self.open(page))

    def press(
        self,
        page: str,
        typed: Typed | None = None,
        *,
        drawn: Typed | None = None,
        file: tuple[str, bytes, str] | None = None,
        follow: bool = False,
        **buttons: str,
    ) -> TestResponse:
        """Fill in ``typed`` (short names) and press.

        ``drawn`` is a page opened earlier, ``file`` is (question, bytes, name).
        """
        data = dict(drawn or self.drawn(page))
        data.pop("scan", None)
        data.update({f"/data/{page}/{name}": given for name, given in (typed or {}).items()})
        data.update(buttons or {"go": "next"})
        if file:
            question = f"/data/{page}/{file[0]}"
            data[question] = FileStorage(io.BytesIO(file[1]), file[2], question)  # type: ignore[assignment]
        # Encoded here: the test client would leave a temporary file open for a large photo.
        boundary, body = encode_multipart(data)
        kind = f'multipart/form-data; boundary="{boundary}"'
        return self.guide.client.post(self.page(page), data=body, follow_redirects=follow, content_type=kind)

    def answers(self, page: str) -> dict[str, str]:
        """What stands in the text fields of a page."""
        return fields(self.open(page))

    def fill(self, *but: str) -> None:
        """Fill in every page but those named, pressing again where questions appeared."""
        for page, typed in BIRTH.items():
            if page not in but:
                answer = self.press(page, typed)
                if answer.status_code == 200:
                    answer = self.press(page, typed)
                assert answer.status_code == 303, answer.text

    def seal(self, **more: str) -> TestResponse:
        version = value(self.guide.get(f"{self.address}/review"), "version")
        return self.guide.post(f"{self.address}/review", {"version": version, **more}, follow=False)


def token(answer: TestResponse) -> str:
    return value(answer, "csrf_token")


def value(answer: TestResponse, name: str) -> str:
    """The hidden value ``name`` of a page."""
    found = re.search(rf'name="{re.escape(name)}" value="([^"]*)"', answer.text)
    assert found, f"no {name} on the page: {answer.text[:400]}"
    return unescape(found[1])


class _Form(HTMLParser):
    """What the form of questions sends as it is drawn: what is typed, chosen and hidden in it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.sent: dict[str, list[str]] = {}
        self.inside = "data-draft" not in text
        self.select = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag == "form" and "data-draft" in found:
            self.inside = True
        if not self.inside:
            return
        if tag == "select":
            self.select = found["name"]
        elif tag == "option" and "selected" in found:
            self.sent[self.select] = [found["value"]]
        elif tag == "input" and found.get("name"):
            ticked = found["type"] not in ("radio", "checkbox") or "checked" in found
            if ticked and found["type"] != "file":
                self.sent.setdefault(found["name"], []).append(found.get("value", ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form" and self.sent:
            self.inside = False


def sent_by(answer: TestResponse) -> dict[str, str | Sequence[str]]:
    """What the form of a page sends with every press, as it is drawn."""
    return dict(_Form(answer.text).sent)


def fields(answer: TestResponse) -> dict[str, str]:
    """Question path to what stands in it, for the text fields of a page."""
    return {
        unescape(name): unescape(held)
        for name, held in re.findall(
            r'<input id="f-[^"]*" name="(/[^"]*)" type="text" value="([^"]*)"', answer.text
        )
    }


class _Words(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(text.partition("<main")[2])

    def handle_data(self, data: str) -> None:
        self.found.append(data)


def said(answer: TestResponse) -> str:
    """What can be read below the strip, a space between elements."""
    return " ".join(" ".join(_Words(answer.text).found).split())


def where(answer: TestResponse) -> str:
    """The path an answer leads to."""
    return urlsplit(answer.location).path
