package sqlstore

// sessionQueries are the statements about sessions.
type sessionQueries struct {
	lockEpoch, standing              query
	byAccess, byRefresh, owner       query
	find, findAccess, list           query
	get, reused, mine, rivals        query
	beside                           query
	add, rotate, touch, restamp      query
	drop, dropDevice, dropAll, purge query
	restampIf, dropEarlier           query // without a text on MySQL
	addSpent, trimSpent, purgeSpent  query
}

const (
	sessionColumns = `s.id, s.tenant, s.user_id, s.epoch, s.client, s.device, s.device_name, s.addr, s.user_agent,
		s.access_digest, s.refresh_digest, s.created_at, s.issued_at, s.access_until, s.used_at, s.expires_at`

	liveColumns = sessionColumns + `, {active}, {disabled}, a.must, a.stamp, {hash}`

	// The host's table is searched by values, and ours by what is found there: the
	// other way round, a text of ours is under another collation than the host's index.
	liveSessions = `SELECT ` + liveColumns + ` FROM {table} u
		JOIN {account} a ON a.tenant = {own_tenant} AND a.user_id = {own_id}
		JOIN {session} s ON s.tenant = a.tenant AND s.user_id = a.user_id AND s.epoch = a.epoch
		WHERE {is_user}{where} AND s.expires_at > $3`
)

func (qs *sessionQueries) render(d *dialect, u Users, set, rare func(*query, string)) {
	lock := " FOR UPDATE"
	if d.lock != "" {
		lock = ""
	}
	set(&qs.lockEpoch, `SELECT epoch, stamp FROM {account} WHERE {ours}`+lock)
	set(&qs.standing, `SELECT {active}, {disabled}, {hash} FROM {table} u WHERE {is_user}{where}`)

	set(&qs.byAccess, `SELECT id, tenant, user_id FROM {session} WHERE access_digest = $1`)
	set(&qs.byRefresh, `SELECT id, tenant, user_id FROM {session} WHERE refresh_digest = $1
		UNION ALL SELECT s.id, s.tenant, s.user_id FROM {session_spent} d JOIN {session} s ON s.id = d.session_id WHERE d.digest = $1`)
	set(&qs.owner, `SELECT id, tenant, user_id FROM {session} WHERE id = $1`)
	set(&qs.find, liveSessions+` AND s.id = $4`)
	if same, ok := joinsUsers(d, u, "s"); ok {
		set(&qs.findAccess, `SELECT `+liveColumns+` FROM {session} s
			JOIN {account} a ON a.tenant = s.tenant AND a.user_id = s.user_id AND a.epoch = s.epoch
			JOIN {table} u ON `+same+`{where} WHERE s.access_digest = $1 AND s.expires_at > $2`)
	}
	set(&qs.list, liveSessions+` ORDER BY s.used_at DESC, s.id`)

	set(&qs.get, `SELECT `+sessionColumns+`, s.rotations FROM {session} s WHERE s.id = $1`)
	set(&qs.reused, `SELECT `+sessionColumns+`, s.rotations FROM {session_spent} d JOIN {session} s ON s.id = d.session_id
		WHERE d.digest = $2 AND s.id = $1 AND s.epoch = $3 AND s.expires_at > $4`)
	set(&qs.mine, `SELECT id, client, epoch FROM {session} WHERE {ours}`)
	set(&qs.beside, `SELECT {active}, {disabled}, a.epoch, a.stamp, {hash}, s.id, s.epoch, s.device, s.expires_at FROM {users}
		LEFT JOIN {session} s ON s.tenant = a.tenant AND s.user_id = a.user_id AND s.client = $3
		WHERE {is_user}{where} ORDER BY s.issued_at, s.id`)
	rare(&qs.rivals, `SELECT id FROM {session} WHERE {ours} AND client = $3 AND epoch = $4 AND expires_at > $5 ORDER BY issued_at, id`)

	set(&qs.add, `INSERT INTO {session} (id, tenant, user_id, epoch, client, device, device_name, addr, user_agent,
		access_digest, refresh_digest, created_at, issued_at, access_until, used_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $a, $b, $c, $d, $e, $f, $g)`)
	set(&qs.rotate, `UPDATE {session} SET access_digest = $3, refresh_digest = $4, issued_at = $5, used_at = $5, access_until = $6,
		expires_at = $7, addr = $8, user_agent = $9, rotations = rotations + 1
		WHERE id = $1 AND refresh_digest = $2 AND epoch = $a AND expires_at > $5`)
	set(&qs.touch, `UPDATE {session} SET used_at = $2, expires_at = $3 WHERE id = $1 AND used_at < $2`)
	set(&qs.restamp, `UPDATE {session} SET epoch = $2 WHERE id = $1`)
	if !d.namesRows {
		set(&qs.restampIf, `UPDATE {session} SET epoch = $5 WHERE id = $3 AND {ours} AND epoch = $4`)
		set(&qs.dropEarlier, `DELETE FROM {session} WHERE {ours} AND NOT (id = $3 AND epoch = $4)`)
	}

	set(&qs.drop, `DELETE FROM {session} WHERE id = $1`)
	rare(&qs.dropDevice, `DELETE FROM {session} WHERE {ours} AND client = $3 AND device = $4`)
	set(&qs.dropAll, `DELETE FROM {session} WHERE {ours}`)
	set(&qs.purgeSpent, `{purge_spent}`)
	set(&qs.purge, `{purge_session}`)

	set(&qs.addSpent, `INSERT INTO {session_spent} (session_id, n, digest) VALUES ($1, $2, $3)`)
	set(&qs.trimSpent, `DELETE FROM {session_spent} WHERE session_id = $1 AND n <= $2`)
}

// joinsUsers is the condition that a user is the one of a row of ours, by its alias, if
// an index of the host's serves it.
func joinsUsers(d *dialect, u Users, ours string) (same string, ok bool) {
	same = d.equal(u.IDType, "u.{id}", ours+".user_id")
	if u.Tenant == "" {
		return same, d.joins[u.IDType]
	}
	return d.equal(u.TenantType, "{tenant}", ours+".tenant") + " AND " + same, d.joins[u.IDType] && d.joins[u.TenantType]
}
