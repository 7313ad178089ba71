-- What follows after sealing: the office's words locked up, papers that name somebody, bytes nobody needs any more,
-- appointments, and dossiers that are done again.

-- The words were in the clear so far. What the office still shows is read again, and this time locked.
ALTER TABLE inbox DROP COLUMN comments;
ALTER TABLE inbox DROP COLUMN notes;
ALTER TABLE inbox ADD COLUMN comments BLOB;
ALTER TABLE inbox ADD COLUMN notes BLOB;
ALTER TABLE inbox ADD COLUMN remarks INTEGER NOT NULL DEFAULT 0;
UPDATE inbox SET comments_etag = '', notes_etag = '';
-- The relay empties the log of them as after any other erasing.
INSERT INTO versions(topic, version) SELECT 'scrub.wanted', 1 WHERE EXISTS (SELECT 1 FROM inbox)
ON CONFLICT(topic) DO UPDATE SET version = version + 1;

-- A paper with somebody's name on it: forgotten as soon as it has come out.
ALTER TABLE jobs ADD COLUMN private INTEGER NOT NULL DEFAULT 0 CHECK (private IN (0, 1));

-- Sealed bytes stay frozen for ever, until the office has closed the case: then they may become nothing, once.
ALTER TABLE outbox ADD COLUMN erased_at TEXT;
DROP TRIGGER outbox_frozen;
DROP TRIGGER outbox_files_frozen;

CREATE TRIGGER outbox_frozen
BEFORE UPDATE OF instance_id, form_id, form_version, envelope, sha256, size ON outbox
WHEN OLD.state <> 'sent' OR length(NEW.envelope) > 0 OR NEW.erased_at IS NULL
    OR (NEW.instance_id, NEW.form_id, NEW.form_version, NEW.sha256, NEW.size)
        IS NOT (OLD.instance_id, OLD.form_id, OLD.form_version, OLD.sha256, OLD.size)
BEGIN
    SELECT RAISE(ABORT, 'sealed bytes are frozen');
END;

CREATE TRIGGER outbox_files_frozen
BEFORE UPDATE OF outbox_id, position, name, is_instance, content, sha256, size ON outbox_files
WHEN length(NEW.content) > 0
    OR (NEW.outbox_id, NEW.position, NEW.name, NEW.is_instance, NEW.sha256, NEW.size)
        IS NOT (OLD.outbox_id, OLD.position, OLD.name, OLD.is_instance, OLD.sha256, OLD.size)
    OR NOT EXISTS (
        SELECT 1 FROM outbox WHERE id = OLD.outbox_id AND state = 'sent' AND erased_at IS NOT NULL
    )
BEGIN
    SELECT RAISE(ABORT, 'sealed bytes are frozen');
END;

CREATE TRIGGER outbox_erased_stays
BEFORE UPDATE OF state, erased_at ON outbox
WHEN OLD.erased_at IS NOT NULL AND (NEW.state <> 'sent' OR NEW.erased_at IS NOT OLD.erased_at)
BEGIN
    SELECT RAISE(ABORT, 'what was erased is not sent again');
END;

-- "Come on that day": no name on it. One at a time for a dossier; the words go when the day is long past.
CREATE TABLE dossier_appointments (
    id INTEGER PRIMARY KEY,
    instance_id TEXT NOT NULL,
    why TEXT NOT NULL CHECK (why IN ('result', 'correction')),
    meet_on TEXT NOT NULL,
    -- of the village's day, HH:MM; empty: any time in opening hours
    hour TEXT NOT NULL,
    place TEXT NOT NULL,
    bring TEXT NOT NULL,
    ended TEXT CHECK (ended IN ('replaced', 'cancelled')),
    staff_id INTEGER NOT NULL,
    made_at TEXT NOT NULL,
    trusted INTEGER NOT NULL,
    boot_id TEXT NOT NULL,
    mono REAL NOT NULL
) STRICT;

CREATE UNIQUE INDEX dossier_appointments_one ON dossier_appointments (instance_id) WHERE ended IS NULL;

-- Done again: which draft, and the dossier it became, stands in the place of which sealed one.
CREATE TABLE dossier_corrections (
    draft_id TEXT PRIMARY KEY,
    corrects TEXT NOT NULL UNIQUE
) STRICT, WITHOUT ROWID;
