-- Personal data duties: requests with their clock, acts that only grow, breaches, who speaks for whom. No row names a villager.

-- What no other room writes down. Each row's seal covers its content and the seal before it; only a doubtful time is put right.
CREATE TABLE access_log (
    id INTEGER PRIMARY KEY,
    act TEXT NOT NULL,
    -- a random id or a number of this House, or nothing; never a name or what was searched for
    subject TEXT NOT NULL,
    staff_id INTEGER,
    at TEXT NOT NULL,
    trusted INTEGER NOT NULL CHECK (trusted IN (0, 1)),
    boot_id TEXT NOT NULL,
    mono REAL NOT NULL,
    seal TEXT NOT NULL
) STRICT;

CREATE INDEX access_log_subject ON access_log (subject, id);
CREATE INDEX access_log_doubtful ON access_log (boot_id) WHERE trusted = 0;

CREATE TRIGGER access_log_stays
BEFORE UPDATE ON access_log
WHEN OLD.trusted = 1 OR (NEW.id, NEW.act, NEW.subject, NEW.staff_id, NEW.boot_id, NEW.mono, NEW.seal)
    IS NOT (OLD.id, OLD.act, OLD.subject, OLD.staff_id, OLD.boot_id, OLD.mono, OLD.seal)
BEGIN
    SELECT RAISE(ABORT, 'the access log only grows');
END;

CREATE TRIGGER access_log_kept
BEFORE DELETE ON access_log
BEGIN
    SELECT RAISE(ABORT, 'the access log only grows');
END;

-- Somebody asks for their right. Who it is stands nowhere: only how they were known, and which random ids it is about.
CREATE TABLE privacy_requests (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    identified TEXT NOT NULL,
    lang TEXT NOT NULL,
    staff_id INTEGER NOT NULL,
    due_on TEXT NOT NULL,
    asked_at TEXT NOT NULL,
    trusted INTEGER NOT NULL CHECK (trusted IN (0, 1)),
    boot_id TEXT NOT NULL,
    mono REAL NOT NULL
) STRICT;

CREATE TRIGGER privacy_requests_stay
BEFORE UPDATE ON privacy_requests
WHEN OLD.trusted = 1 OR (NEW.id, NEW.kind, NEW.identified, NEW.lang, NEW.staff_id, NEW.boot_id, NEW.mono)
    IS NOT (OLD.id, OLD.kind, OLD.identified, OLD.lang, OLD.staff_id, OLD.boot_id, OLD.mono)
BEGIN
    SELECT RAISE(ABORT, 'requests only grow');
END;

CREATE TRIGGER privacy_requests_kept
BEFORE DELETE ON privacy_requests
BEGIN
    SELECT RAISE(ABORT, 'requests only grow');
END;

CREATE TABLE privacy_subjects (
    request_id INTEGER NOT NULL REFERENCES privacy_requests (id),
    kind TEXT NOT NULL CHECK (kind IN ('draft', 'sealed', 'household')),
    ref TEXT NOT NULL,
    PRIMARY KEY (request_id, kind, ref)
) STRICT, WITHOUT ROWID;

-- What was done about a request; the last closing one is its state.
CREATE TABLE privacy_acts (
    id INTEGER PRIMARY KEY,
    request_id INTEGER NOT NULL REFERENCES privacy_requests (id),
    act TEXT NOT NULL,
    -- a reason or a kind of subject from a fixed list, never free words
    detail TEXT NOT NULL,
    staff_id INTEGER NOT NULL,
    at TEXT NOT NULL,
    trusted INTEGER NOT NULL CHECK (trusted IN (0, 1)),
    boot_id TEXT NOT NULL,
    mono REAL NOT NULL
) STRICT;

CREATE INDEX privacy_acts_request ON privacy_acts (request_id, id);

CREATE TRIGGER privacy_acts_stay
BEFORE UPDATE ON privacy_acts
WHEN OLD.trusted = 1 OR (NEW.id, NEW.request_id, NEW.act, NEW.detail, NEW.staff_id, NEW.boot_id, NEW.mono)
    IS NOT (OLD.id, OLD.request_id, OLD.act, OLD.detail, OLD.staff_id, OLD.boot_id, OLD.mono)
BEGIN
    SELECT RAISE(ABORT, 'acts only grow');
END;

CREATE TRIGGER privacy_acts_kept
BEFORE DELETE ON privacy_acts
BEGIN
    SELECT RAISE(ABORT, 'acts only grow');
END;

-- Something got out, got lost or was changed. The file is kept: nothing here is ever changed or deleted.
CREATE TABLE breaches (
    id INTEGER PRIMARY KEY,
    happened TEXT NOT NULL,
    -- as the technician says it; the three days run from here
    discovered_at TEXT NOT NULL,
    kinds TEXT NOT NULL,
    people INTEGER NOT NULL CHECK (people >= 0),
    measures TEXT NOT NULL,
    staff_id INTEGER NOT NULL,
    noted_at TEXT NOT NULL,
    trusted INTEGER NOT NULL CHECK (trusted IN (0, 1)),
    boot_id TEXT NOT NULL,
    mono REAL NOT NULL
) STRICT;

CREATE TABLE breach_steps (
    id INTEGER PRIMARY KEY,
    breach_id INTEGER NOT NULL REFERENCES breaches (id),
    step TEXT NOT NULL CHECK (step IN ('added', 'reported', 'not_notifiable')),
    words TEXT NOT NULL,
    staff_id INTEGER NOT NULL,
    noted_at TEXT NOT NULL,
    trusted INTEGER NOT NULL CHECK (trusted IN (0, 1)),
    boot_id TEXT NOT NULL,
    mono REAL NOT NULL
) STRICT;

CREATE TRIGGER breaches_stay BEFORE UPDATE ON breaches
BEGIN SELECT RAISE(ABORT, 'breaches only grow'); END;
CREATE TRIGGER breaches_kept BEFORE DELETE ON breaches
BEGIN SELECT RAISE(ABORT, 'breaches only grow'); END;
CREATE TRIGGER breach_steps_stay BEFORE UPDATE ON breach_steps
BEGIN SELECT RAISE(ABORT, 'breaches only grow'); END;
CREATE TRIGGER breach_steps_kept BEFORE DELETE ON breach_steps
BEGIN SELECT RAISE(ABORT, 'breaches only grow'); END;

-- Somebody fills in for another: what they may do, until when, how they showed that they may. A relation, never a name.
CREATE TABLE delegations (
    id INTEGER PRIMARY KEY,
    draft_id TEXT NOT NULL,
    relation TEXT NOT NULL,
    scope TEXT NOT NULL,
    shown TEXT NOT NULL,
    until_on TEXT NOT NULL,
    staff_id INTEGER NOT NULL,
    given_at TEXT NOT NULL,
    trusted INTEGER NOT NULL CHECK (trusted IN (0, 1)),
    boot_id TEXT NOT NULL,
    mono REAL NOT NULL
) STRICT;

CREATE INDEX delegations_draft ON delegations (draft_id, id);

CREATE TRIGGER delegations_stay
BEFORE UPDATE ON delegations
WHEN OLD.trusted = 1
    OR (NEW.id, NEW.draft_id, NEW.relation, NEW.scope, NEW.shown, NEW.until_on, NEW.staff_id, NEW.boot_id, NEW.mono)
    IS NOT
    (OLD.id, OLD.draft_id, OLD.relation, OLD.scope, OLD.shown, OLD.until_on, OLD.staff_id, OLD.boot_id, OLD.mono)
BEGIN
    SELECT RAISE(ABORT, 'delegations only grow');
END;

CREATE TRIGGER delegations_kept
BEFORE DELETE ON delegations
BEGIN
    SELECT RAISE(ABORT, 'delegations only grow');
END;
