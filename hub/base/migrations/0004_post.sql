-- Traffic with the devices: papers to print, sounds that go stale, orders to the bench, how each device is.
CREATE TABLE jobs (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('ticket', 'receipt', 'checklist', 'test', 'other')),
    subject TEXT NOT NULL,
    lang TEXT NOT NULL,
    slip TEXT,
    state TEXT NOT NULL CHECK (state IN ('queued', 'leased', 'done', 'stuck', 'ask', 'cancelled')),
    copy INTEGER NOT NULL CHECK (copy IN (0, 1)),
    -- 1: the bench tries again by itself; 0: a person must say so
    retry INTEGER NOT NULL DEFAULT 1 CHECK (retry IN (0, 1)),
    attempts INTEGER NOT NULL DEFAULT 0,
    -- how often paper was perhaps touched without an end that is known
    touched INTEGER NOT NULL DEFAULT 0,
    reason_key TEXT,
    leased_by TEXT,
    first_byte_at TEXT,
    created_at TEXT NOT NULL,
    trusted INTEGER NOT NULL,
    boot_id TEXT NOT NULL,
    mono REAL NOT NULL,
    done_at TEXT,
    done_trusted INTEGER,
    done_boot_id TEXT,
    done_mono REAL,
    CHECK ((state = 'leased') = (leased_by IS NOT NULL)),
    CHECK (state NOT IN ('stuck', 'ask') OR reason_key IS NOT NULL),
    CHECK (slip IS NOT NULL OR state IN ('done', 'cancelled'))
) STRICT;

CREATE INDEX jobs_open ON jobs(id) WHERE state IN ('queued', 'leased', 'stuck', 'ask');
CREATE INDEX jobs_subject ON jobs(subject, id);
CREATE INDEX jobs_doubtful ON jobs(boot_id) WHERE trusted = 0 OR done_trusted = 0;

CREATE TABLE signals (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('chirp', 'say')),
    what TEXT NOT NULL,
    chime INTEGER NOT NULL CHECK (chime IN (0, 1)),
    ttl_s REAL NOT NULL CHECK (ttl_s > 0),
    created_at TEXT NOT NULL,
    trusted INTEGER NOT NULL,
    boot_id TEXT NOT NULL,
    mono REAL NOT NULL
) STRICT;

CREATE TABLE orders (
    id INTEGER PRIMARY KEY,
    device TEXT NOT NULL,
    action TEXT NOT NULL CHECK (action IN ('test', 'press', 'fault', 'mend')),
    value TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'done', 'failed', 'stale')),
    detail TEXT NOT NULL DEFAULT '',
    created_at TEXT NOT NULL,
    trusted INTEGER NOT NULL,
    boot_id TEXT NOT NULL,
    mono REAL NOT NULL
) STRICT;

CREATE INDEX orders_open ON orders(id) WHERE state = 'open';

CREATE TABLE devices (
    name TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    simulated INTEGER NOT NULL CHECK (simulated IN (0, 1)),
    state TEXT NOT NULL,
    detail TEXT NOT NULL,
    since_at TEXT NOT NULL,
    since_trusted INTEGER NOT NULL,
    since_boot_id TEXT NOT NULL,
    since_mono REAL NOT NULL,
    -- answers missed in a row: a device is offline at the third
    missed INTEGER NOT NULL DEFAULT 0,
    last_job INTEGER,
    seen_at TEXT NOT NULL,
    boot_id TEXT NOT NULL,
    mono REAL NOT NULL
) STRICT, WITHOUT ROWID;
