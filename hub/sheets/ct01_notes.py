"""What is printed on the form CT01 beside what a person fills in: heading, labels, columns, notes.

Keeps true: these are the words of the form itself, of Circular 116/2026/TT-BCA of 29/6/2026, as two
independent public copies of it agree (G: 68334004361, G: 54584265656; read 2026-11-21; status reported:
nobody has yet held it against the circular). When the form changes, they change with their day.
"""

from __future__ import annotations

VERSION = "CT01, TT 116/2026/TT-BCA"
ISSUED = (
    "Mẫu CT01 ban hành kèm theo Thông tư số 116/2026/TT-BCA",
    "ngày 29 tháng 6 năm 2026 của Bộ trưởng Bộ Công an",
)
STATE = "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"
MOTTO = "Độc lập – Tự do – Hạnh phúc"
TITLE = "TỜ KHAI THAY ĐỔI THÔNG TIN CƯ TRÚ"

ADDRESSED_TO = ("Kính gửi", "(1)")
NAME = ("1. Họ, chữ đệm và tên khai sinh", "")
BORN = ("2. Ngày, tháng, năm sinh", "")
SEX = ("3. Giới tính", "")
NUMBER = ("4. Số định danh cá nhân", "")
PHONE = ("5. Số điện thoại liên hệ", "")
EMAIL = ("6. Email", "")
HEAD_NAME = ("7. Họ, chữ đệm và tên chủ hộ", "(2)")
RELATION = ("8. Mối quan hệ với chủ hộ", "")
HEAD_NUMBER = ("9. Số định danh cá nhân của chủ hộ", "")
REQUEST = ("10. Nội dung đề nghị", "(3)")
MEMBERS = "11. Những thành viên trong hộ gia đình cùng thay đổi:"
HEADS = (
    "TT",
    "Họ, chữ đệm và tên",
    "Ngày, tháng, năm sinh",
    "Giới tính",
    "Số định danh cá nhân",
    "Mối quan hệ với chủ hộ",
)
ROWS = 9

SIGNED_ON = "……, ngày…… tháng…… năm………"
COLUMNS = (
    ("Ý KIẾN CỦA CHỦ HỘ", "(4)"),
    ("Ý KIẾN CỦA CHỦ SỞ HỮU CHỖ Ở HỢP PHÁP", "(5)"),
    ("Ý KIẾN CỦA CHA HOẶC MẸ HOẶC NGƯỜI GIÁM HỘ", "(6)"),
    ("NGƯỜI KÊ KHAI", "(7)"),
)
VNEID_NAME = "(8) Họ và tên:"
VNEID_NUMBER = "(8) Số định danh cá nhân:"

NOTES_TITLE = "Chú thích:"
_OWN_SIGN = "ghi rõ nội dung đồng ý và ký, ghi rõ họ tên vào Tờ khai."
_VNEID = (
    "xác nhận nội dung đồng ý thông qua ứng dụng định danh quốc gia (VNeID) hoặc các dịch vụ công trực tuyến"
    " khác."
)
_OWN_PAPER = "có văn bản riêng ghi rõ nội dung đồng ý (văn bản này không phải công chứng, chứng thực)."


def _ways(who: str) -> tuple[str, ...]:
    return (f"a) {who} {_OWN_SIGN}", f"b) {who} {_VNEID}", f"c) {who} {_OWN_PAPER}")


NOTES: tuple[str, ...] = (
    "(1) Cơ quan đăng ký cư trú.",
    "(2) Trường hợp đăng ký thường trú, đăng ký tạm trú, tách hộ ghi thông tin chủ hộ gia đình mới.",
    "(3) Ghi rõ ràng, cụ thể nội dung đề nghị. Ví dụ: ghi chi tiết thông tin nơi đề nghị đăng ký"
    " thường trú hoặc nơi đề nghị đăng ký tạm trú hoặc nội dung đề nghị xác nhận thông tin về cư trú…"
    " Trường hợp đăng ký thường trú, đăng ký tạm trú, gia hạn tạm trú, tách hộ mà địa giới hành chính"
    " đã có sự thay đổi theo quyết định của cơ quan có thẩm quyền thì ghi thông tin theo địa giới hành"
    " chính mới, đồng thời ghi chú địa giới hành chính theo giấy tờ, tài liệu chứng minh chỗ ở hợp"
    " pháp.",
    "(4) Áp dụng đối với các trường hợp quy định tại khoản 2 (trừ trường hợp người dưới 6 tuổi đăng"
    " ký về với cha, mẹ, người giám hộ), khoản 3, khoản 5, khoản 6 Điều 20; khoản 1 Điều 25; điểm a"
    " khoản 1 Điều 26 Luật Cư trú và các trường hợp khác theo quy định pháp luật. Việc lấy ý kiến của"
    " chủ hộ được thực hiện theo các phương thức sau:",
    *_ways("Chủ hộ"),
    "(5) Áp dụng đối với các trường hợp quy định tại khoản 2 (trừ trường hợp người dưới 6 tuổi đăng"
    " ký về với cha, mẹ, người giám hộ), khoản 3, khoản 4, khoản 5, khoản 6 Điều 20; khoản 1 Điều 25"
    " Luật Cư trú; điểm a khoản 1 Điều 26 Luật Cư trú (trường hợp người đứng đầu cơ sở trợ giúp xã hội"
    " quyết định chủ hộ) và các trường hợp khác theo quy định pháp luật. Việc lấy ý kiến của chủ sở"
    " hữu chỗ ở hợp pháp được thực hiện theo các phương thức sau:",
    *_ways("Chủ sở hữu chỗ ở hợp pháp"),
    "Ghi chú: Trường hợp chủ sở hữu chỗ ở hợp pháp gồm nhiều cá nhân, tổ chức thì phải có ý kiến đồng"
    " ý của tất cả các đồng sở hữu, tổ chức trừ trường hợp đã có thỏa thuận về việc cử đại diện có ý"
    " kiến đồng ý hoặc trường hợp có quy định khác. Trường hợp chủ sở hữu chỗ ở hợp pháp xác nhận nội"
    " dung đồng ý thông qua ứng dụng định danh quốc gia thì công dân phải kê khai thông tin về họ, chữ"
    " đệm, tên và số định danh cá nhân của chủ sở hữu chỗ ở hợp pháp. Trường hợp đăng ký thường trú"
    " theo quy định tại điểm a khoản 2 Điều 20 Luật Cư trú mà chỗ ở hợp pháp có nhiều hơn một chủ sở"
    " hữu thì chỉ cần ý kiến đồng ý của ít nhất một chủ sở hữu.",
    "(6) Áp dụng đối với trường hợp người chưa thành niên, người hạn chế hành vi dân sự, người không"
    " đủ năng lực hành vi dân sự có thay đổi thông tin về cư trú. Việc lấy ý kiến của cha, mẹ hoặc"
    " người giám hộ được thực hiện theo các phương thức sau:",
    *_ways("Cha, mẹ hoặc người giám hộ"),
    "(7) Trường hợp nộp trực tiếp, người kê khai ký, ghi rõ họ, chữ đệm và tên vào Tờ khai. Trường"
    " hợp nộp qua cổng dịch vụ công hoặc ứng dụng định danh quốc gia thì người kê khai không phải ký"
    " vào mục này. Trường hợp người kê khai đồng thời là chủ hộ hoặc chủ sở hữu chỗ ở hợp pháp hoặc"
    " cha, mẹ, người giám hộ của người thay đổi thì người kê khai không phải ký vào các mục (4), (5),"
    " (6), (7).",
    "(8) Chỉ kê khai thông tin khi công dân đề nghị xác nhận nội dung đồng ý thông qua ứng dụng định"
    " danh quốc gia (VNeID).",
)

# What the House itself writes into a column, so that an officer sees why nobody signs there.
TO_SIGN = "(ghi rõ nội dung đồng ý, ký, ghi rõ họ tên)"
BY_VNEID = "(xác nhận qua VNeID)"
BY_OWN_PAPER = "(có văn bản riêng kèm theo)"
NOT_NEEDED = "(không phải lấy ý kiến)"
IS_DECLARANT = "(cũng là người kê khai)"
IS_HEAD = "(cũng là chủ hộ)"
DECLARANT_SIGNS = "(ký, ghi rõ họ, chữ đệm và tên)"
DECLARANT_ONLINE = "(nộp trực tuyến, không phải ký)"

MORE_MEMBERS = "Còn {count} người nữa, ghi ở tờ kê kèm theo."
SHEET_TITLE = "TỜ KÊ KÈM THEO TỜ KHAI THAY ĐỔI THÔNG TIN CƯ TRÚ"
SHEET_OF = "Người kê khai"
SHEET_MEMBERS = "11. Những thành viên trong hộ gia đình cùng thay đổi (tiếp theo):"
