package sqlstore

import (
	"maps"
	"slices"
	"strings"

	"github.com/passwd-go/passwd"
)

// The parts of statements. In all of them that are about one account, $1 is its
// tenant and $2 its id.
var parts = map[string]string{
	"columns": `u.{id}, {username}, {email}, {mobile}, {hash}, {locale}, {active}, {disabled},
		{email_confirmed}, {mobile_confirmed}, {no_password}, a.epoch, a.stamp, a.must, a.must_until, a.changed_at{personal}`,
	"users": `{table} u LEFT JOIN {account} a ON a.tenant = {own_tenant} AND a.user_id = {own_id}`,
	"ours":  `tenant = $1 AND user_id = $2`,
	"span":  `coalesce((SELECT max(seq) FROM {job}) - (SELECT min(seq) FROM {job}) + 1, 0)`,
	// Whether the queue has room for sure, and neither the job itself nor one that should have
	// absorbed it and has lost its place: by its key, as many have none in waiting.
	"room_for": `{span} < {bound} AND NOT EXISTS (SELECT 1 FROM {job} WHERE id = $1)
		AND NOT EXISTS (SELECT 1 FROM {job} WHERE job_key = $2 AND job_key <> '' AND leased_until IS NULL AND coalesce(waiting, '') = '')`,
	"retry": `UPDATE {job} AS j SET leased_until = NULL, not_before = $2, waiting = CASE WHEN j.job_key <> ''
		AND NOT EXISTS (SELECT 1 FROM {job} o WHERE o.waiting = j.job_key AND o.id <> j.id) THEN j.job_key END WHERE j.id = $1`,
	"record": `t.tenant, t.user_id, t.epoch, t.address, t.verifier, t.requester, t.attempts, t.issued_at, t.expires_at, t.spent_at`,
}

// tallies reads the keys of one call.
const tallies = `SELECT limit_key, taken, level, windowed, until_at, last_at FROM {limit}
	WHERE limit_key IN ($1, $2, $3, $4, $5, $6, $7, $8)`

// queries are all statements, rendered.
type queries struct {
	all []*query // those to keep prepared

	lock                                         query
	applyWhole, issueWhole, issueAlone           query // without a text where there is no such statement
	get                                          query
	find                                         map[passwd.LoginKind]*query
	state, lockUser, own                         query
	lockState                                    query // without a text but on MySQL
	setHash, addAccount, setAccount              query
	setAccountIf                                 query
	history, addHistory, oldHistory, trimHistory query
	rehashed, raiseAll, touch                    query
	dropAccount, dropTokens, dropHistory         query
	token, addToken, spend, void, liveTokens     query
	tokenHash                                    bool // token has the hash of the account as well
	attempt, purge                               query
	jobWaits, spanJobs, countJobs                query
	addJob, addJobs                              query
	roomy, putJob                                query
	lease, leaseIf, done, retry                  query
	doneClaim, doneClaimUrgent                   query // as claim, and of one that is done the end
	claim, claimUrgent                           query // without a text where there is no such statement, as roomy
	overdue, nextDue, nextUrgent, due, dueOfRank query
	tries, lockTries, addTries                   query
	setTries                                     query
	swapTries                                    [maxRows]query // of one key, of two, …
	dropTries, trimTries, purgeTries             query
	sessions                                     sessionQueries
}

func newQueries(d *dialect, c Config) *queries {
	r := newRenderer(d, c)
	qs := &queries{find: map[passwd.LoginKind]*query{}}
	set := func(q *query, template string) {
		*q = r.render(template)
		q.index = len(qs.all)
		qs.all = append(qs.all, q)
	}
	if d.lock != "" {
		set(&qs.lock, d.lock)
	}

	set(&qs.get, `SELECT {columns} FROM {users} WHERE {is_user}{where}`)
	for kind, column := range map[passwd.LoginKind]string{
		passwd.Username: c.Users.Username, passwd.Email: c.Users.Email, passwd.Mobile: c.Users.Mobile,
	} {
		if column != "" {
			qs.find[kind] = new(query)
			by := "{" + string(kind) + "}"
			match, sought := fill(d.lookup[c.Users.Lookup], by, ""), fill(d.sought[c.Users.Lookup], by, "")
			set(qs.find[kind], `SELECT {columns} FROM {users} WHERE {in_tenant}`+match+`{where} ORDER BY `+sought+`, u.{id} LIMIT $3`)
		}
	}

	// The row is locked before ours is read: in one statement, the latter would be as
	// of before the wait. Locking a row of ours that is not there yet would lock others.
	set(&qs.state, `SELECT {hash}, a.epoch, a.stamp, a.must, a.must_until, a.changed_at FROM {users} WHERE {is_user}{where}`)
	switch {
	case d.namesRows: // MySQL reads what it locks as it is after the wait
		set(&qs.lockState, `SELECT {hash}, a.epoch, a.stamp, a.must, a.must_until, a.changed_at FROM {users} WHERE {is_user}{where} FOR UPDATE`)
	case d.lock == "":
		set(&qs.lockUser, `SELECT {hash} FROM {table} u WHERE {is_user}{where} FOR UPDATE`)
		set(&qs.own, `SELECT epoch, stamp, must, must_until, changed_at FROM {account} WHERE {ours}`)
	}
	set(&qs.setHash, `{update_strictly} {table} AS u SET {hash_column} = $3 WHERE {is_user}{where} AND `+fill(d.exact, "coalesce({hash}, '')", "$4"))
	set(&qs.addAccount, `INSERT INTO {account} (tenant, user_id, epoch, stamp, must, must_until, changed_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7)`)
	set(&qs.setAccount, `UPDATE {account} SET epoch = $3, stamp = $4, must = $5, must_until = $6, changed_at = $7 WHERE {ours}`)
	set(&qs.setAccountIf, `UPDATE {account} SET epoch = $3, stamp = $4, must = $5, must_until = $6, changed_at = $7
		WHERE {ours} AND epoch = $8 AND must = $9 AND `+unwritten("$a", "$b"))
	if d.returning {
		set(&qs.applyWhole, postgresApply)
		set(&qs.issueWhole, postgresIssue)
		set(&qs.issueAlone, postgresIssueAlone)
	}
	set(&qs.rehashed, `UPDATE {account} SET stamp = CASE WHEN stamp = $4 THEN $3 ELSE stamp + $5 END
		WHERE {ours} AND (stamp = $4 OR `+printedIn("$6", "$7")+`)`)
	if d.touches || d.returning {
		set(&qs.touch, `UPDATE {account} SET stamp = stamp + 1 WHERE {ours} AND stamp > 0`)
	}
	set(&qs.raiseAll, `UPDATE {account} SET epoch = epoch + $1,
		stamp = CASE WHEN stamp BETWEEN $2 AND $3 THEN stamp + $4 ELSE stamp END WHERE epoch <> 0`)
	set(&qs.dropAccount, `DELETE FROM {account} WHERE {ours}`)

	// Of a user who is there: what a deleted one has left is not for who asks by the id.
	set(&qs.history, `SELECT h.hash FROM {table} u JOIN {history} h ON h.tenant = {own_tenant} AND h.user_id = {own_id}
		WHERE {is_user}{where} ORDER BY h.epoch DESC LIMIT $3`)
	set(&qs.addHistory, `INSERT INTO {history} (tenant, user_id, epoch, hash) VALUES ($1, $2, $3, $4)`)
	if d.namesRows {
		set(&qs.oldHistory, `SELECT epoch FROM {history} WHERE {ours} ORDER BY epoch DESC LIMIT 1000 OFFSET $3`)
		set(&qs.trimHistory, `DELETE FROM {history} WHERE {ours} AND epoch = $3`)
	} else {
		set(&qs.trimHistory, `DELETE FROM {history} WHERE {ours} AND epoch IN
			(SELECT h.epoch FROM {history} h WHERE h.tenant = $1 AND h.user_id = $2 ORDER BY h.epoch DESC LIMIT 1000 OFFSET $3)`)
	}
	set(&qs.dropHistory, `DELETE FROM {history} WHERE {ours}`)

	hash, joined := "NULL", ""
	if same, ok := joinsUsers(d, c.Users, "t"); ok {
		hash, joined, qs.tokenHash = "{hash}", ` LEFT JOIN {table} u ON `+same+`{where}`, true
	}
	// One row in any case, so that a token that is not there takes about as long as one that
	// is: who holds what was answered to the request for a code must not learn whether anybody
	// got one (I6).
	set(&qs.token, `SELECT {record}, a.epoch, a.stamp, `+hash+` FROM (SELECT 1 AS one) one LEFT JOIN {token} t ON t.purpose = $1 AND t.digest = $2
		LEFT JOIN {account} a ON a.tenant = t.tenant AND a.user_id = t.user_id`+joined)
	set(&qs.addToken, `INSERT INTO {token} (tenant, user_id, purpose, digest, epoch, address, verifier, requester, attempts, issued_at, expires_at, spent_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $a, $b, $c) {absorb_token}`)
	set(&qs.spend, `UPDATE {token} SET spent_at = $3 WHERE purpose = $4 AND digest = $5 AND {ours}
		AND spent_at IS NULL AND expires_at > $3 AND (epoch = 0 OR epoch = $6)`)
	set(&qs.void, `UPDATE {token} SET spent_at = $3 WHERE {ours} AND epoch = 0 AND spent_at IS NULL`)
	set(&qs.liveTokens, `SELECT digest, requester, issued_at FROM {token} WHERE {ours} AND purpose = $3
		AND spent_at IS NULL AND expires_at > $4 AND (epoch = 0 OR epoch = $5) ORDER BY issued_at`)
	set(&qs.attempt, `UPDATE {token} SET attempts = attempts + 1 WHERE purpose = $1 AND digest = $2
		AND spent_at IS NULL AND expires_at > $3 AND attempts < $4`)
	set(&qs.purge, `{purge}`)
	set(&qs.dropTokens, `DELETE FROM {token} WHERE {ours}`)

	set(&qs.jobWaits, `SELECT count(*) FROM {job} WHERE id = $1 OR (job_key = $2 AND job_key <> '' AND leased_until IS NULL)`)
	set(&qs.spanJobs, `SELECT {span}`)
	set(&qs.countJobs, `SELECT count(*) FROM {job}`)
	set(&qs.addJob, `INSERT INTO {job} (id, job_key, waiting, sealed, not_before, not_after, attempts, urgent)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8) `+fill(d.absorb, "id", ""))
	var rows []string
	for i := range maxWholeJobs {
		var columns []string
		for column := range 8 {
			columns = append(columns, parameter(8*i+column))
		}
		rows = append(rows, "("+strings.Join(columns, ", ")+")")
	}
	set(&qs.addJobs, `INSERT INTO {job} (id, job_key, waiting, sealed, not_before, not_after, attempts, urgent)
		VALUES `+strings.Join(rows, ", ")+` `+fill(d.absorb, "id", ""))
	if d.parts["roomy"] != "" {
		set(&qs.roomy, `{roomy}`)
	}
	set(&qs.putJob, `INSERT INTO {job} (id, job_key, waiting, sealed, not_before, not_after, attempts, urgent) {put_job}`)
	// The end of a lease is in not_before as well. In leased_until alone it was put by
	// earlier releases, which may run beside this one.
	const due = `not_before <= $1 AND (leased_until IS NULL OR leased_until <= $1)`
	theJob := func(place string) string {
		return `SELECT id, job_key, sealed, not_before, not_after, attempts, urgent, seq, ` + place + ` AS place FROM {job} WHERE `
	}
	const first = ` ORDER BY not_before, seq LIMIT `
	set(&qs.overdue, `SELECT 1 FROM {job} WHERE `+due+` ORDER BY not_before LIMIT 1`)
	set(&qs.nextDue, theJob("0")+due+first+`1`)
	set(&qs.nextUrgent, `SELECT * FROM (`+theJob("0")+`urgent = 2 AND `+due+first+`1) AS new UNION ALL
		SELECT * FROM (`+theJob("1")+`urgent = 1 AND `+due+first+`1) AS again ORDER BY place`)
	set(&qs.due, theJob("0")+due+first+`$2 {skip_locked}`)
	set(&qs.dueOfRank, theJob("0")+`urgent = $3 AND `+due+first+`$2 {skip_locked}`)
	if d.returning {
		const leased = ` UPDATE {job} AS j SET leased_until = $3, not_before = $3, waiting = NULL, attempts = j.attempts + 1,
			urgent = CASE WHEN j.urgent = 2 THEN 1 ELSE j.urgent END WHERE j.id = ANY(ARRAY(SELECT d.id FROM due d))
			RETURNING j.id, j.job_key, j.sealed, (SELECT d.not_before FROM due d WHERE d.id = j.id), j.not_after, j.attempts, j.urgent,
				j.seq, (SELECT d.place FROM due d WHERE d.id = j.id)`
		for _, q := range []struct {
			claim, urgent *query
			with, other   string
		}{
			{&qs.claim, &qs.claimUrgent, `WITH `, ``},
			{&qs.doneClaim, &qs.doneClaimUrgent, `WITH gone AS (DELETE FROM {job} WHERE id = $4), `, `id <> $4 AND `},
		} {
			set(q.claim, q.with+`due AS (`+theJob("0")+q.other+due+first+`$2 {skip_locked})`+leased)
			set(q.urgent, q.with+`new AS (`+theJob("0")+q.other+`urgent = 2 AND `+due+first+`$2 {skip_locked}),
				again AS (`+theJob("1")+q.other+`urgent = 1 AND `+due+first+`CAST($2 AS bigint) - (SELECT count(*) FROM new) {skip_locked}),
				due AS (SELECT * FROM new UNION ALL SELECT * FROM again)`+leased)
		}
	}
	const lease = `UPDATE {job} SET leased_until = $2, not_before = $2, waiting = NULL, attempts = attempts + 1,
		urgent = CASE WHEN urgent = 2 THEN 1 ELSE urgent END WHERE id = $1`
	set(&qs.lease, lease)
	set(&qs.leaseIf, lease+` AND attempts = $3 AND not_before = $4 AND (leased_until IS NULL OR leased_until <= $5)`)
	set(&qs.done, `DELETE FROM {job} WHERE id = $1`)
	set(&qs.retry, `{retry}`)

	// A call has few keys; the last one is repeated to fill the list.
	set(&qs.tries, tallies)
	set(&qs.lockTries, tallies)
	if d.lock == "" {
		set(&qs.lockTries, tallies+` ORDER BY limit_key FOR UPDATE`)
	}
	var empty []string
	for i := range maxSteps {
		empty = append(empty, `(`+parameter(i)+`, 0, 0, 0, 0)`)
	}
	set(&qs.addTries, `INSERT INTO {limit} (limit_key, taken, level, windowed, expires_at) VALUES `+strings.Join(empty, ", ")+` `+fill(d.absorb, "limit_key", ""))
	set(&qs.setTries, `INSERT INTO {limit} (limit_key, taken, level, windowed, until_at, last_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7) {upsert_limit}`)
	set(&qs.dropTries, `{drop_limit} WHERE limit_key IN ($1, $2, $3, $4, $5, $6, $7, $8)`)
	for i := range maxRows {
		set(&qs.swapTries[i], d.swap(i+1))
	}
	set(&qs.trimTries, `{trim_limit}`)
	set(&qs.purgeTries, `{purge_limit}`)

	rare := func(q *query, template string) { *q = r.render(template) } // of the host's transaction alone
	qs.sessions.render(d, c.Users, set, rare)
	return qs
}

func newRenderer(d *dialect, c Config) *renderer {
	u := c.Users
	r := &renderer{numbered: d.numbered, names: ourNames(d, c), parts: map[string]string{}}
	maps.Copy(r.parts, parts)
	maps.Copy(r.parts, d.parts)
	r.names["table"] = d.quoted(u.Table)
	if u.Schema != "" {
		r.names["table"] = d.quoted(u.Schema) + "." + r.names["table"]
	}
	r.names["id"] = d.quoted(u.ID)
	r.names["hash_column"] = d.quoted(u.Hash)
	for name, column := range map[string]string{
		"username": u.Username, "email": u.Email, "mobile": u.Mobile, "hash": u.Hash, "locale": u.Locale,
		"active": u.Active, "disabled": u.Disabled, "no_password": u.NoPassword,
		"email_confirmed": u.EmailConfirmed, "mobile_confirmed": u.MobileConfirmed,
	} {
		r.names[name] = "NULL"
		if column != "" {
			r.names[name] = "u." + d.quoted(column)
		}
	}
	r.names["personal"] = ""
	for _, column := range slices.Concat(u.Personal, u.Columns) {
		r.names["personal"] += ", u." + d.quoted(column)
	}

	r.names["where"] = ""
	for _, condition := range u.Where {
		r.names["where"] += " AND u." + d.quoted(condition.Column) + condition.test()
	}

	r.parts["is_user"] = d.equal(u.IDType, "u.{id}", "$2")
	r.parts["own_id"] = fill(d.own[u.IDType], "u.{id}", "")
	cast := func(value string, t IDType) string {
		name, _, _ := strings.Cut(d.types[t], " ") // without a collation
		return "CAST(" + value + " AS " + name + ")"
	}
	r.parts["tenant_value"], r.parts["id_value"] = cast("$1", u.TenantType), cast("$2", u.IDType)
	r.parts["in_tenant"] = ""
	r.parts["own_tenant"] = "''"
	if u.Tenant != "" {
		r.names["tenant"] = "u." + d.quoted(u.Tenant)
		r.parts["own_tenant"] = fill(d.own[u.TenantType], "{tenant}", "")
		r.parts["in_tenant"] = d.equal(u.TenantType, "{tenant}", "$1") + " AND "
		r.parts["is_user"] = r.parts["in_tenant"] + r.parts["is_user"]
	}
	return r
}

// ourNames are the names in the schema: tables, indexes and types.
func ourNames(d *dialect, c Config) map[string]string {
	names := map[string]string{
		"id_type":     d.types[c.Users.IDType],
		"tenant_type": d.types[c.Users.TenantType],
	}
	for _, name := range []string{
		"account", "token", "token_user", "token_expiry", "history", "job", "job_id", "job_waiting", "job_key", "job_due", "job_urgent", "limit", "limit_expiry", "schema",
		"session", "session_access", "session_refresh", "session_device", "session_expiry", "session_spent", "session_spent_digest", "session_end",
	} {
		names[name] = d.quoted(c.Prefix + name)
	}
	return names
}
