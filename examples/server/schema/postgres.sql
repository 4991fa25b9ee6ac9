-- The app's own table of users, as it was before the library came. What the
-- library adds is in tables of its own; of this one it writes password_hash.
CREATE TABLE IF NOT EXISTS users (
	id            bigint PRIMARY KEY,
	brand         text NOT NULL DEFAULT '',
	login         text,
	full_name     text NOT NULL DEFAULT '',
	email         text,
	phone         text,
	password_hash text,
	language      text,
	client_id     text,
	is_active     boolean NOT NULL DEFAULT TRUE,
	is_closed     boolean NOT NULL DEFAULT FALSE,
	created_at    timestamp NOT NULL
);

-- People sign in by any of these, in either case of letters.
CREATE UNIQUE INDEX IF NOT EXISTS users_login ON users (brand, lower(login));
CREATE INDEX IF NOT EXISTS users_email ON users (brand, lower(email));
CREATE INDEX IF NOT EXISTS users_phone ON users (brand, lower(phone));

-- What is "sent": a row in place of a mail or an SMS.
CREATE TABLE IF NOT EXISTS demo_messages (
	seq       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	id        text NOT NULL UNIQUE,
	recipient text NOT NULL,
	channel   text NOT NULL,
	kind      text NOT NULL,
	locale    text NOT NULL,
	subject   text NOT NULL,
	text      text NOT NULL,
	html      text NOT NULL,
	link      text NOT NULL,
	token     text NOT NULL,
	user_key  text NOT NULL,
	code      text NOT NULL
);

CREATE TABLE IF NOT EXISTS demo_events (
	seq  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	body text NOT NULL
);
