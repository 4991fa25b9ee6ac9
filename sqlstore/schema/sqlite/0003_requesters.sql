-- Who asked for a token: each requester has a quota of their own. NULL is nobody who
-- is told apart, as of all tokens before.

ALTER TABLE {token} ADD COLUMN requester BLOB;
