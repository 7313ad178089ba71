-- What the line out is and what it has cost: what the machine's network service says of it, the bytes of each village day,
-- how fast the last sendings went, and a person's leave to send now.
CREATE TABLE line_network (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    state TEXT NOT NULL,
    kind TEXT NOT NULL,
    metered INTEGER CHECK (metered IN (0, 1)),
    -- what tells one connection from the next one
    connection TEXT NOT NULL,
    seen_at TEXT NOT NULL
) STRICT;

CREATE TABLE line_days (
    spent_on TEXT PRIMARY KEY,
    sent INTEGER NOT NULL,
    received INTEGER NOT NULL,
    -- how many of both went over a line that is paid by the byte
    metered INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE line_rates (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    bytes_a_second REAL NOT NULL,
    measured_at TEXT NOT NULL
) STRICT;

CREATE TABLE line_leave (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    staff_name TEXT NOT NULL,
    given_at TEXT NOT NULL,
    boot_id TEXT NOT NULL,
    mono REAL NOT NULL
) STRICT;
