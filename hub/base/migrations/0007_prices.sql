-- What guides saw: a report is never changed; taking it back is a row of its own, so that history stays.
CREATE TABLE price_reports (
    id INTEGER PRIMARY KEY,
    commodity_id TEXT NOT NULL,
    amount INTEGER NOT NULL CHECK (amount > 0),
    unit TEXT NOT NULL,
    form TEXT NOT NULL,
    place_kind TEXT NOT NULL,
    place TEXT NOT NULL,
    seen_on TEXT NOT NULL,
    staff_id INTEGER NOT NULL,
    staff_name TEXT NOT NULL,
    reported_at TEXT NOT NULL,
    trusted INTEGER NOT NULL CHECK (trusted IN (0, 1)),
    boot_id TEXT NOT NULL,
    mono REAL NOT NULL
) STRICT;

CREATE INDEX price_reports_by_day ON price_reports(commodity_id, seen_on, id);

CREATE TABLE price_withdrawals (
    report_id INTEGER PRIMARY KEY REFERENCES price_reports(id),
    reason TEXT NOT NULL,
    staff_id INTEGER NOT NULL,
    staff_name TEXT NOT NULL,
    withdrawn_at TEXT NOT NULL,
    trusted INTEGER NOT NULL CHECK (trusted IN (0, 1)),
    boot_id TEXT NOT NULL,
    mono REAL NOT NULL
) STRICT;
