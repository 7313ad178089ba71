-- What a guide asked the bench to take in: pages of a dossier, a card on the glass, the next code. All content is in
-- sealed boxes; the half that opens them lies here under the House key. A row lives for minutes.
CREATE TABLE captures (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL CHECK (kind IN ('scan', 'card', 'code')),
    state TEXT NOT NULL CHECK (state IN ('asked', 'taken', 'done', 'failed', 'cancelled', 'stale')),
    reason TEXT NOT NULL DEFAULT '',
    staff_id INTEGER NOT NULL,
    -- With a draft goes what was taken in for it.
    draft_id TEXT REFERENCES drafts (id) ON DELETE CASCADE,
    page_id TEXT NOT NULL,
    path TEXT NOT NULL,
    source TEXT NOT NULL,
    dpi INTEGER NOT NULL,
    colour INTEGER NOT NULL CHECK (colour IN (0, 1)),
    most_pages INTEGER NOT NULL,
    -- seconds since the boot; who asked first is served first
    asked_mono REAL NOT NULL,
    -- the page that the next one stands in for
    replaces TEXT NOT NULL DEFAULT '',
    page INTEGER NOT NULL DEFAULT 0,
    share REAL NOT NULL DEFAULT 0,
    public_key BLOB NOT NULL,
    private_key BLOB NOT NULL,
    -- the text of a code, sealed
    answer BLOB,
    touched_at TEXT NOT NULL,
    trusted INTEGER NOT NULL,
    boot_id TEXT NOT NULL,
    mono REAL NOT NULL
) STRICT;
CREATE INDEX captures_by_state ON captures (state, asked_mono);
CREATE INDEX captures_by_draft ON captures (draft_id);

-- Of a page only what says nothing about anybody is in the clear.
CREATE TABLE capture_pages (
    id TEXT PRIMARY KEY,
    capture INTEGER NOT NULL REFERENCES captures (seq) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    dpi INTEGER NOT NULL,
    findings TEXT NOT NULL,
    before_bytes INTEGER NOT NULL,
    after_bytes INTEGER NOT NULL,
    content BLOB NOT NULL,
    UNIQUE (capture, position)
) STRICT;

INSERT INTO left_out_of_copies(name) VALUES ('captures'), ('capture_pages');
