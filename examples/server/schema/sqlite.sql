-- The app's own table of users, as it was before the library came. What the
-- library adds is in tables of its own; of this one it writes password_hash.
CREATE TABLE IF NOT EXISTS users (
	id            INTEGER PRIMARY KEY,
	brand         TEXT NOT NULL DEFAULT '',
	login         TEXT,
	full_name     TEXT NOT NULL DEFAULT '',
	email         TEXT,
	phone         TEXT,
	password_hash TEXT,
	language      TEXT,
	client_id     TEXT,
	is_active     BOOLEAN NOT NULL DEFAULT TRUE,
	is_closed     BOOLEAN NOT NULL DEFAULT FALSE,
	created_at    TEXT NOT NULL
);

-- People sign in by any of these, in either case of letters.
CREATE UNIQUE INDEX IF NOT EXISTS users_login ON users (brand, lower(login));
CREATE INDEX IF NOT EXISTS users_email ON users (brand, lower(email));
CREATE INDEX IF NOT EXISTS users_phone ON users (brand, lower(phone));

-- What is "sent": a row in place of a mail or an SMS.
CREATE TABLE IF NOT EXISTS demo_messages (
	seq       INTEGER PRIMARY KEY AUTOINCREMENT,
	id        TEXT NOT NULL UNIQUE,
	recipient TEXT NOT NULL,
	channel   TEXT NOT NULL,
	kind      TEXT NOT NULL,
	locale    TEXT NOT NULL,
	subject   TEXT NOT NULL,
	text      TEXT NOT NULL,
	html      TEXT NOT NULL,
	link      TEXT NOT NULL,
	token     TEXT NOT NULL,
	user_key  TEXT NOT NULL,
	code      TEXT NOT NULL
);

CREATE TABLE IF NOT EXISTS demo_events (
	seq  INTEGER PRIMARY KEY AUTOINCREMENT,
	body TEXT NOT NULL
);
