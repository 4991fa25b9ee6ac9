package sqlstore

import (
	"strings"

	"github.com/passwd-go/passwd"
)

// The parts of statements. In all of them that are about one account, $1 is its
// tenant and $2 its id.
var parts = map[string]string{
	"columns": `u.{id}, {username}, {email}, {mobile}, {hash}, {locale}, {active}, {disabled},
		{email_confirmed}, {mobile_confirmed}, a.epoch, a.must, a.must_until, a.changed_at{personal}`,
	"users":  `{table} u LEFT JOIN {account} a ON a.tenant = {tenant} AND a.user_id = u.{id}`,
	"ours":   `tenant = $1 AND user_id = $2`,
	"record": `t.tenant, t.user_id, t.epoch, t.address, t.verifier, t.attempts, t.issued_at, t.expires_at, t.spent_at`,
}

// queries are all statements, rendered.
type queries struct {
	all []*query // those to keep prepared

	lock                                            query
	get                                             query
	find                                            map[passwd.LoginKind]*query
	state, setHash, addAccount, setAccount          query
	history, addHistory, trimHistory                query
	dropAccount, dropTokens, dropHistory            query
	token, addToken, spend, void, countLive         query
	attempt, purge                                  query
	jobWaits, countJobs, addJob, jobDue, due, lease query
	done, retry                                     query
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

	set(&qs.get, `SELECT {columns} FROM {users} WHERE {is_user}`)
	for kind, column := range map[passwd.LoginKind]string{
		passwd.Username: c.Users.Username, passwd.Email: c.Users.Email, passwd.Mobile: c.Users.Mobile,
	} {
		if column != "" {
			qs.find[kind] = new(query)
			set(qs.find[kind], `SELECT {columns} FROM {users} WHERE {in_tenant}lower({`+string(kind)+`}) = $2 ORDER BY u.{id} LIMIT $3`)
		}
	}

	set(&qs.state, `SELECT {hash}, a.epoch, a.stamp, a.changed_at FROM {users} WHERE {is_user}`+d.forUpdate)
	set(&qs.setHash, `UPDATE {table} AS u SET {hash_column} = $3 WHERE {is_user} AND coalesce({hash}, '') = $4`)
	set(&qs.addAccount, `INSERT INTO {account} (tenant, user_id, epoch, stamp, must, must_until, changed_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7)`)
	set(&qs.setAccount, `UPDATE {account} SET epoch = $3, stamp = $4, must = $5, must_until = $6, changed_at = $7 WHERE {ours}`)
	set(&qs.dropAccount, `DELETE FROM {account} WHERE {ours}`)

	set(&qs.history, `SELECT hash FROM {history} WHERE {ours} ORDER BY epoch DESC LIMIT $3`)
	set(&qs.addHistory, `INSERT INTO {history} (tenant, user_id, epoch, hash) VALUES ($1, $2, $3, $4)`)
	set(&qs.trimHistory, `DELETE FROM {history} WHERE {ours} AND epoch <=
		(SELECT epoch FROM {history} WHERE {ours} ORDER BY epoch DESC LIMIT 1 OFFSET $3)`)
	set(&qs.dropHistory, `DELETE FROM {history} WHERE {ours}`)

	set(&qs.token, `SELECT {record}, a.epoch FROM {token} t
		LEFT JOIN {account} a ON a.tenant = t.tenant AND a.user_id = t.user_id WHERE t.purpose = $1 AND t.digest = $2`)
	set(&qs.addToken, `INSERT INTO {token} (tenant, user_id, purpose, digest, epoch, address, verifier, attempts, issued_at, expires_at, spent_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $a, $b)`)
	set(&qs.spend, `UPDATE {token} SET spent_at = $3 WHERE purpose = $4 AND digest = $5 AND {ours}
		AND spent_at IS NULL AND expires_at > $3 AND (epoch = 0 OR epoch = $6)`)
	set(&qs.void, `UPDATE {token} SET spent_at = $3 WHERE {ours} AND epoch = 0 AND spent_at IS NULL`)
	set(&qs.countLive, `SELECT count(*) FROM {token} WHERE {ours} AND purpose = $3
		AND spent_at IS NULL AND expires_at > $4 AND (epoch = 0 OR epoch = $5)`)
	set(&qs.attempt, `UPDATE {token} SET attempts = attempts + 1 WHERE purpose = $1 AND digest = $2
		AND spent_at IS NULL AND expires_at > $3 AND attempts < $4 AND (epoch = 0 OR epoch =
		(SELECT a.epoch FROM {account} a WHERE a.tenant = {token}.tenant AND a.user_id = {token}.user_id))`)
	set(&qs.purge, `DELETE FROM {token} WHERE (digest, purpose) IN
		(SELECT digest, purpose FROM {token} WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)`)
	set(&qs.dropTokens, `DELETE FROM {token} WHERE {ours}`)

	set(&qs.jobWaits, `SELECT count(*) FROM {job} WHERE id = $1 OR (job_key = $2 AND job_key <> '' AND leased_until IS NULL)`)
	set(&qs.countJobs, `SELECT count(*) FROM {job}`)
	set(&qs.addJob, `INSERT INTO {job} (id, job_key, sealed, not_before, not_after, attempts) VALUES ($1, $2, $3, $4, $5, $6)`)
	const due = ` FROM {job} WHERE not_before <= $1 AND (leased_until IS NULL OR leased_until <= $1)`
	set(&qs.jobDue, `SELECT 1`+due+` LIMIT 1`)
	set(&qs.due, `SELECT id, job_key, sealed, not_before, not_after, attempts`+due+` ORDER BY seq LIMIT $2`)
	set(&qs.lease, `UPDATE {job} SET leased_until = $2, attempts = attempts + 1 WHERE id = $1`)
	set(&qs.done, `DELETE FROM {job} WHERE id = $1`)
	set(&qs.retry, `UPDATE {job} SET leased_until = NULL, not_before = $2 WHERE id = $1`)
	return qs
}

func newRenderer(d *dialect, c Config) *renderer {
	u := c.Users
	r := &renderer{numbered: d.numbered, names: ourNames(d, c), parts: map[string]string{}}
	for name, part := range parts {
		r.parts[name] = part
	}
	r.names["table"] = d.quoted(u.Table)
	r.names["id"] = d.quoted(u.ID)
	r.names["hash_column"] = d.quoted(u.Hash)
	for name, column := range map[string]string{
		"username": u.Username, "email": u.Email, "mobile": u.Mobile, "hash": u.Hash, "locale": u.Locale,
		"active": u.Active, "disabled": u.Disabled,
		"email_confirmed": u.EmailConfirmed, "mobile_confirmed": u.MobileConfirmed,
	} {
		r.names[name] = "NULL"
		if column != "" {
			r.names[name] = "u." + d.quoted(column)
		}
	}
	for _, column := range u.Personal {
		r.names["personal"] += ", u." + d.quoted(column)
	}
	if u.Personal == nil {
		r.names["personal"] = ""
	}

	r.parts["is_user"] = d.equal(u.IDType, "u.{id}", "$2")
	r.parts["in_tenant"] = ""
	r.names["tenant"] = "''"
	if u.Tenant != "" {
		r.names["tenant"] = "u." + d.quoted(u.Tenant)
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
	for _, name := range []string{"account", "token", "token_user", "token_expiry", "history", "job", "job_waiting", "schema"} {
		names[name] = d.quoted(c.Prefix + name)
	}
	return names
}

// equal is the condition that a column of the type has the value.
func (d *dialect) equal(t IDType, column, value string) string {
	if t == Text || t == UUID {
		return strings.NewReplacer("{left}", column, "{right}", value).Replace(d.same)
	}
	return column + " = " + value
}
