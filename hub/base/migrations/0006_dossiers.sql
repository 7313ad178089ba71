-- Dossiers: the forms that drafts were begun with, drafts under the House key, and what is left of a sealed one.
CREATE TABLE dossier_forms (
    sha256 TEXT PRIMARY KEY,
    form_id TEXT NOT NULL,
    version TEXT NOT NULL,
    xml BLOB NOT NULL
) STRICT;

-- Who agreed to what, on which notice. Names no person: the draft's id is random, and outlives the draft as a number.
CREATE TABLE dossier_consents (
    id INTEGER PRIMARY KEY,
    draft_id TEXT NOT NULL UNIQUE,
    notice_version TEXT NOT NULL,
    notice_lang TEXT NOT NULL,
    read_aloud INTEGER NOT NULL CHECK (read_aloud IN (0, 1)),
    how TEXT NOT NULL CHECK (how IN ('spoken', 'ticked', 'signed')),
    given_by TEXT NOT NULL CHECK (given_by IN ('self', 'parent', 'guardian', 'delegate')),
    purposes TEXT NOT NULL,
    staff_id INTEGER NOT NULL,
    given_at TEXT NOT NULL,
    trusted INTEGER NOT NULL,
    boot_id TEXT NOT NULL,
    mono REAL NOT NULL
) STRICT;

CREATE TABLE drafts (
    id TEXT PRIMARY KEY,
    procedure TEXT NOT NULL,
    title_vi TEXT NOT NULL,
    title_en TEXT NOT NULL,
    form_sha256 TEXT NOT NULL REFERENCES dossier_forms (sha256),
    persons TEXT NOT NULL,
    instance_id TEXT NOT NULL UNIQUE,
    version INTEGER NOT NULL CHECK (version > 0),
    -- under the House key, bound to this row
    instance BLOB NOT NULL,
    label BLOB NOT NULL,
    staff_id INTEGER NOT NULL,
    updated_at TEXT NOT NULL,
    trusted INTEGER NOT NULL,
    boot_id TEXT NOT NULL,
    mono REAL NOT NULL,
    keep_days INTEGER NOT NULL CHECK (keep_days > 0),
    erase_on TEXT NOT NULL
) STRICT;

CREATE INDEX drafts_form ON drafts (form_sha256);

-- At which version of the draft a page was last changed: two guides on different pages are no conflict.
CREATE TABLE draft_pages (
    draft_id TEXT NOT NULL REFERENCES drafts (id) ON DELETE CASCADE,
    page_id TEXT NOT NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (draft_id, page_id)
) STRICT, WITHOUT ROWID;

-- What a guide typed while another was quicker, until somebody has chosen.
CREATE TABLE draft_asides (
    id INTEGER PRIMARY KEY,
    draft_id TEXT NOT NULL REFERENCES drafts (id) ON DELETE CASCADE,
    page_id TEXT NOT NULL,
    fields BLOB NOT NULL,
    staff_id INTEGER NOT NULL,
    put_at TEXT NOT NULL,
    trusted INTEGER NOT NULL,
    boot_id TEXT NOT NULL,
    mono REAL NOT NULL
) STRICT;

CREATE INDEX draft_asides_draft ON draft_asides (draft_id);

CREATE TABLE draft_files (
    name TEXT PRIMARY KEY,
    draft_id TEXT NOT NULL REFERENCES drafts (id) ON DELETE CASCADE,
    media_type TEXT NOT NULL,
    size INTEGER NOT NULL CHECK (size > 0),
    parts INTEGER NOT NULL CHECK (parts > 0)
) STRICT;

CREATE INDEX draft_files_draft ON draft_files (draft_id);

CREATE TABLE draft_file_parts (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL REFERENCES draft_files (name) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    content BLOB NOT NULL,
    UNIQUE (name, position)
) STRICT;

-- What is left when a dossier is sealed: nothing of the person. Where it stands is the outbox's and the inbox's word.
CREATE TABLE dossiers (
    instance_id TEXT PRIMARY KEY,
    follow_code TEXT NOT NULL UNIQUE,
    draft_id TEXT NOT NULL UNIQUE,
    procedure TEXT NOT NULL,
    title_vi TEXT NOT NULL,
    title_en TEXT NOT NULL,
    form_id TEXT NOT NULL,
    form_version TEXT NOT NULL,
    lang TEXT NOT NULL,
    staff_id INTEGER NOT NULL,
    sealed_at TEXT NOT NULL,
    trusted INTEGER NOT NULL,
    boot_id TEXT NOT NULL,
    mono REAL NOT NULL
) STRICT;

-- Keyed marks of ID numbers, to warn of a second dossier for the same person; forgotten after a set time.
CREATE TABLE dossier_marks (
    draft_id TEXT NOT NULL,
    person TEXT NOT NULL,
    mark BLOB NOT NULL,
    forget_on TEXT,
    PRIMARY KEY (draft_id, person)
) STRICT, WITHOUT ROWID;

CREATE INDEX dossier_marks_mark ON dossier_marks (mark);

-- Who did what when, without content; only grows.
CREATE TABLE dossier_events (
    id INTEGER PRIMARY KEY,
    draft_id TEXT NOT NULL,
    what TEXT NOT NULL,
    detail TEXT NOT NULL DEFAULT '',
    staff_id INTEGER,
    at TEXT NOT NULL,
    trusted INTEGER NOT NULL,
    boot_id TEXT NOT NULL,
    mono REAL NOT NULL
) STRICT;

CREATE INDEX dossier_events_draft ON dossier_events (draft_id, id);
CREATE INDEX dossier_events_doubtful ON dossier_events (boot_id) WHERE trusted = 0;

-- Only a doubtful time may be put right afterwards.
CREATE TRIGGER dossier_events_stay
BEFORE UPDATE OF draft_id, what, detail, staff_id, boot_id, mono ON dossier_events
BEGIN
    SELECT RAISE(ABORT, 'events only grow');
END;

CREATE TRIGGER dossier_events_kept
BEFORE DELETE ON dossier_events
BEGIN
    SELECT RAISE(ABORT, 'events only grow');
END;
