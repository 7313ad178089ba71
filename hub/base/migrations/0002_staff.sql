-- Who works here: names, roles, and wraps that only a right secret opens. No secret and no key lies here in clear.
CREATE TABLE staff (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL UNIQUE,
    role TEXT NOT NULL CHECK (role IN ('guide', 'technician')),
    salt BLOB NOT NULL,
    -- a guide's holds the house key, a technician's 32 random bytes that open nothing
    wrap BLOB NOT NULL,
    added_at TEXT NOT NULL,
    trusted INTEGER NOT NULL CHECK (trusted IN (0, 1)),
    boot_id TEXT NOT NULL,
    mono REAL NOT NULL
) STRICT;

CREATE TABLE staff_house_key (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    -- tells whether a key is the house key without holding it
    mark BLOB NOT NULL,
    recovery_salt BLOB NOT NULL,
    recovery_wrap BLOB NOT NULL
) STRICT;

CREATE TABLE staff_sessions (
    token_hash BLOB PRIMARY KEY,
    staff_id INTEGER NOT NULL REFERENCES staff(id),
    key_wrap BLOB,
    idle_s REAL NOT NULL CHECK (idle_s > 0),
    boot_id TEXT NOT NULL,
    opened_mono REAL NOT NULL,
    seen_mono REAL NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX staff_sessions_staff ON staff_sessions(staff_id);

-- Wrong tries in a row; "who" is a staff id, a bucket of unknown names, or the fingerprint of a place.
CREATE TABLE staff_tries (
    who TEXT PRIMARY KEY,
    wrong INTEGER NOT NULL CHECK (wrong > 0),
    boot_id TEXT NOT NULL,
    mono REAL NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE staff_log (
    id INTEGER PRIMARY KEY,
    what TEXT NOT NULL,
    staff_id INTEGER REFERENCES staff(id),
    place TEXT NOT NULL,
    at TEXT NOT NULL,
    trusted INTEGER NOT NULL CHECK (trusted IN (0, 1)),
    boot_id TEXT NOT NULL,
    mono REAL NOT NULL
) STRICT;

CREATE TRIGGER staff_log_only_grows BEFORE UPDATE ON staff_log
BEGIN SELECT RAISE(ABORT, 'the staff log only grows'); END;
