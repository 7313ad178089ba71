"""The House's brocade: one repeat of the woven band, so that paper and screen carry the same cloth.

Every row has the same length, the left edge meets the right edge when repeats stand side by side, and 24
stitches divide both paper widths (576 and 384 dots) at 1, 2 or 4 dots a stitch. It is a pattern, never a
picture: who draws it chooses the size of a stitch and the colours.
"""

from __future__ import annotations

# One letter a stitch: "." indigo ground, "m" madder red, "t" turmeric, "w" undyed cotton.
THREADS: tuple[str, ...] = (
    "m..........t.t..........",
    ".m........t.m.t........m",
    "w.m......t.mmm.t......m.",
    ".w.m....t.mm.mm.t....m.w",
    "..w.m..t.mm.w.mm.t..m.w.",
    "m..w..t.mm.w.w.mm.t..w..",
    ".m...t.mm.w.t.w.mm.t...m",
    "w.m.t.mm.w.ttt.w.mm.t.m.",
    ".m...t.mm.w.t.w.mm.t...m",
    "m..w..t.mm.w.w.mm.t..w..",
    "..w.m..t.mm.w.mm.t..m.w.",
    ".w.m....t.mm.mm.t....m.w",
    "w.m......t.mmm.t......m.",
    ".m........t.m.t........m",
    "m..........t.t..........",
)

# The same cloth for one colour of ink: "1" is a thread over the ground, "0" the bare ground.
WEAVE: tuple[str, ...] = tuple("".join("0" if stitch == "." else "1" for stitch in row) for row in THREADS)
