-- What the relay does in a round costs the same with fifty thousand parcels as with fifty.

-- When a waiting time began: a clock that jumped back before that has made it meaningless.
ALTER TABLE outbox ADD COLUMN waits_since TEXT;
-- All that waits goes at once after the upgrade; its waiting times say nothing of when they began.
UPDATE outbox SET next_try_at = NULL, backoff_s = 0 WHERE state = 'queued' AND next_try_at IS NOT NULL;

DROP INDEX outbox_waiting;
-- What may go now, in the order in which it goes, and by age.
CREATE INDEX outbox_ready ON outbox (
    urgent DESC, CASE WHEN size < 262144 THEN 0 WHEN size < 2097152 THEN 1 ELSE 2 END, added_at, id
) WHERE state = 'queued' AND next_try_at IS NULL;
CREATE INDEX outbox_ready_longest ON outbox (added_at, id) WHERE state = 'queued' AND next_try_at IS NULL;
-- And the smallest first, where a line costs: whether anything at all may go.
CREATE INDEX outbox_ready_smallest ON outbox (urgent DESC, size, id) WHERE state = 'queued' AND next_try_at IS NULL;
-- What waits, by when it is over, and by when it began.
CREATE INDEX outbox_waits ON outbox (next_try_at) WHERE state = 'queued' AND next_try_at IS NOT NULL;
CREATE INDEX outbox_waits_since ON outbox (waits_since) WHERE state = 'queued' AND next_try_at IS NOT NULL;
CREATE INDEX outbox_in_hand ON outbox (id) WHERE state = 'sending';
CREATE INDEX outbox_at_door ON outbox (id) WHERE state = 'held' AND at_door = 1;
CREATE INDEX outbox_held_for ON outbox (reason_key, held_under) WHERE state = 'held';
-- Lists are drawn a page at a time.
CREATE INDEX outbox_by_state ON outbox (state, added_at, id);

-- How many parcels of which kind stand where, and how many bytes: counted as they move, never over all of them.
CREATE TABLE outbox_counts (
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    parcels INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    PRIMARY KEY (kind, state)
) STRICT, WITHOUT ROWID;
INSERT INTO outbox_counts SELECT kind, state, count(*), sum(size) FROM outbox GROUP BY kind, state;

CREATE TRIGGER outbox_counted_in
AFTER INSERT ON outbox
BEGIN
    INSERT INTO outbox_counts(kind, state, parcels, bytes) VALUES (NEW.kind, NEW.state, 1, NEW.size)
    ON CONFLICT(kind, state) DO UPDATE SET parcels = parcels + 1, bytes = bytes + excluded.bytes;
END;

CREATE TRIGGER outbox_counted_out
AFTER DELETE ON outbox
BEGIN
    UPDATE outbox_counts SET parcels = parcels - 1, bytes = bytes - OLD.size
    WHERE kind = OLD.kind AND state = OLD.state;
END;

CREATE TRIGGER outbox_counted_on
AFTER UPDATE OF state ON outbox
WHEN OLD.state <> NEW.state
BEGIN
    UPDATE outbox_counts SET parcels = parcels - 1, bytes = bytes - OLD.size
    WHERE kind = OLD.kind AND state = OLD.state;
    INSERT INTO outbox_counts(kind, state, parcels, bytes) VALUES (NEW.kind, NEW.state, 1, NEW.size)
    ON CONFLICT(kind, state) DO UPDATE SET parcels = parcels + 1, bytes = bytes + excluded.bytes;
END;

-- Whose turn it is: now and then the one that has waited longest goes, however large it is.
CREATE TABLE outbox_turns (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    taken INTEGER NOT NULL
) STRICT;

-- Which forms have open cases, and which case is asked about next, without going through those that are closed.
CREATE INDEX inbox_open ON inbox (form_id, coalesce(asked_at, ''), state_at)
WHERE coalesce(review_state, '') NOT IN ('approved', 'rejected');
CREATE INDEX inbox_closed ON inbox (form_id, state_at) WHERE review_state IN ('approved', 'rejected');
