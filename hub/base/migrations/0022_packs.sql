-- What the publisher of packs was last asked, and what it offered: for a technician, and for the next time.
CREATE TABLE pack_checks (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    -- Counted up when somebody wants it looked at now; answered when that was done.
    asked INTEGER NOT NULL DEFAULT 0,
    answered INTEGER NOT NULL DEFAULT 0,
    begun_at TEXT,
    ended_at TEXT,
    good_at TEXT,
    source TEXT NOT NULL DEFAULT '',
    root_version INTEGER,
    expires_at TEXT,
    reason_key TEXT,
    reason_values TEXT NOT NULL DEFAULT '{}'
) STRICT;
INSERT INTO pack_checks (id) VALUES (1);

CREATE TABLE pack_offers (
    name TEXT PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('content', 'program')),
    version TEXT NOT NULL,
    -- here: it is in place; left: a technician went back from it; older: what is here is newer.
    state TEXT NOT NULL CHECK (state IN ('here', 'left', 'older', 'waiting', 'fetching', 'ready', 'failed')),
    size INTEGER NOT NULL CHECK (size >= 0),
    to_fetch INTEGER NOT NULL CHECK (to_fetch >= 0),
    fetched INTEGER NOT NULL DEFAULT 0 CHECK (fetched >= 0),
    reason_key TEXT,
    reason_values TEXT NOT NULL DEFAULT '{}'
) STRICT;
