-- Households' own records, kept only with consent: in clear nothing but ids, dates and counts.
CREATE TABLE households (
    id TEXT PRIMARY KEY,
    version INTEGER NOT NULL CHECK (version > 0),
    -- under the House key, bound to this row: what the village calls the house, its telephone
    label BLOB NOT NULL,
    staff_id INTEGER NOT NULL,
    used_at TEXT NOT NULL,
    trusted INTEGER NOT NULL,
    boot_id TEXT NOT NULL,
    mono REAL NOT NULL,
    keep_days INTEGER NOT NULL CHECK (keep_days > 0),
    erase_on TEXT NOT NULL
) STRICT;

CREATE TABLE household_members (
    id TEXT PRIMARY KEY,
    household_id TEXT NOT NULL REFERENCES households (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    version INTEGER NOT NULL CHECK (version > 0),
    -- all facts of one person, under the House key, bound to this row
    facts BLOB NOT NULL
) STRICT;

CREATE INDEX household_members_household ON household_members (household_id, position);

-- Keyed marks of ID numbers: nobody is kept twice. They go with the member.
CREATE TABLE household_marks (
    member_id TEXT NOT NULL REFERENCES household_members (id) ON DELETE CASCADE,
    mark BLOB NOT NULL,
    PRIMARY KEY (member_id, mark)
) STRICT, WITHOUT ROWID;

CREATE INDEX household_marks_mark ON household_marks (mark);

-- What was agreed to. The household's id is random, and outlives the record as a number.
CREATE TABLE household_consents (
    id INTEGER PRIMARY KEY,
    household_id TEXT NOT NULL,
    notice_version TEXT NOT NULL,
    notice_lang TEXT NOT NULL,
    how TEXT NOT NULL CHECK (how IN ('spoken', 'ticked', 'signed')),
    given_by TEXT NOT NULL CHECK (given_by IN ('head', 'adult', 'guardian', 'delegate')),
    purposes TEXT NOT NULL,
    staff_id INTEGER NOT NULL,
    given_at TEXT NOT NULL,
    trusted INTEGER NOT NULL,
    boot_id TEXT NOT NULL,
    mono REAL NOT NULL
) STRICT;

CREATE INDEX household_consents_household ON household_consents (household_id, id);

-- Who did what when, without content; only grows.
CREATE TABLE household_events (
    id INTEGER PRIMARY KEY,
    household_id TEXT NOT NULL,
    what TEXT NOT NULL,
    staff_id INTEGER,
    at TEXT NOT NULL,
    trusted INTEGER NOT NULL,
    boot_id TEXT NOT NULL,
    mono REAL NOT NULL
) STRICT;

CREATE INDEX household_events_household ON household_events (household_id, id);
CREATE INDEX household_events_doubtful ON household_events (boot_id) WHERE trusted = 0;

-- Only a doubtful time may be put right afterwards.
CREATE TRIGGER household_events_stay
BEFORE UPDATE OF household_id, what, staff_id, boot_id, mono ON household_events
BEGIN
    SELECT RAISE(ABORT, 'events only grow');
END;

CREATE TRIGGER household_events_kept
BEFORE DELETE ON household_events
BEGIN
    SELECT RAISE(ABORT, 'events only grow');
END;

-- How often somebody was helped on paper, a village day: never who.
CREATE TABLE visit_counts (
    day_on TEXT NOT NULL,
    what TEXT NOT NULL,
    subject TEXT NOT NULL,
    trusted INTEGER NOT NULL,
    count INTEGER NOT NULL CHECK (count > 0),
    PRIMARY KEY (day_on, what, subject, trusted)
) STRICT, WITHOUT ROWID;

-- Consent that is withdrawn erases at once: no copy of last night may still hold the record.
INSERT INTO left_out_of_copies VALUES ('households');
