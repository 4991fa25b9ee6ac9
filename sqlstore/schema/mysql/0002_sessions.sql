-- A session is one row however often it is refreshed; rotations counts that.

CREATE TABLE IF NOT EXISTS {session} (
	id             VARBINARY(255) NOT NULL PRIMARY KEY,
	tenant         {tenant_type} NOT NULL,
	user_id        {id_type} NOT NULL,
	epoch          BIGINT NOT NULL,
	client         VARBINARY(255) NOT NULL,
	device         BINARY(32) NOT NULL,
	device_name    BLOB NOT NULL,
	addr           VARBINARY(255) NOT NULL, -- '' is none
	user_agent     BLOB NOT NULL,
	access_digest  BINARY(32) NOT NULL,
	refresh_digest BINARY(32) NOT NULL,
	rotations      BIGINT NOT NULL DEFAULT 0,
	created_at     BIGINT NOT NULL,
	issued_at      BIGINT NOT NULL,
	access_until   BIGINT NOT NULL,
	used_at        BIGINT NOT NULL,
	expires_at     BIGINT NOT NULL,
	UNIQUE KEY {session_access} (access_digest),
	UNIQUE KEY {session_refresh} (refresh_digest),
	UNIQUE KEY {session_device} (tenant, user_id, client, device),
	KEY {session_expiry} (expires_at)
) ENGINE=InnoDB;

-- The refresh tokens of a session that are spent, numbered; the newest are kept.
CREATE TABLE IF NOT EXISTS {session_spent} (
	session_id VARBINARY(255) NOT NULL,
	n          BIGINT NOT NULL,
	digest     BINARY(32) NOT NULL,
	PRIMARY KEY (session_id, n),
	UNIQUE KEY {session_spent_digest} (digest),
	FOREIGN KEY (session_id) REFERENCES {session} (id) ON DELETE CASCADE
) ENGINE=InnoDB;
