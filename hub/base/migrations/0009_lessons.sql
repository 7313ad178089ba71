-- How often a lesson was finished on a day: a count, and nothing of who it was.
CREATE TABLE lesson_completions (
    done_on TEXT NOT NULL,
    track TEXT NOT NULL,
    slug TEXT NOT NULL,
    trusted INTEGER NOT NULL CHECK (trusted IN (0, 1)),
    count INTEGER NOT NULL CHECK (count > 0),
    PRIMARY KEY (done_on, track, slug, trusted)
) STRICT, WITHOUT ROWID;
