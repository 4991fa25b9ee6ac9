-- Somebody waits for a link or code: 2 for one that was never claimed, 1 for one that
-- was, 0 for any other job, and for all that were put before.

ALTER TABLE {job}
	ADD COLUMN /*M! IF NOT EXISTS */ urgent SMALLINT NOT NULL DEFAULT 0,
	ADD KEY /*M! IF NOT EXISTS */ {job_urgent} (urgent, not_before);
