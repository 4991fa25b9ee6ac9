-- Times are microseconds since 1970 in UTC, digests 32 bytes. Tenants and user ids
-- have the types of the mapped table, so that joins can use indexes.

CREATE TABLE IF NOT EXISTS {account} (
	tenant     {tenant_type} NOT NULL,
	user_id    {id_type} NOT NULL,
	epoch      INTEGER NOT NULL,
	stamp      INTEGER NOT NULL, -- random, of the last write: tells whether a lost commit is there
	must       TEXT NOT NULL DEFAULT '',
	must_until INTEGER,
	changed_at INTEGER,
	PRIMARY KEY (tenant, user_id)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS {token} (
	digest     BLOB NOT NULL,
	purpose    TEXT NOT NULL,
	tenant     {tenant_type} NOT NULL,
	user_id    {id_type} NOT NULL,
	epoch      INTEGER NOT NULL,
	address    BLOB,
	verifier   BLOB,
	attempts   INTEGER NOT NULL,
	issued_at  INTEGER NOT NULL,
	expires_at INTEGER NOT NULL,
	spent_at   INTEGER,
	PRIMARY KEY (digest, purpose)
) WITHOUT ROWID;

-- The dead tokens of an account are passed over when its live ones are counted.
CREATE INDEX IF NOT EXISTS {token_user} ON {token} (tenant, user_id, spent_at, purpose, expires_at);

CREATE INDEX IF NOT EXISTS {token_expiry} ON {token} (expires_at);

CREATE TABLE IF NOT EXISTS {history} (
	tenant  {tenant_type} NOT NULL,
	user_id {id_type} NOT NULL,
	epoch   INTEGER NOT NULL, -- the one that ended the hash
	hash    TEXT NOT NULL,
	PRIMARY KEY (tenant, user_id, epoch)
) WITHOUT ROWID;

-- At most one job of a key waits and absorbs; it has its key in the column waiting.
CREATE TABLE IF NOT EXISTS {job} (
	seq          INTEGER PRIMARY KEY AUTOINCREMENT,
	id           TEXT NOT NULL UNIQUE,
	job_key      TEXT NOT NULL,
	waiting      TEXT UNIQUE,
	sealed       BLOB NOT NULL,
	not_before   INTEGER NOT NULL,
	not_after    INTEGER NOT NULL,
	attempts     INTEGER NOT NULL,
	leased_until INTEGER
);

CREATE INDEX IF NOT EXISTS {job_key} ON {job} (job_key);

CREATE INDEX IF NOT EXISTS {job_due} ON {job} (not_before);

CREATE TABLE IF NOT EXISTS {limit} (
	limit_key  TEXT NOT NULL PRIMARY KEY,
	taken      INTEGER NOT NULL,
	level      INTEGER NOT NULL,
	windowed   INTEGER NOT NULL,
	until_at   INTEGER,
	last_at    INTEGER,
	expires_at INTEGER NOT NULL
) WITHOUT ROWID;

CREATE INDEX IF NOT EXISTS {limit_expiry} ON {limit} (expires_at);
