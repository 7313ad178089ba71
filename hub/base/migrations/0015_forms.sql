-- Forms that came after the pack: written here or fetched from the office; and the files drafts' forms came with.
CREATE TABLE form_shelf (
    form_id TEXT PRIMARY KEY,
    version TEXT NOT NULL,
    title TEXT NOT NULL,
    origin TEXT NOT NULL CHECK (origin IN ('added', 'fetched')),
    -- names the XML together with its files
    sha256 TEXT NOT NULL,
    -- what the office last called this version of the form and of its list of files; empty for an added one
    told TEXT NOT NULL,
    xml BLOB NOT NULL,
    added_at TEXT NOT NULL,
    trusted INTEGER NOT NULL,
    boot_id TEXT NOT NULL,
    mono REAL NOT NULL
) STRICT;

CREATE TABLE form_shelf_files (
    form_id TEXT NOT NULL REFERENCES form_shelf (form_id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    content BLOB NOT NULL,
    PRIMARY KEY (form_id, name)
) STRICT;

-- A draft keeps the files of its form as it keeps the form itself.
CREATE TABLE dossier_form_media (
    sha256 TEXT NOT NULL REFERENCES dossier_forms (sha256) ON DELETE CASCADE,
    name TEXT NOT NULL,
    content BLOB NOT NULL,
    PRIMARY KEY (sha256, name)
) STRICT;
