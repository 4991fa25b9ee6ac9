-- Times are microseconds since 1970 in UTC, digests 32 bytes. Tenants and user ids
-- have the types of the mapped table; texts are binary, so that they are compared
-- byte by byte.

CREATE TABLE IF NOT EXISTS {account} (
	tenant     {tenant_type} NOT NULL,
	user_id    {id_type} NOT NULL,
	epoch      BIGINT NOT NULL,
	stamp      BIGINT NOT NULL, -- random, of the last write: tells whether a lost commit is there
	must       VARBINARY(32) NOT NULL DEFAULT '',
	must_until BIGINT,
	changed_at BIGINT,
	PRIMARY KEY (tenant, user_id)
) ENGINE=InnoDB;

-- The dead tokens of an account are passed over when its live ones are counted.
CREATE TABLE IF NOT EXISTS {token} (
	digest     BINARY(32) NOT NULL,
	purpose    VARBINARY(64) NOT NULL,
	tenant     {tenant_type} NOT NULL,
	user_id    {id_type} NOT NULL,
	epoch      BIGINT NOT NULL,
	address    BINARY(32),
	verifier   BINARY(32),
	attempts   INTEGER NOT NULL,
	issued_at  BIGINT NOT NULL,
	expires_at BIGINT NOT NULL,
	spent_at   BIGINT,
	PRIMARY KEY (digest, purpose),
	KEY {token_user} (tenant, user_id, spent_at, purpose, expires_at),
	KEY {token_expiry} (expires_at)
) ENGINE=InnoDB;

CREATE TABLE IF NOT EXISTS {history} (
	tenant  {tenant_type} NOT NULL,
	user_id {id_type} NOT NULL,
	epoch   BIGINT NOT NULL, -- the one that ended the hash
	hash    BLOB NOT NULL,
	PRIMARY KEY (tenant, user_id, epoch)
) ENGINE=InnoDB;

-- At most one job of a key waits and absorbs; it has its key in the column waiting.
CREATE TABLE IF NOT EXISTS {job} (
	seq          BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
	id           VARBINARY(255) NOT NULL,
	job_key      VARBINARY(255) NOT NULL,
	waiting      VARBINARY(255),
	sealed       MEDIUMBLOB NOT NULL,
	not_before   BIGINT NOT NULL,
	not_after    BIGINT NOT NULL,
	attempts     INTEGER NOT NULL,
	leased_until BIGINT,
	UNIQUE KEY {job_id} (id),
	UNIQUE KEY {job_waiting} (waiting),
	KEY {job_key} (job_key),
	KEY {job_due} (not_before)
) ENGINE=InnoDB;

CREATE TABLE IF NOT EXISTS {limit} (
	limit_key  VARBINARY(255) NOT NULL PRIMARY KEY,
	taken      INTEGER NOT NULL,
	level      INTEGER NOT NULL,
	windowed   SMALLINT NOT NULL,
	until_at   BIGINT,
	last_at    BIGINT,
	expires_at BIGINT NOT NULL,
	KEY {limit_expiry} (expires_at)
) ENGINE=InnoDB;
