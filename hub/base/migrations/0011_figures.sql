-- What the commune itself said of a figure, written down by guides. A word is never changed; taking it back is a row of its
-- own. Each row's seal covers its content and the seal before it, so that a changed, missing or slipped-in row shows.
CREATE TABLE figure_words (
    id INTEGER PRIMARY KEY,
    what TEXT NOT NULL CHECK (what IN ('said', 'withdrawn')),
    -- the word that is taken back
    refers INTEGER REFERENCES figure_words(id),
    slug TEXT NOT NULL,
    figure_id TEXT NOT NULL,
    unit TEXT NOT NULL,
    value INTEGER CHECK (value >= 0),
    -- empty where the guide wrote no sentence
    text_vi TEXT NOT NULL,
    text_en TEXT NOT NULL,
    told_by TEXT NOT NULL,
    told_on TEXT NOT NULL,
    reason TEXT NOT NULL,
    staff_id INTEGER NOT NULL,
    staff_name TEXT NOT NULL,
    noted_at TEXT NOT NULL,
    trusted INTEGER NOT NULL CHECK (trusted IN (0, 1)),
    boot_id TEXT NOT NULL,
    mono REAL NOT NULL,
    seal TEXT NOT NULL,
    CHECK ((what = 'said') = (value IS NOT NULL)),
    CHECK ((what = 'withdrawn') = (refers IS NOT NULL))
) STRICT;

CREATE UNIQUE INDEX figure_words_once ON figure_words(refers) WHERE refers IS NOT NULL;

CREATE TRIGGER figure_words_only_grow BEFORE UPDATE ON figure_words
BEGIN SELECT RAISE(ABORT, 'figure words only grow'); END;
CREATE TRIGGER figure_words_stay BEFORE DELETE ON figure_words
BEGIN SELECT RAISE(ABORT, 'figure words stay'); END;
