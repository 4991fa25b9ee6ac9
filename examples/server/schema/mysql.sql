-- The app's own table of users, as it was before the library came. What the
-- library adds is in tables of its own; of this one it writes password_hash.
-- People sign in by login, email or phone: the collation ignores the case of
-- letters, and so do the indexes.
CREATE TABLE IF NOT EXISTS users (
	id            BIGINT PRIMARY KEY,
	brand         VARCHAR(64) NOT NULL DEFAULT '',
	login         VARCHAR(255),
	full_name     VARCHAR(255) NOT NULL DEFAULT '',
	email         VARCHAR(255),
	phone         VARCHAR(32),
	password_hash VARCHAR(255),
	language      VARCHAR(35),
	client_id     VARCHAR(255),
	is_active     BOOLEAN NOT NULL DEFAULT TRUE,
	is_closed     BOOLEAN NOT NULL DEFAULT FALSE,
	created_at    DATETIME NOT NULL,
	UNIQUE INDEX users_login (brand, login),
	INDEX users_email (brand, email),
	INDEX users_phone (brand, phone)
) ENGINE=InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;

-- What is "sent": a row in place of a mail or an SMS.
CREATE TABLE IF NOT EXISTS demo_messages (
	seq       BIGINT AUTO_INCREMENT PRIMARY KEY,
	id        VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL UNIQUE,
	recipient VARCHAR(255) NOT NULL,
	channel   VARCHAR(16) NOT NULL,
	kind      VARCHAR(64) NOT NULL,
	locale    VARCHAR(35) NOT NULL,
	subject   TEXT NOT NULL,
	text      TEXT NOT NULL,
	html      MEDIUMTEXT NOT NULL,
	link      TEXT NOT NULL,
	token     VARCHAR(255) NOT NULL,
	user_key  VARCHAR(255) NOT NULL,
	code      VARCHAR(16) NOT NULL
) ENGINE=InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS demo_events (
	seq  BIGINT AUTO_INCREMENT PRIMARY KEY,
	body TEXT NOT NULL
) ENGINE=InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
