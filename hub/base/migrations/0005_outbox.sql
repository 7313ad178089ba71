-- Sealed dossiers on their way to the office, what the office says of them, and whether there is a way at all.
CREATE TABLE outbox (
    id INTEGER PRIMARY KEY,
    instance_id TEXT NOT NULL UNIQUE,
    form_id TEXT NOT NULL,
    form_version TEXT NOT NULL,
    follow_code TEXT NOT NULL,
    label TEXT NOT NULL,
    urgent INTEGER NOT NULL CHECK (urgent IN (0, 1)),
    envelope BLOB NOT NULL,
    sha256 TEXT NOT NULL,
    size INTEGER NOT NULL CHECK (size > 0),
    state TEXT NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'sending', 'sent', 'held')),
    attempts INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    conflicts INTEGER NOT NULL DEFAULT 0,
    checks INTEGER NOT NULL DEFAULT 0,
    split INTEGER NOT NULL DEFAULT 0 CHECK (split IN (0, 1)),
    at_door INTEGER NOT NULL DEFAULT 0 CHECK (at_door IN (0, 1)),
    held_under TEXT,
    reason_key TEXT,
    detail TEXT NOT NULL DEFAULT '',
    backoff_s REAL NOT NULL DEFAULT 0,
    next_try_at TEXT,
    added_at TEXT NOT NULL,
    added_trusted INTEGER NOT NULL,
    added_boot_id TEXT NOT NULL,
    added_mono REAL NOT NULL,
    accepted_at TEXT,
    sent_at TEXT,
    sent_trusted INTEGER,
    sent_boot_id TEXT,
    sent_mono REAL,
    CHECK ((state = 'sent') = (sent_at IS NOT NULL)),
    CHECK (state <> 'held' OR reason_key IS NOT NULL)
) STRICT;

CREATE INDEX outbox_waiting ON outbox (state, next_try_at) WHERE state IN ('queued', 'sending', 'held');

CREATE TABLE outbox_files (
    id INTEGER PRIMARY KEY,
    outbox_id INTEGER NOT NULL REFERENCES outbox (id),
    position INTEGER NOT NULL,
    name TEXT NOT NULL,
    is_instance INTEGER NOT NULL CHECK (is_instance IN (0, 1)),
    content BLOB NOT NULL,
    sha256 TEXT NOT NULL,
    size INTEGER NOT NULL,
    delivered_at TEXT,
    UNIQUE (outbox_id, position),
    UNIQUE (outbox_id, name)
) STRICT;

-- The office's ZIP export flattens folders; only the sealed instance itself has the same name everywhere.
CREATE UNIQUE INDEX outbox_file_names ON outbox_files (name) WHERE is_instance = 0;

-- The same bytes for ever: the office refuses an instance whose XML differs by a newline, and overwrites photos silently.
CREATE TRIGGER outbox_frozen
BEFORE UPDATE OF instance_id, form_id, form_version, envelope, sha256, size ON outbox
BEGIN
    SELECT RAISE(ABORT, 'sealed bytes are frozen');
END;

CREATE TRIGGER outbox_files_frozen
BEFORE UPDATE OF outbox_id, position, name, is_instance, content, sha256, size ON outbox_files
BEGIN
    SELECT RAISE(ABORT, 'sealed bytes are frozen');
END;

CREATE TABLE inbox (
    instance_id TEXT PRIMARY KEY,
    form_id TEXT NOT NULL,
    review_state TEXT CHECK (review_state IN ('received', 'hasIssues', 'edited', 'rejected', 'approved')),
    state_at TEXT NOT NULL,
    comments TEXT NOT NULL DEFAULT '[]',
    notes TEXT NOT NULL DEFAULT '[]',
    comments_etag TEXT NOT NULL DEFAULT '',
    notes_etag TEXT NOT NULL DEFAULT '',
    asked_at TEXT,
    read_at TEXT
) STRICT, WITHOUT ROWID;

CREATE INDEX inbox_by_form ON inbox (form_id, review_state);

CREATE TABLE inbox_forms (
    form_id TEXT PRIMARY KEY,
    etag TEXT NOT NULL DEFAULT '',
    asked_at TEXT NOT NULL,
    reason_key TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE uplink (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    up INTEGER NOT NULL CHECK (up IN (0, 1)),
    since_at TEXT NOT NULL,
    checked_at TEXT NOT NULL,
    reason_key TEXT
) STRICT;

-- Which call to hurry the relay has answered, so that a person in a hurry knows when to look.
CREATE TABLE relay_calls (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    answered INTEGER NOT NULL
) STRICT;
