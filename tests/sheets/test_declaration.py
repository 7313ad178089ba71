from __future__ import annotations

import dataclasses

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.sheets import declaration
from hub.sheets.model import Declaration, Line, Section
from tests.sheets import reading

SHEET = Declaration(
    title="Đăng ký khai tử",
    under="Khai theo nội dung Mẫu 02",
    addressed_to="Ủy ban nhân dân xã Mẫu",
    sections=(
        Section(
            "Người đi khai",
            (Line("Họ tên", "Lý A Mẫu"), Line("Là gì của người mất?", "Con"), Line("Ghi chú")),
        ),
        Section("Con cái", heads=("Họ tên", "Năm sinh"), rows=(("Lý Thị Mẫu", "1999"), ("Lý B Mẫu", "2001"))),
    ),
    signer="Lý A Mẫu",
    foot="Bản in từ Nhà văn hóa số, chưa nộp.",
)
_TEXT = st.text(st.characters(categories=["L", "N"], max_codepoint=0x17F) | st.just(" "), max_size=160)


def test_each_question_stands_with_its_answer_in_order() -> None:
    said = reading.text(declaration.draw(SHEET))
    order = ["ĐĂNG KÝ KHAI TỬ", "Kính gửi: Ủy ban nhân dân xã Mẫu", "Người đi khai", "Họ tên: Lý A Mẫu"]
    order += [
        "Là gì của người mất? Con",
        "Ghi chú:",
        "Con cái",
        "Lý Thị Mẫu",
        "1999",
        "Lý B Mẫu",
        "2001",
        "NGƯỜI KHAI",
    ]
    places = [said.index(one) for one in order]
    assert places == sorted(places)
    assert said.count("Lý A Mẫu") == 2 and "chưa nộp" in said and "Trang 1/1" in said


def test_a_long_table_has_its_head_again_on_each_page_and_all_of_its_rows() -> None:
    rows = tuple((f"Người số {at} Mẫu", str(1900 + at)) for at in range(1, 91))
    pdf = declaration.draw(
        dataclasses.replace(SHEET, sections=(Section("Dài", heads=("Họ tên", "Năm"), rows=rows),))
    )
    said = reading.text(pdf)
    assert reading.pages(pdf) > 1 and said.count("Họ tên") == reading.pages(pdf)
    for name, year in rows:
        assert name in said and year in said


def test_a_row_higher_than_a_page_loses_no_word() -> None:
    told = [f"chữ{at}" for at in range(1500)]
    heads = ("Họ tên", "Ghi chú", "Nơi ở", "Quan hệ")
    rows = (("Lý A Mẫu", " ".join(told), "Thôn Mẫu", "con"), ("Lý B Mẫu", "ngắn", "Thôn Mẫu", "cháu"))
    pdf = declaration.draw(dataclasses.replace(SHEET, sections=(Section("Dài", heads=heads, rows=rows),)))
    assert [word.text for word in reading.words(pdf) if word.text in set(told)] == told
    assert "Lý B Mẫu" in reading.text(pdf) and "ngắn" in reading.text(pdf)


def test_a_table_with_too_many_columns_is_written_one_below_the_other() -> None:
    heads = tuple(f"Cột số {at}" for at in range(1, 13))
    rows = (tuple(f"giá trị {at} dài một chút" for at in range(1, 13)),)
    said = reading.text(
        declaration.draw(dataclasses.replace(SHEET, sections=(Section("Rộng", (), heads, rows),)))
    )
    for head, value in zip(heads, rows[0]):
        assert f"{head}: {value}" in said


def test_all_words_keep_to_the_margins() -> None:
    long = Line("Câu hỏi rất dài " * 12, "Trả lời " * 80 + "m" * 400)
    table = Section("Bảng", heads=("A" * 60, "B"), rows=(("x" * 300, "y"), ("", "z" * 90)))
    pdf = declaration.draw(
        dataclasses.replace(SHEET, sections=(Section("Dài", (long,)), table), signer="Mẫu " * 40)
    )
    said = reading.tight(reading.text(pdf))
    assert said.count("m" * 400) == 1 and said.count("Trảlời" * 80) == 1
    assert said.count("x") >= 300 and said.count("z") >= 90 and said.count("Mẫu" * 40) == 1
    for word in reading.words(pdf):
        assert 84 <= word.left and word.right <= 540 and word.bottom <= 842


def test_the_file_is_whole_in_itself_and_says_nothing_of_the_person() -> None:
    pdf = declaration.draw(SHEET)
    assert all(embedded == "yes yes yes" for _, embedded in reading.fonts(pdf))
    assert "Mẫu" not in reading.about(pdf) and declaration.draw(SHEET) == pdf


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(label=_TEXT, answer=_TEXT, title=_TEXT)
def test_whatever_is_answered_comes_back(label: str, answer: str, title: str) -> None:
    sheet = dataclasses.replace(SHEET, sections=(Section(title, (Line(label, answer), Line("Sau", "hết"))),))
    said = reading.tight(reading.text(declaration.draw(sheet)))
    for told in (label, answer, title, "Sau:hết"):
        assert reading.tight(told) in said


def test_letters_of_the_e_de_keep_their_marks_and_their_order() -> None:
    name = "Y Ê\u0306ban Ô\u0306 Ơ\u0306 Ư\u0306 k\u2019hăp"
    sheet = dataclasses.replace(SHEET, sections=(Section("", (Line("Tên", name),)),))
    assert f"Tên: {name}" in reading.text(declaration.draw(sheet))
