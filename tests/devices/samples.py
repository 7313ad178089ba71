"""Slips and folders that several device tests share; every name and number in them is made up."""

from __future__ import annotations

from pathlib import Path

from devices.slip import Align, Big, Picture, Qr, Row, Rule, Size, Slip, Space, Text

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
