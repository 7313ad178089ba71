-- Which public key of the office is trusted for which form, who said so, what waits for that; and the House's own reports.

-- 'trusted' is the one that new versions of the form must carry; 'former' still serves the drafts that were begun on it.
CREATE TABLE office_keys (
    form_id TEXT NOT NULL,
    -- SHA-256 of the key's DER bytes in hex; empty: the form names no key, and the one of the settings is used
    fingerprint TEXT NOT NULL,
    -- base64 of the DER bytes
    public_key TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('trusted', 'former')),
    PRIMARY KEY (form_id, fingerprint)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX office_keys_one_in_use ON office_keys (form_id) WHERE state = 'trusted';

CREATE TABLE office_key_acts (
    id INTEGER PRIMARY KEY,
    form_id TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    -- who or what settled it: 'known' the key was trusted already, 'pack' and 'added' came with a form put in by hand,
    -- 'trusted' and 'refused' are what a technician said
    act TEXT NOT NULL CHECK (act IN ('known', 'pack', 'added', 'trusted', 'refused')),
    -- empty at the shell and where nobody was asked
    staff_id INTEGER,
    at TEXT NOT NULL,
    trusted INTEGER NOT NULL CHECK (trusted IN (0, 1)),
    boot_id TEXT NOT NULL,
    mono REAL NOT NULL
) STRICT;

CREATE TRIGGER office_key_acts_stay
BEFORE UPDATE ON office_key_acts
BEGIN
    SELECT RAISE(ABORT, 'acts only grow');
END;

CREATE TRIGGER office_key_acts_kept
BEFORE DELETE ON office_key_acts
BEGIN
    SELECT RAISE(ABORT, 'acts only grow');
END;

-- A form of the office's whose key nobody here trusts yet, or has refused; the one in force stays so meanwhile.
CREATE TABLE form_asides (
    form_id TEXT PRIMARY KEY,
    version TEXT NOT NULL,
    title TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    told TEXT NOT NULL,
    public_key TEXT NOT NULL,
    -- the address it was fetched from, without anything that opens its door
    source TEXT NOT NULL,
    refused INTEGER NOT NULL CHECK (refused IN (0, 1)),
    -- empty once it was refused
    xml BLOB NOT NULL,
    at TEXT NOT NULL,
    trusted INTEGER NOT NULL,
    boot_id TEXT NOT NULL,
    mono REAL NOT NULL
) STRICT;

CREATE TABLE form_aside_files (
    form_id TEXT NOT NULL REFERENCES form_asides (form_id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    content BLOB NOT NULL,
    PRIMARY KEY (form_id, name)
) STRICT;

-- What became of each form at the last asking, and when the office was last asked for its list.
CREATE TABLE forms_offered (
    form_id TEXT PRIMARY KEY,
    version TEXT NOT NULL,
    came TEXT NOT NULL,
    reason_key TEXT NOT NULL,
    reason_values TEXT NOT NULL,
    -- the program and what the office called the version that it could not run: neither has to travel again
    told TEXT NOT NULL,
    at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE forms_asked (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    -- the wish of a technician that this asking answered
    wish INTEGER NOT NULL,
    at TEXT NOT NULL,
    reason_key TEXT
) STRICT;

-- A report a day and a month, written once; its bytes are the outbox's.
CREATE TABLE house_reports (
    kind TEXT NOT NULL CHECK (kind IN ('daily', 'monthly')),
    -- the day as YYYY-MM-DD, the month as YYYY-MM
    period TEXT NOT NULL,
    instance_id TEXT NOT NULL UNIQUE,
    -- never arrived within its days
    given_up INTEGER NOT NULL DEFAULT 0 CHECK (given_up IN (0, 1)),
    at TEXT NOT NULL,
    PRIMARY KEY (kind, period)
) STRICT, WITHOUT ROWID;
