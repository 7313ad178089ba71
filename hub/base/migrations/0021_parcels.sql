-- Beside dossiers the outbox carries home visits and the House's own reports. A telephone names its files itself, by the
-- hour of the picture; they cannot be renamed any more, so their names are one of a kind within their parcel only.
ALTER TABLE outbox ADD COLUMN kind TEXT NOT NULL DEFAULT 'dossier' CHECK (kind IN ('dossier', 'visit', 'report'));
-- Not sealed: a form that asks for no seal, whose records a server can chart.
ALTER TABLE outbox ADD COLUMN plain INTEGER NOT NULL DEFAULT 0 CHECK (plain IN (0, 1));
ALTER TABLE outbox_files ADD COLUMN named_elsewhere INTEGER NOT NULL DEFAULT 0 CHECK (named_elsewhere IN (0, 1));

DROP INDEX outbox_file_names;
CREATE UNIQUE INDEX outbox_file_names ON outbox_files (name) WHERE is_instance = 0 AND named_elsewhere = 0;

DROP TRIGGER outbox_frozen;
CREATE TRIGGER outbox_frozen
BEFORE UPDATE OF instance_id, form_id, form_version, envelope, sha256, size, kind, plain ON outbox
WHEN OLD.state <> 'sent' OR length(NEW.envelope) > 0 OR NEW.erased_at IS NULL
    OR (NEW.instance_id, NEW.form_id, NEW.form_version, NEW.sha256, NEW.size, NEW.kind, NEW.plain)
        IS NOT (OLD.instance_id, OLD.form_id, OLD.form_version, OLD.sha256, OLD.size, OLD.kind, OLD.plain)
BEGIN
    SELECT RAISE(ABORT, 'sealed bytes are frozen');
END;
