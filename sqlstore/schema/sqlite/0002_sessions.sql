-- A session is one row however often it is refreshed; rotations counts that.

CREATE TABLE IF NOT EXISTS {session} (
	id             TEXT NOT NULL PRIMARY KEY,
	tenant         {tenant_type} NOT NULL,
	user_id        {id_type} NOT NULL,
	epoch          INTEGER NOT NULL,
	client         TEXT NOT NULL,
	device         BLOB NOT NULL,
	device_name    TEXT NOT NULL,
	addr           TEXT NOT NULL, -- '' is none
	user_agent     TEXT NOT NULL,
	access_digest  BLOB NOT NULL UNIQUE,
	refresh_digest BLOB NOT NULL UNIQUE,
	rotations      INTEGER NOT NULL DEFAULT 0,
	created_at     INTEGER NOT NULL,
	issued_at      INTEGER NOT NULL,
	access_until   INTEGER NOT NULL,
	used_at        INTEGER NOT NULL,
	expires_at     INTEGER NOT NULL
) WITHOUT ROWID;

CREATE UNIQUE INDEX IF NOT EXISTS {session_device} ON {session} (tenant, user_id, client, device);

CREATE INDEX IF NOT EXISTS {session_expiry} ON {session} (expires_at);

-- The refresh tokens of a session that are spent, numbered; the newest are kept.
CREATE TABLE IF NOT EXISTS {session_spent} (
	session_id TEXT NOT NULL,
	n          INTEGER NOT NULL,
	digest     BLOB NOT NULL UNIQUE,
	PRIMARY KEY (session_id, n)
) WITHOUT ROWID;

-- They go with the session. A foreign key would need a setting of every connection.
CREATE TRIGGER IF NOT EXISTS {session_end} AFTER DELETE ON {session} BEGIN DELETE FROM {session_spent} WHERE session_id = OLD.id; END;
