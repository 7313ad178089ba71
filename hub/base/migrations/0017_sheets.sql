-- Sheets of A4 on their way through the print service. What stands on them is sealed for the bench of this boot.
CREATE TABLE sheet_key (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    public BLOB NOT NULL,
    boot_id TEXT NOT NULL,
    made_at TEXT NOT NULL
) STRICT;

CREATE TABLE sheet_jobs (
    id INTEGER PRIMARY KEY,
    -- one drawing of a page: a second press of the same button is the same wish
    mark TEXT NOT NULL UNIQUE,
    -- what the print service knows it by; a new one for every time that it may come out
    name TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL CHECK (kind IN ('form', 'cover', 'sealed_cover', 'checklist', 'figures', 'test')),
    subject TEXT NOT NULL,
    copies INTEGER NOT NULL CHECK (copies BETWEEN 1 AND 3),
    box BLOB,
    state TEXT NOT NULL CHECK (
        state IN ('queued', 'handing', 'printing', 'held', 'ask', 'done', 'failed', 'cancelled')
    ),
    reason_key TEXT,
    -- 1: somebody wants it back
    unwanted INTEGER NOT NULL DEFAULT 0 CHECK (unwanted IN (0, 1)),
    handle TEXT,
    handed_boot_id TEXT,
    created_at TEXT NOT NULL,
    trusted INTEGER NOT NULL,
    ended_at TEXT,
    CHECK (state NOT IN ('printing', 'held') OR handle IS NOT NULL),
    CHECK (state NOT IN ('held', 'ask', 'failed') OR reason_key IS NOT NULL),
    CHECK (box IS NOT NULL OR state IN ('done', 'failed', 'cancelled')),
    CHECK ((ended_at IS NOT NULL) = (state IN ('done', 'failed', 'cancelled')))
) STRICT;

CREATE INDEX sheet_jobs_open ON sheet_jobs(id) WHERE ended_at IS NULL;
