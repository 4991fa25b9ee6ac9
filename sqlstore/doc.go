// Package sqlstore is a passwd.Store and passwd.Queue over a database/sql database
// and the host's own table of users. It imports no driver.
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
// The table needs no new column. The library writes the column Hash and nothing
// else of it, and only where it still holds what was read: a hash that the host
// writes itself is never lost.
//
// A login finds lower(column) = value, with ASCII letters folded and all else
// exact; the core compares again. Give each login column an index on lower(column),
// after the tenant if there is one: without it every sign-in reads the whole table.
//
// An e-mail address or mobile number in its column counts as confirmed unless the
// mapping names a column that says so. Messages go to confirmed addresses alone,
// so name one if users can enter addresses that nobody has checked.
//
// When the host deletes a user it calls Forget, or Service.Forget, so that a user
// who gets the same id later inherits nothing.
//
// # The library's tables
//
// Migrate creates, with the prefix of the configuration:
//
//	passwd_account   epoch, need for a change and time of change, by tenant and user id
//	passwd_token     digests of what was sent, until Purge
//	passwd_history   replaced hashes, as many as the policy looks at
//	passwd_job       the queue: sealed messages, until they are sent
//	passwd_schema    the migrations that were made
//
// Times in them are microseconds since 1970 in UTC. A dump shows hashes, digests
// and sealed bytes, and no token or address. Several programs may migrate at once.
//
// # Cost
//
// Get, Find, Peek and a Claim that finds nothing due are one statement and take no
// lock. A write is one transaction: BEGIN, one statement that takes the lock,
// COMMIT, and between them 1 statement for Rehash, Done, Retry and Purge, 2 for
// Attempt, 3 for Put, 3 to 5 for Issue, 5 for Forget, 1 and one for each job for
// Claim, and 2 to 11 for Apply (a reset with history and one notice: 9). On SQLite a
// statement costs some microseconds; issuing and redeeming a link together about
// 0.3 ms. Statements are prepared at the first use and stay so as long as db does.
//
// # Concurrency
//
// A Store is safe for concurrent use, and any number of processes may share one
// file. Within a process writers of a store queue up for one slot, and waiting for
// it ends with the context. So use one Store for one database: a second one would
// wait for the first in SQLite, less fairly. What fails because another process is
// writing is tried up to 10 times, with growing, random pauses of up to 375 ms.
//
// Writes lock in one order: users row, epoch, token, history, jobs.
//
// If the answer to a COMMIT is lost, the store reads back on another connection
// whether the write is there. When that fails too, or others have written since,
// the error is passwd.ErrOutcomeUnknown. Attempt, Claim, Done, Retry and Purge are
// not read back: counting an attempt twice is safe, and the others can be repeated.
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
