"""Slips and folders that several device tests share; every name and number in them is made up."""

from __future__ import annotations

from pathlib import Path

from devices.slip import Align, Band, Big, Picture, Qr, Row, Rule, Size, Slip, Space, Text

PICTURES = Path(__file__).parent / "pictures"


def ticket() -> Slip:
    """Return an ordinary ticket, as a villager gets it."""
    return Slip(
        (
            Text("Nhà văn hoá số thôn Mẫu", Size.LARGE, bold=True, align=Align.CENTRE),
            Text("Xã Mẫu · nơi bà con được giúp làm giấy tờ", Size.SMALL, align=Align.CENTRE),
            Rule(woven=True),
            Text("SỐ CỦA BẠN", Size.NORMAL, bold=True, align=Align.CENTRE),
            Big("017"),
            Picture("buffalo"),
            Text("Đăng ký khai sinh", Size.LARGE, bold=True, align=Align.CENTRE),
            Text("Mời bà con ngồi chờ, khi đến lượt loa sẽ gọi số.", align=Align.CENTRE),
            Rule(),
            Row("Trước bạn còn", "3 người"),
            Row("Chờ khoảng", "25 phút"),
            Row("Giờ lấy số", "21/11/2026 08:05"),
            Row("Tiền phải trả để lấy số", "0 đồng", bold=True),
            Rule(),
            Qr(
                "http://10.0.0.1/ticket/7KQ4M2",
                "Quét mã này bằng điện thoại để xem còn bao nhiêu người trước bạn.",
            ),
            Space(8),
            Text("Cần hỏi, gọi 0214 000 000", bold=True, align=Align.CENTRE),
            Rule(woven=True),
        )
    )


VIETNAMESE = "aàảãáạăằẳẵắặâầẩẫấậbcdđeèẻẽéẹêềểễếệghiìỉĩíịklmnoòỏõóọôồổỗốộơờởỡớợpqrstuùủũúụưừửữứựvxyỳỷỹýỵ"
"""The alphabet with every tone, small letters."""
ARABIC = "السلام عليكم ورحمة الله"
BENGALI = "বাংলা ভাষা ক্ষিতি স্ত্রী কিছু"
MONG = "Nyob zoo, kuv xav ua ntaub ntawv rau kuv tus menyuam."
"""Mông in the Latin letters of RPA."""


def scripts() -> Slip:
    """Return a slip with every Vietnamese letter, Mông, Arabic and Bengali, alone and in one line."""
    return Slip(
        (
            Text(" ".join(VIETNAMESE[at : at + 12] for at in range(0, len(VIETNAMESE), 12))),
            Text(
                " ".join(VIETNAMESE.upper()[at : at + 12] for at in range(0, len(VIETNAMESE), 12)), bold=True
            ),
            Rule(),
            Text(MONG),
            Rule(),
            Text(ARABIC, Size.LARGE),
            Text(f"{ARABIC} 2026 (17)", align=Align.CENTRE),
            Rule(),
            Text(BENGALI, Size.LARGE),
            Row("Chữ Ả Rập", ARABIC),
            Row(BENGALI, "12 ৳"),
            Band(BENGALI),
        )
    )
