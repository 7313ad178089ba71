-- The queue: services, service days, tickets and what happened to each. No person's name is in here.
CREATE TABLE ticket_services (
    id TEXT PRIMARY KEY,
    name_vi TEXT NOT NULL,
    name_en TEXT NOT NULL,
    detail_vi TEXT NOT NULL,
    detail_en TEXT NOT NULL,
    colour TEXT NOT NULL,
    picture TEXT NOT NULL,
    letter TEXT NOT NULL,
    usual_minutes INTEGER NOT NULL CHECK (usual_minutes > 0),
    position INTEGER NOT NULL,
    open INTEGER NOT NULL CHECK (open IN (0, 1)),
    -- 0: the pack offers it no more; kept for the tickets that name it
    listed INTEGER NOT NULL CHECK (listed IN (0, 1))
) STRICT, WITHOUT ROWID;

CREATE TABLE ticket_days (
    id INTEGER PRIMARY KEY,
    day_on TEXT NOT NULL,
    -- 0: opened by a doubtful clock
    certain INTEGER NOT NULL CHECK (certain IN (0, 1)),
    current INTEGER NOT NULL CHECK (current IN (0, 1)),
    last_number INTEGER NOT NULL CHECK (last_number >= 0)
) STRICT;

CREATE UNIQUE INDEX ticket_days_certain ON ticket_days(day_on) WHERE certain = 1;
CREATE UNIQUE INDEX ticket_days_current ON ticket_days(current) WHERE current = 1;

CREATE TABLE tickets (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    token TEXT NOT NULL UNIQUE,
    day_id INTEGER NOT NULL REFERENCES ticket_days(id),
    number INTEGER NOT NULL CHECK (number > 0),
    -- label, colour and picture stay as they were printed, also after a transfer
    label TEXT NOT NULL,
    colour TEXT NOT NULL,
    picture TEXT NOT NULL,
    service_id TEXT NOT NULL REFERENCES ticket_services(id),
    priority TEXT NOT NULL CHECK (priority IN ('none', 'elderly', 'pregnant', 'disabled', 'long_way')),
    -- 1: moved by a guide with priority
    boosted INTEGER NOT NULL DEFAULT 0 CHECK (boosted IN (0, 1)),
    source TEXT NOT NULL CHECK (source IN ('tablet', 'button', 'guide')),
    client TEXT NOT NULL,
    lang TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'serving', 'missed', 'done', 'closed')),
    outcome TEXT CHECK (outcome IN ('done', 'to_continue', 'referred', 'gave_up')),
    -- smaller stands further ahead
    line INTEGER NOT NULL,
    -- calls to let pass before a returned number is first; NULL for a number that never left
    skip INTEGER CHECK (skip >= 0),
    -- priority calls in a row that went before this ordinary number
    passed INTEGER NOT NULL DEFAULT 0 CHECK (passed >= 0),
    recalls INTEGER NOT NULL DEFAULT 0 CHECK (recalls >= 0),
    returned INTEGER NOT NULL DEFAULT 0 CHECK (returned >= 0),
    desk TEXT,
    desk_wanted TEXT,
    staff_id INTEGER,
    issued_at TEXT NOT NULL,
    trusted INTEGER NOT NULL CHECK (trusted IN (0, 1)),
    boot_id TEXT NOT NULL,
    mono REAL NOT NULL,
    called_at TEXT,
    called_trusted INTEGER CHECK (called_trusted IN (0, 1)),
    called_boot_id TEXT,
    called_mono REAL,
    served_s REAL CHECK (served_s >= 0),
    UNIQUE (day_id, number),
    CHECK (state <> 'serving' OR (desk IS NOT NULL AND called_at IS NOT NULL)),
    CHECK ((state = 'done') = (outcome IS NOT NULL))
) STRICT;

-- One number a desk, whatever a program thinks.
CREATE UNIQUE INDEX tickets_desk ON tickets(desk) WHERE state = 'serving';
CREATE INDEX tickets_open ON tickets(state, line) WHERE state IN ('waiting', 'serving', 'missed');
CREATE INDEX tickets_line ON tickets(line);
CREATE INDEX tickets_doubtful ON tickets(boot_id) WHERE trusted = 0;
CREATE INDEX tickets_called_doubtful ON tickets(called_boot_id) WHERE called_trusted = 0;
CREATE INDEX tickets_served ON tickets(day_id) WHERE served_s IS NOT NULL;

CREATE TABLE ticket_events (
    id INTEGER PRIMARY KEY,
    ticket_id INTEGER NOT NULL REFERENCES tickets(id),
    what TEXT NOT NULL,
    -- the desk, service or outcome that belongs to it
    detail TEXT NOT NULL,
    desk TEXT,
    staff_id INTEGER,
    at TEXT NOT NULL,
    trusted INTEGER NOT NULL CHECK (trusted IN (0, 1)),
    boot_id TEXT NOT NULL,
    mono REAL NOT NULL
) STRICT;

CREATE INDEX ticket_events_ticket ON ticket_events(ticket_id, id);
CREATE INDEX ticket_events_doubtful ON ticket_events(boot_id) WHERE trusted = 0;

-- Only a doubtful time may be put right later.
CREATE TRIGGER ticket_events_only_grow BEFORE UPDATE OF id, ticket_id, what, detail, desk, staff_id, boot_id, mono
ON ticket_events BEGIN SELECT RAISE(ABORT, 'ticket events only grow'); END;
CREATE TRIGGER ticket_events_stay BEFORE DELETE ON ticket_events
BEGIN SELECT RAISE(ABORT, 'ticket events stay'); END;
