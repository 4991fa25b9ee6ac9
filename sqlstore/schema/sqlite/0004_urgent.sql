-- Somebody waits for a link or code: 2 for one that was never claimed, 1 for one that
-- was, 0 for any other job, and for all that were put before.

ALTER TABLE {job} ADD COLUMN urgent INTEGER NOT NULL DEFAULT 0;

CREATE INDEX IF NOT EXISTS {job_urgent} ON {job} (urgent, not_before);
