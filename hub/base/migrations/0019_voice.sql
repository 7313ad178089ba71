-- Villagers' recorded voices for calls. No name: who holds the slip with the code can have it all erased.
CREATE TABLE voices (
    id INTEGER PRIMARY KEY,
    code TEXT NOT NULL UNIQUE,
    lang TEXT NOT NULL,
    -- which words of consent were read
    notice_version TEXT NOT NULL,
    -- 1 once its set was whole: from then on calls are made with it
    speaks INTEGER NOT NULL DEFAULT 0 CHECK (speaks IN (0, 1)),
    staff_id INTEGER NOT NULL,
    given_at TEXT NOT NULL,
    trusted INTEGER NOT NULL,
    boot_id TEXT NOT NULL,
    mono REAL NOT NULL,
    withdrawn_at TEXT
) STRICT;

-- Here and not in files, so that they are in every copy of the database and go with a single transaction.
CREATE TABLE recordings (
    voice_id INTEGER NOT NULL REFERENCES voices (id),
    slot TEXT NOT NULL,
    -- 0: just taken, to be listened to; 1: to be used
    kept INTEGER NOT NULL CHECK (kept IN (0, 1)),
    verdict TEXT NOT NULL,
    ms INTEGER NOT NULL CHECK (ms > 0),
    -- an even, shaped WAV
    wav BLOB NOT NULL,
    PRIMARY KEY (voice_id, slot, kept)
) STRICT;
