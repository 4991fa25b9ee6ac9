// Package sqlstore is a passwd.Store, passwd.Queue, passwd.Limiter and session.Store over
// a database/sql database (SQLite, PostgreSQL, MySQL, MariaDB) and the host's own table
// of users. It imports no driver.
//
// # Mapping a table
//
// The host says which column is what. This is a table that it may have, with the
// mapping that fits:
//
//	CREATE TABLE users (
//		id            INTEGER PRIMARY KEY,
//		email         TEXT NOT NULL,
//		full_name     TEXT,
//		password_hash TEXT
//	);
//	CREATE INDEX users_email ON users (lower(email));
//
//	store, err := sqlstore.New(db, sqlstore.Config{
//		Dialect: sqlstore.SQLite,
//		Users: sqlstore.Users{
//			Table: "users", ID: "id", IDType: sqlstore.BigInt,
//			Email: "email", Hash: "password_hash",
//			Personal: []string{"full_name"},
//		},
//	})
//	…
//	err = store.Migrate(ctx) // our own tables; may run at every start
//	err = store.Verify(ctx)  // names what does not fit
//
// Migrate looks at the host's table first, too, and makes nothing for one that does not fit.
//
// The table needs no new column. The library writes the column Hash and nothing
// else of it, and only where it still holds what was read: a hash that the host
// writes itself is never lost.
//
// A login is compared as passwd.Fold says: ASCII letters in either case, all else
// exact, on every database and under every collation. Columns are expected to hold
// texts in normalisation form C, without white space around them. Give each login
// column the index that its Lookup needs, after the tenant if there is one: without
// it every sign-in reads the whole table. These are the usual ones:
//
//	SQLite, PostgreSQL   CREATE INDEX … ON users (lower(email))
//	MySQL, MariaDB       CREATE INDEX … ON users (email)   -- the collation ignores case
//	citext               CREATE INDEX … ON users (email)   -- with LookupColumn
//
// A login is looked up without outer spaces and in Unicode normalisation form C, and an
// index knows what is written and nothing else: so hosts write identifiers trimmed and
// in that form (passwd.Fold does both). One that was written otherwise, with an
// accent as a character of its own, is not found.
//
// Users who are deleted softly are left out by a condition, so that nobody signs in
// as one of them and their address may be used again:
//
//	Where: []sqlstore.Condition{{Column: "deleted_at"}, {Column: "state", Values: []string{"active", "trial"}}}
//
// A host whose hash column is narrower than 255 characters, as CHAR(60) for bcrypt is,
// has to widen it first: Verify says so.
//
// An e-mail address or mobile number in its column counts as confirmed unless the
// mapping names a column that says so. Messages go to confirmed addresses alone,
// so name one if users can enter addresses that nobody has checked.
//
// When the host deletes a user it calls Forget, or Service.Forget, in the same
// transaction or after it, so that a user who gets the same id later inherits
// nothing. A Forget while the row is there keeps why the user has to change the
// password; that is bound to the hash in the row, and void for a row with another.
//
// # The library's tables
//
// Migrate creates, with the prefix of the configuration:
//
//	passwd_account   epoch, need for a change and time of change, by tenant and user id
//	passwd_token     digests of what was sent, until Purge
//	passwd_history   replaced hashes, as many as the policy looks at
//	passwd_job       the queue: sealed messages, until they are sent
//	passwd_limit     how often something was tried, under keys that tell nothing
//	passwd_session   sessions, until they end; digests of their tokens
//	passwd_session_spent
//	                 digests of spent refresh tokens; they go with their session
//	passwd_schema    the migrations that were made
//
// Times in them are microseconds since 1970 in UTC. A dump shows hashes, digests,
// sealed bytes and, of sessions, network addresses and user agents; no token, and no
// address of a message. Several programs may migrate at once. A
// host with goose or golang-migrate takes the files of [Migrations] instead.
//
// # The limiter
//
// A Store is a passwd.Limiter, so a passwd.Config without another counts tries in the
// database: for all replicas together, and across restarts. A call that counts or clears
// is one statement for up to four keys, which writes them if they are as this process
// last saw them; else a read and that statement; and where processes are at the same
// keys at once, a transaction. What a process has seen decides nothing.
// A try that is refused, as most are under attack, writes nothing. A host that wants
// no writes at sign-in sets Config.Limiter to passwd.NewMemoryLimiter, and has every
// replica count for itself.
//
// # Cost
//
// Get, Find, Peek, History, ListSessions and a Claim that finds nothing due are one
// statement and take no lock; FindSession is one or two, and says when. Single
// statements, without a transaction, are Done, Retry, TouchSession, what the limiter
// counts or clears, and Put and Claim; before a Put on MySQL, and a Claim on it and on
// SQLite, there is a read. Another write is one transaction: BEGIN, COMMIT, and between them
//
//	            PostgreSQL                      SQLite, MySQL
//	Rehash      2                               2
//	Attempt     2                               2
//	Purge       up to 4                         up to 4
//	Issue       1; 2 with a quota               3 to 5
//	Apply       1 for a hash, else 3 to 10      5 to 11
//	Forget      6                               5
//	CreateSession, RotateSession, EndSessions
//	            3, 7, 2, and one for each session that ends
//
// and on SQLite one more, for its lock, but for a hash. TestRoundTrips counts what the flows
// of a service come to, and docs/operations.md tells it. A single statement
// whose context ends while it waits for a lock may still be made when the lock goes,
// which is as good as a call that came a little later.
// On MySQL a BEGIN is two round trips, as it states READ COMMITTED.
//
// On SQLite and MySQL, statements are prepared at the first use and stay so as long
// as db does: on MySQL that doubles the throughput. On PostgreSQL it would gain nothing,
// as pgx keeps prepared statements itself, and get in the way of PgBouncer. There are
// some 65 of them for each connection; MySQL's max_prepared_stmt_count bounds the sum.
// Config.Plain does without, for that and for poolers and engines that lack more.
//
// # Concurrency
//
// A Store is safe for concurrent use, and any number of processes may share one
// database. Writes lock in one order: users row, epoch, token, sessions, history,
// jobs. Those of sessions alone begin with the epoch. What
// fails because of another transaction (serialisation, deadlock, lock wait, SQLITE_BUSY)
// is tried up to 10 times, with growing, random pauses of up to 375 ms, and so is what a
// server refused because it was made a replica: its connection is dropped. A host that
// locks rows of its own and then calls the store keeps to this order by locking the
// users row first.
//
// On SQLite, writers of a store queue up for one slot, and waiting for it ends with the
// context. So use one Store for one file: a second one would wait for the first in
// SQLite, less fairly.
//
// If the answer to a COMMIT is lost, the store reads back on another connection
// whether the write is there. When that fails too, or others have written since,
// the error is passwd.ErrOutcomeUnknown. Any other loss of the connection undoes the call,
// and its error is one that a service answers as unavailable. Attempt, Claim, Purge and the limiter are not
// read back: counting twice is safe, and the others can be repeated, as can Done,
// Retry, TouchSession and EndSessions.
//
// # Inside the host's transaction
//
//	tx, err := db.BeginTx(ctx, nil)
//	…
//	_, err = service.With(store.Within(tx)).Change(ctx, change)
//	…
//	err = tx.Commit()
//
// [Store.Within] is the same store in a transaction of the host's: the password changes
// if and only if the rest does, mail about it included. On MySQL begin it at READ
// COMMITTED: the locks of a REPEATABLE READ stand in the way of other accounts' writes.
// With a pool of 1 connection, the store itself waits for the host's transaction. The
// limiter stays outside, so a call that counts takes a second connection while the host
// holds the first: [passwd.Service.With] says which calls do, and what to give them. On
// SQLite it is one that cannot write meanwhile: there a limiter of another kind is needed.
//
// A host on pgxpool takes package pgxstore, a module beside this one, with Within(pgx.Tx).
// GORM, sqlx, ent and bun have a *sql.DB and a Tx: docs/databases.md has the line for each.
//
// # PostgreSQL
//
//	import _ "github.com/jackc/pgx/v5/stdlib"
//	db, err := sql.Open("pgx", "postgres://user:password@host:5432/app?sslmode=verify-full")
//
// github.com/lib/pq does as well, by the name "postgres"; it takes two round trips for a
// statement. Behind PgBouncer in transaction mode add default_query_exec_mode=exec, or
// binary_parameters=yes for lib/pq: as they come, both parse a statement on one connection
// and run it on another, which is an error, or what somebody else has parsed there. No
// other setting matters; READ COMMITTED is stated by the store. Tables are found by the
// search_path, and the library's are created in its first schema. Migrate needs the
// right to create tables there while there are any to create, or a host's own tool runs
// [Migrations].
//
// The database's encoding is UTF8, or what device names and user agents hold is refused.
//
// # MySQL and MariaDB
//
//	import _ "github.com/go-sql-driver/mysql"
//	db, err := sql.Open("mysql", "user:password@tcp(host:3306)/app")
//
// No setting matters. A hash that its column has no room for is refused under every sql_mode,
// not cut. parseTime, loc, clientFoundRows and interpolateParams may be as
// the host likes, since times are numbers and no write trusts in the count of a row that
// stays as it is. The host's columns may have any character set: a login with letters
// that it lacks is nobody's. Tables have to be InnoDB. Keep the lifetime of connections under the
// server's wait_timeout, by db.SetConnMaxLifetime. The library's ids and keys are binary
// columns, compared byte by byte.
//
// In a Galera cluster write to one node, or set Config.Plain and, in the DSN,
// wsrep_sync_wait=15 and interpolateParams=true: then nodes may be used by turns. Without
// that, a session that was ended at one lives on for moments at another, and quotas are
// exceeded.
//
// On both, a pool of 2 to 4 connections for each processor of the server is plenty; let
// as many idle as may be open (db.SetMaxIdleConns), or most are opened anew all the time.
//
// # SQLite
//
// No setting of the connection is needed for correctness. For speed, open the file
// with these, written here for modernc.org/sqlite:
//
//	file:app.db?_pragma=journal_mode(WAL)&_pragma=busy_timeout(5000)&_pragma=synchronous(NORMAL)
//
// WAL lets readers go on while somebody writes; without it there are a tenth of the
// writes. busy_timeout makes a process wait for the others. synchronous(NORMAL) may,
// after a power cut and in WAL mode only, lose the last commits: FULL if a password
// change that was answered must never be undone. A pool of 4 connections is plenty;
// ":memory:" needs a pool of exactly 1, as every connection is a database of its own.
// A host that keeps a transaction open on a pool of 1 keeps the store waiting.
package sqlstore
