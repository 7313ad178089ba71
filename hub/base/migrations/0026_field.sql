-- Home visits: who hands in with a telephone of their own, which forms they may take, what came of it.
CREATE TABLE volunteers (
    id INTEGER PRIMARY KEY,
    -- emptied some time after the end, as telephone and device are
    name TEXT NOT NULL,
    phone TEXT NOT NULL,
    until_on TEXT NOT NULL,
    -- SHA-256 of the token in the address; the public half of the pair that lists are sealed to, made of the same token
    token_sha BLOB UNIQUE,
    list_key BLOB,
    -- for telephones set up by hand: a name, and what Digest needs of the password, under keys/field-key
    username TEXT UNIQUE,
    ha1 BLOB,
    staff_id INTEGER NOT NULL,
    revoked_at TEXT,
    seen_at TEXT,
    seen_trusted INTEGER,
    device_id TEXT NOT NULL DEFAULT '',
    added_at TEXT NOT NULL,
    trusted INTEGER NOT NULL,
    boot_id TEXT NOT NULL,
    mono REAL NOT NULL
) STRICT;

-- Forms that volunteers may take; plain: relayed without a seal, which somebody chose knowingly.
CREATE TABLE field_forms (
    form_id TEXT PRIMARY KEY,
    plain INTEGER NOT NULL CHECK (plain IN (0, 1)),
    staff_id INTEGER NOT NULL,
    marked_at TEXT NOT NULL
) STRICT;

-- Every version that was handed out: what is filled in on a walk comes back after the form has changed.
CREATE TABLE field_versions (
    form_id TEXT NOT NULL,
    version TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    title TEXT NOT NULL,
    public_key TEXT NOT NULL,
    -- paths of the questions whose answers are files, as JSON
    uploads TEXT NOT NULL,
    plain INTEGER NOT NULL CHECK (plain IN (0, 1)),
    PRIMARY KEY (form_id, version)
) STRICT, WITHOUT ROWID;

-- Households on a volunteer's list: each row sealed to that volunteer's token, gone with the household.
CREATE TABLE volunteer_households (
    volunteer_id INTEGER NOT NULL REFERENCES volunteers (id) ON DELETE CASCADE,
    household_id TEXT NOT NULL REFERENCES households (id) ON DELETE CASCADE,
    sealed BLOB NOT NULL,
    until_on TEXT NOT NULL,
    staff_id INTEGER NOT NULL,
    PRIMARY KEY (volunteer_id, household_id)
) STRICT;
CREATE INDEX volunteer_households_household ON volunteer_households (household_id);

-- A consent without the purpose takes the household off every list, whoever wrote it down.
CREATE TRIGGER volunteer_households_consent
AFTER INSERT ON household_consents
WHEN instr(' ' || NEW.purposes || ' ', ' home_visits ') = 0
BEGIN
    DELETE FROM volunteer_households WHERE household_id = NEW.household_id;
END;

CREATE TRIGGER volunteer_households_scrubbed
AFTER DELETE ON volunteer_households
BEGIN
    INSERT INTO versions(topic, version) VALUES ('scrub.wanted', 1)
        ON CONFLICT (topic) DO UPDATE SET version = version + 1;
END;

CREATE TABLE visits_received (
    id INTEGER PRIMARY KEY,
    instance_id TEXT NOT NULL UNIQUE,
    form_id TEXT NOT NULL,
    form_version TEXT NOT NULL,
    title TEXT NOT NULL,
    volunteer_id INTEGER NOT NULL REFERENCES volunteers (id),
    device_id TEXT NOT NULL,
    -- sealed by the telephone; sealed here, the plain words gone; plain because the form asks for no seal
    seal TEXT NOT NULL CHECK (seal IN ('phone', 'house', 'none')),
    state TEXT NOT NULL CHECK (state IN ('waiting', 'whole')),
    -- keyed: a plain digest of a few answers could be guessed
    record_mark BLOB NOT NULL,
    size INTEGER NOT NULL CHECK (size > 0),
    -- files that came and that the record does not name
    strays INTEGER NOT NULL DEFAULT 0,
    received_at TEXT NOT NULL,
    trusted INTEGER NOT NULL,
    boot_id TEXT NOT NULL,
    mono REAL NOT NULL
) STRICT;
CREATE INDEX visits_by_time ON visits_received (received_at);
CREATE INDEX visits_waiting ON visits_received (state) WHERE state = 'waiting';
CREATE INDEX visits_doubtful ON visits_received (boot_id) WHERE trusted = 0;

-- The files that a record names; a mark once one has come.
CREATE TABLE visit_files (
    visit_id INTEGER NOT NULL REFERENCES visits_received (id),
    name TEXT NOT NULL,
    mark BLOB,
    size INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (visit_id, name)
) STRICT, WITHOUT ROWID;

-- What has come of a record that is not whole yet, under keys/field-key; the record itself under the empty name.
CREATE TABLE visit_held (
    visit_id INTEGER NOT NULL REFERENCES visits_received (id),
    name TEXT NOT NULL,
    content BLOB NOT NULL,
    PRIMARY KEY (visit_id, name)
) STRICT;

-- What is taken back or sent on goes at once: last night's copy must not hold it.
INSERT INTO left_out_of_copies(name) VALUES ('volunteer_households'), ('visit_held');
