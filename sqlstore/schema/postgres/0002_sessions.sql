-- A session is one row however often it is refreshed; rotations counts that.

CREATE TABLE IF NOT EXISTS {session} (
	id             text COLLATE "C" NOT NULL PRIMARY KEY,
	tenant         {tenant_type} NOT NULL,
	user_id        {id_type} NOT NULL,
	epoch          bigint NOT NULL,
	client         text COLLATE "C" NOT NULL,
	device         bytea NOT NULL,
	device_name    text COLLATE "C" NOT NULL,
	addr           text COLLATE "C" NOT NULL, -- '' is none
	user_agent     text COLLATE "C" NOT NULL,
	access_digest  bytea NOT NULL UNIQUE,
	refresh_digest bytea NOT NULL UNIQUE,
	rotations      bigint NOT NULL DEFAULT 0,
	created_at     bigint NOT NULL,
	issued_at      bigint NOT NULL,
	access_until   bigint NOT NULL,
	used_at        bigint NOT NULL,
	expires_at     bigint NOT NULL
);

CREATE UNIQUE INDEX IF NOT EXISTS {session_device} ON {session} (tenant, user_id, client, device);

CREATE INDEX IF NOT EXISTS {session_expiry} ON {session} (expires_at);

-- The refresh tokens of a session that are spent, numbered; the newest are kept.
CREATE TABLE IF NOT EXISTS {session_spent} (
	session_id text COLLATE "C" NOT NULL REFERENCES {session} (id) ON DELETE CASCADE,
	n          bigint NOT NULL,
	digest     bytea NOT NULL UNIQUE,
	PRIMARY KEY (session_id, n)
);
