-- Carried by hand. At the House: which office may open a bundle, what went on which part, what the office's answers said.
-- At the commune's own machine (its own file of this shape): which Houses it knows, and what came from them.
CREATE TABLE stick_offices (
    id INTEGER PRIMARY KEY,
    line TEXT NOT NULL,
    -- up to which serial this office's words were heard
    heard INTEGER NOT NULL DEFAULT 0,
    staff_id INTEGER,
    confirmed_at TEXT NOT NULL,
    trusted INTEGER NOT NULL,
    boot_id TEXT NOT NULL,
    mono REAL NOT NULL,
    retired_at TEXT
) STRICT;

CREATE UNIQUE INDEX stick_offices_one ON stick_offices (retired_at IS NULL) WHERE retired_at IS NULL;

CREATE TABLE stick_parts (
    id INTEGER PRIMARY KEY,
    mark TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL UNIQUE,
    office_id INTEGER NOT NULL REFERENCES stick_offices (id),
    size INTEGER NOT NULL,
    begun_at TEXT NOT NULL,
    trusted INTEGER NOT NULL,
    written_at TEXT
) STRICT;

-- Written before the part's first byte: what may have left the House is never said to be here alone.
CREATE TABLE stick_carried (
    instance_id TEXT NOT NULL,
    part_id INTEGER NOT NULL REFERENCES stick_parts (id),
    PRIMARY KEY (instance_id, part_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX stick_carried_parts ON stick_carried (part_id);

CREATE TABLE stick_words (
    instance_id TEXT PRIMARY KEY,
    office_id INTEGER NOT NULL REFERENCES stick_offices (id),
    serial INTEGER NOT NULL,
    word TEXT NOT NULL CHECK (word IN ('forwarded', 'taken', 'refused')),
    read_at TEXT NOT NULL,
    trusted INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE stick_answers (
    mark TEXT PRIMARY KEY,
    office_id INTEGER NOT NULL REFERENCES stick_offices (id),
    upto INTEGER NOT NULL,
    closed INTEGER NOT NULL,
    read_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE commune_houses (
    id INTEGER PRIMARY KEY,
    line TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    heard INTEGER NOT NULL DEFAULT 0,
    answer TEXT,
    trusted_at TEXT NOT NULL
) STRICT;

CREATE TABLE commune_parts (
    mark TEXT PRIMARY KEY,
    house_id INTEGER NOT NULL REFERENCES commune_houses (id),
    number INTEGER NOT NULL,
    read_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE commune_parcels (
    house_id INTEGER NOT NULL REFERENCES commune_houses (id),
    instance_id TEXT NOT NULL,
    digest TEXT NOT NULL,
    word TEXT NOT NULL CHECK (word IN ('forwarded', 'taken', 'refused')),
    reason_key TEXT NOT NULL DEFAULT '',
    detail TEXT NOT NULL DEFAULT '',
    serial INTEGER NOT NULL,
    PRIMARY KEY (house_id, instance_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX commune_parcels_serial ON commune_parcels (house_id, serial);
CREATE INDEX commune_parcels_instance ON commune_parcels (instance_id);
CREATE UNIQUE INDEX commune_serials ON commune_parcels (serial);
