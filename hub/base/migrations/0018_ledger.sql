-- The print ledger: what happened to each paper, in a history that only grows. No person's name is in here.
ALTER TABLE jobs ADD COLUMN copy_of INTEGER REFERENCES jobs(id);
-- 1: the printer itself said that the paper came out; 0: it took every byte and said nothing. A guide's word leaves it empty.
ALTER TABLE jobs ADD COLUMN confirmed INTEGER CHECK (confirmed IN (0, 1));

CREATE INDEX jobs_created ON jobs(created_at);
CREATE INDEX jobs_copies ON jobs(copy_of) WHERE copy_of IS NOT NULL;

CREATE TABLE paper_events (
    id INTEGER PRIMARY KEY,
    job_id INTEGER NOT NULL REFERENCES jobs(id),
    what TEXT NOT NULL CHECK (what IN ('added', 'began', 'out', 'stuck', 'interrupted', 'asked', 'answered_out',
        'answered_again', 'answered_surely_not', 'retried', 'cancelled', 'copied')),
    -- a phrase that says why, or why a copy was wanted; empty where there is nothing to say
    reason TEXT NOT NULL DEFAULT '',
    other_job INTEGER REFERENCES jobs(id),
    -- a member of the staff; empty for the House itself and for visitors
    staff_id INTEGER,
    at TEXT NOT NULL,
    trusted INTEGER NOT NULL CHECK (trusted IN (0, 1)),
    boot_id TEXT NOT NULL,
    mono REAL NOT NULL
) STRICT;

CREATE INDEX paper_events_job ON paper_events(job_id, id);
CREATE INDEX paper_events_doubtful ON paper_events(boot_id) WHERE trusted = 0;

CREATE TRIGGER paper_events_stay
BEFORE UPDATE ON paper_events
WHEN OLD.trusted = 1
    OR (NEW.id, NEW.job_id, NEW.what, NEW.reason, NEW.other_job, NEW.staff_id, NEW.boot_id, NEW.mono)
    IS NOT (OLD.id, OLD.job_id, OLD.what, OLD.reason, OLD.other_job, OLD.staff_id, OLD.boot_id, OLD.mono)
BEGIN
    SELECT RAISE(ABORT, 'the history of papers only grows');
END;

CREATE TRIGGER paper_events_kept
BEFORE DELETE ON paper_events
BEGIN
    SELECT RAISE(ABORT, 'the history of papers only grows');
END;

-- How a call for this service buzzes: milliseconds of sound, silence, sound, …; empty: as all the others.
ALTER TABLE ticket_services ADD COLUMN buzz TEXT NOT NULL DEFAULT '';

-- Signals now carry their own pattern; those of before are worth seconds and are dropped.
DELETE FROM signals WHERE kind = 'chirp';
