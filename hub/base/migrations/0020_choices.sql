-- Devices chosen at the technician's page; what a look around found; and orders that are not only for one device.
CREATE TABLE device_choices (
    device TEXT PRIMARY KEY,
    label TEXT NOT NULL,
    -- fields of the device's settings, as JSON
    changes TEXT NOT NULL,
    staff_name TEXT NOT NULL,
    chosen_at TEXT NOT NULL,
    trusted INTEGER NOT NULL,
    boot_id TEXT NOT NULL,
    mono REAL NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE found_devices (
    id INTEGER PRIMARY KEY,
    device TEXT NOT NULL,
    label TEXT NOT NULL,
    changes TEXT NOT NULL,
    detail TEXT NOT NULL,
    found_at TEXT NOT NULL,
    trusted INTEGER NOT NULL,
    boot_id TEXT NOT NULL,
    mono REAL NOT NULL
) STRICT;

-- An order lives for seconds, so the table is made anew rather than carried over: which actions there are is
-- known to the program alone.
DROP TABLE orders;

CREATE TABLE orders (
    id INTEGER PRIMARY KEY,
    device TEXT NOT NULL,
    action TEXT NOT NULL,
    value TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'done', 'failed', 'stale')),
    detail TEXT NOT NULL DEFAULT '',
    created_at TEXT NOT NULL,
    trusted INTEGER NOT NULL,
    boot_id TEXT NOT NULL,
    mono REAL NOT NULL
) STRICT;

CREATE INDEX orders_open ON orders(id) WHERE state = 'open';
