-- The practice office's own shelf; it shares nothing with a House.
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS forms (
    form_id TEXT PRIMARY KEY,
    state TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'closing', 'closed')),
    assigned INTEGER NOT NULL DEFAULT 1
) STRICT;
CREATE TABLE IF NOT EXISTS form_versions (
    form_id TEXT NOT NULL REFERENCES forms (form_id),
    version TEXT NOT NULL,
    xml BLOB NOT NULL,
    PRIMARY KEY (form_id, version)
) STRICT;
CREATE TABLE IF NOT EXISTS form_files (
    form_id TEXT NOT NULL,
    version TEXT NOT NULL,
    name TEXT NOT NULL,
    content BLOB NOT NULL,
    PRIMARY KEY (form_id, version, name),
    FOREIGN KEY (form_id, version) REFERENCES form_versions (form_id, version)
) STRICT;
CREATE TABLE IF NOT EXISTS records (
    id INTEGER PRIMARY KEY,
    form_id TEXT NOT NULL REFERENCES forms (form_id),
    version TEXT NOT NULL,
    first_id TEXT NOT NULL,
    current_id TEXT NOT NULL,
    device_id TEXT NOT NULL,
    review_state TEXT CHECK (review_state IN ('edited', 'hasIssues', 'rejected', 'approved')),
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    deleted_at TEXT,
    UNIQUE (form_id, first_id)
) STRICT;
CREATE TABLE IF NOT EXISTS versions (
    form_id TEXT NOT NULL,
    instance_id TEXT NOT NULL,
    record_id INTEGER NOT NULL REFERENCES records (id),
    xml BLOB NOT NULL,
    at TEXT NOT NULL,
    PRIMARY KEY (form_id, instance_id)
) STRICT;
CREATE TABLE IF NOT EXISTS files (
    record_id INTEGER NOT NULL REFERENCES records (id),
    name TEXT NOT NULL,
    content BLOB NOT NULL,
    PRIMARY KEY (record_id, name)
) STRICT;
CREATE TABLE IF NOT EXISTS remarks (
    id INTEGER PRIMARY KEY,
    record_id INTEGER NOT NULL REFERENCES records (id),
    kind TEXT NOT NULL CHECK (kind IN ('comment', 'note')),
    words TEXT NOT NULL,
    review_state TEXT,
    by TEXT NOT NULL,
    at TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS faults (
    id INTEGER PRIMARY KEY,
    answer TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('head', 'post', 'list', 'read')),
    manner TEXT NOT NULL,
    byte INTEGER NOT NULL,
    number INTEGER NOT NULL,
    times INTEGER,
    chance REAL NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS line (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    bytes_s INTEGER NOT NULL,
    delay_ms INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS exercise (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at TEXT NOT NULL,
    kind TEXT NOT NULL,
    dialect TEXT NOT NULL,
    device TEXT NOT NULL,
    form_id TEXT NOT NULL,
    instance_id TEXT NOT NULL,
    body_bytes INTEGER NOT NULL,
    parts INTEGER NOT NULL,
    answer TEXT NOT NULL,
    manner TEXT NOT NULL,
    status INTEGER NOT NULL,
    done INTEGER NOT NULL,
    whole INTEGER NOT NULL
) STRICT;
PRAGMA user_version = 3;
COMMIT;
