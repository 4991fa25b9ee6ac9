package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/passwd-go/passwd"
)

// postgresApply makes a Write that sets a hash, in one statement: each part goes on from
// the one before it, and so does nothing unless the hash, the epoch and the need for a
// change are those that are expected. What it finds of each tells whether all is done.
//
// It sees the rows of one moment, at which somebody else may be writing to the account,
// and compares them as they are then. A session that is created, or a token that is
// issued, in that very moment stays: it is of the earlier epoch, or was issued after.
var postgresApply = `WITH
	hashed AS (UPDATE {table} AS u SET {hash_column} = $3 WHERE {is_user}{where}
		AND CAST(coalesce({hash}, '') AS text) COLLATE "C" = $4 RETURNING 1 AS one),
	account AS (UPDATE {account} SET epoch = $5, stamp = $6, must = $7, must_until = $8, changed_at = $9 FROM hashed
		WHERE {ours} AND epoch = $a AND must = $b AND ` + unwritten("$O", "$P") + ` RETURNING 1 AS one),
	consumed AS (UPDATE {token} SET spent_at = $9 FROM account WHERE purpose = $c AND digest = $d AND {ours}
		AND spent_at IS NULL AND expires_at > $9 AND ({token}.epoch = 0 OR {token}.epoch = $a) RETURNING 1 AS one),
	voided AS (UPDATE {token} SET spent_at = $9 FROM account WHERE CAST($e AS boolean) AND {ours} AND {token}.epoch = 0 AND spent_at IS NULL
		AND (purpose = $c AND digest = $d) IS NOT TRUE),
	issued AS (INSERT INTO {token} (tenant, user_id, purpose, digest, epoch, address, verifier, requester, attempts, issued_at, expires_at)
		SELECT {tenant_value}, {id_value}, CAST($f AS text), CAST($g AS bytea), CAST($h AS bigint), CAST($i AS bytea), CAST($j AS bytea),
			CAST($k AS bytea), 0, CAST($l AS bigint), CAST($m AS bigint) FROM account WHERE CAST($g AS bytea) IS NOT NULL
		ON CONFLICT DO NOTHING RETURNING 1 AS one),
	kept AS (UPDATE {session} SET epoch = $5 FROM account WHERE id = $n AND {ours} AND {session}.epoch = $a),
	ended AS (DELETE FROM {session} USING account WHERE {ours} AND NOT (id = $n AND {session}.epoch = $a)),
	added AS (INSERT INTO {history} (tenant, user_id, epoch, hash)
		SELECT {tenant_value}, {id_value}, CAST($5 AS bigint), CAST($4 AS text) FROM account WHERE CAST($o AS boolean)),
	trimmed AS (DELETE FROM {history} USING account WHERE {ours} AND {history}.epoch IN
		(SELECT h.epoch FROM {history} h WHERE h.tenant = $1 AND h.user_id = $2 ORDER BY h.epoch DESC OFFSET $p)),
	queued AS (INSERT INTO {job} (id, job_key, waiting, sealed, not_before, not_after, attempts, urgent)
		SELECT j.* FROM account, (VALUES ` + postgresJobs(25) + `) j (id, job_key, waiting, sealed, not_before, not_after, attempts, urgent)
		WHERE j.id IS NOT NULL ON CONFLICT DO NOTHING)
	SELECT (SELECT count(*) FROM account), (SELECT count(*) FROM consumed), (SELECT count(*) FROM issued)`

// postgresIssue makes an Issue of a token that has an epoch, in one statement, as
// postgresApply makes a Write. With a quota the users row is locked before, so that it
// sees what others have issued.
const postgresIssue = `WITH
	present AS (SELECT {hash} AS hash FROM {table} u WHERE {is_user}{where} FOR UPDATE),
	account AS (UPDATE {account} SET stamp = stamp + CASE WHEN CAST($d AS bigint) > 0 THEN 1 ELSE 0 END FROM present
		WHERE {ours} AND epoch = $5 AND stamp > 0 RETURNING stamp, hash),
	consumed AS (UPDATE {token} SET spent_at = $9 FROM account WHERE purpose = $b AND digest = $c AND {ours}
		AND spent_at IS NULL AND expires_at > $9 AND ({token}.epoch = 0 OR {token}.epoch = $5) RETURNING 1 AS one),
	live AS (SELECT t.digest, t.issued_at, row_number() OVER (ORDER BY t.issued_at) + CAST($d AS bigint) - 1 - count(*) OVER () AS place
		FROM {token} t WHERE CAST($d AS bigint) > 0 AND t.tenant = $1 AND t.user_id = $2 AND t.purpose = $3 AND t.spent_at IS NULL AND t.expires_at > $9
		AND (t.epoch = 0 OR t.epoch = $5) AND t.requester IS NOT DISTINCT FROM $8 AND (t.purpose = $b AND t.digest = $c) IS NOT TRUE),
	superseded AS (UPDATE {token} SET spent_at = $9 FROM account WHERE purpose = $3 AND digest = ANY(ARRAY(SELECT l.digest FROM live l WHERE l.place <= 0))),
	issued AS (INSERT INTO {token} (tenant, user_id, purpose, digest, epoch, address, verifier, requester, attempts, issued_at, expires_at)
		SELECT {tenant_value}, {id_value}, CAST($3 AS text), CAST($4 AS bytea), CAST($5 AS bigint), CAST($6 AS bytea), CAST($7 AS bytea),
			CAST($8 AS bytea), 0, CAST($9 AS bigint), CAST($a AS bigint) FROM account ON CONFLICT DO NOTHING RETURNING 1 AS one)
	SELECT (SELECT count(*) FROM consumed), (SELECT count(*) FROM issued), (SELECT count(*) FROM live l WHERE l.place <= 0 AND l.issued_at > $9),
		(SELECT stamp FROM account), (SELECT hash FROM account)`

// postgresIssueAlone is postgresIssue of a token that consumes no other, all or nothing,
// without a transaction. The stamp is what the account's row had when the statement
// began, and has one more after each token that counts in a quota: so whatever the
// statement waited for, nobody has issued since it saw the tokens.
var postgresIssueAlone = `WITH
	seen AS (SELECT stamp FROM {account} WHERE {ours}),
	present AS (SELECT CAST(coalesce({hash}, '') AS text) AS hash FROM {table} u WHERE {is_user}{where} FOR UPDATE),
	live AS (SELECT t.digest, t.issued_at, row_number() OVER (ORDER BY t.issued_at) + CAST($b AS bigint) - 1 - count(*) OVER () AS place
		FROM {token} t WHERE CAST($b AS bigint) > 0 AND t.tenant = $1 AND t.user_id = $2 AND t.purpose = $3 AND t.spent_at IS NULL AND t.expires_at > $9
		AND (t.epoch = 0 OR t.epoch = $5) AND t.requester IS NOT DISTINCT FROM $8),
	account AS (UPDATE {account} a SET stamp = a.stamp + CASE WHEN CAST($b AS bigint) > 0 THEN 1 ELSE 0 END FROM present, seen
		WHERE a.tenant = $1 AND a.user_id = $2 AND a.epoch = $5 AND a.stamp > 0 AND a.stamp = seen.stamp
		AND (a.stamp < ` + strconv.Itoa(stampPrints) + ` OR (a.stamp >> ` + strconv.Itoa(printAt) + `) & ` + strconv.Itoa(1<<printBits-1) + ` =
			CAST(CAST('x' || substr(encode(sha256(convert_to('print of ' || present.hash, 'UTF8')), 'hex'), 1, 7) AS bit(28)) AS bigint))
		AND NOT EXISTS (SELECT 1 FROM {token} WHERE purpose = $3 AND digest = $4)
		AND NOT EXISTS (SELECT 1 FROM live l WHERE l.place <= 0 AND l.issued_at > $9) RETURNING 1 AS one),
	superseded AS (UPDATE {token} SET spent_at = $9 FROM account WHERE purpose = $3 AND digest = ANY(ARRAY(SELECT l.digest FROM live l WHERE l.place <= 0))),
	issued AS (INSERT INTO {token} (tenant, user_id, purpose, digest, epoch, address, verifier, requester, attempts, issued_at, expires_at)
		SELECT {tenant_value}, {id_value}, CAST($3 AS text), CAST($4 AS bytea), CAST($5 AS bigint), CAST($6 AS bytea), CAST($7 AS bytea),
			CAST($8 AS bytea), 0, CAST($9 AS bigint), CAST($a AS bigint) FROM account RETURNING 1 AS one)
	SELECT count(*) FROM issued`

// issueAlone issues a token by one statement, without a transaction, unless it is not
// done for a reason that is to be found out step by step.
func (s *Store) issueAlone(ctx context.Context, k key, t passwd.TokenRecord, maxLive int, landed func(context.Context, querier) (bool, error)) (done bool, err error) {
	err = s.once(ctx, "issue", landed, func(q querier) error {
		var issued int
		err := q.row(ctx, &s.queries.issueAlone, k.tenant, k.id, string(t.Purpose), t.Digest[:], t.Epoch, blob(t.Address), blob(t.Verifier),
			blob(t.Requester), t.IssuedAt.UnixMicro(), t.ExpiresAt.UnixMicro(), max(maxLive, 0)).Scan(&issued)
		done = issued == 1
		return err
	})
	if err != nil && s.dialect.refused(err) && !s.dialect.retry(err) && !s.dialect.demoted(err) {
		return false, nil // for the same token at the same moment, or PostgreSQL 10, which has no sha256; nothing was done
	}
	return err == nil && done, err
}

// issueWhole issues a token by one statement, or returns errStepwise.
func (s *Store) issueWhole(ctx context.Context, q querier, k key, t passwd.TokenRecord, maxLive int, consume *passwd.TokenRef) error {
	if maxLive > 0 {
		if err := q.row(ctx, &s.queries.lockUser, k.tenant, k.id).Scan(new(text)); err != nil {
			return s.nobody(err)
		}
	}
	var purpose, digest any
	consumes := 0
	if consume != nil {
		consumes, purpose, digest = 1, string(consume.Purpose), consume.Digest[:]
	}
	var consumed, issued, later int
	var stamp sql.NullInt64
	var hash text
	err := q.row(ctx, &s.queries.issueWhole, k.tenant, k.id, string(t.Purpose), t.Digest[:], t.Epoch, blob(t.Address), blob(t.Verifier),
		blob(t.Requester), t.IssuedAt.UnixMicro(), t.ExpiresAt.UnixMicro(), purpose, digest, max(maxLive, 0)).Scan(&consumed, &issued, &later, &stamp, &hash)
	if err != nil {
		return s.nobody(err)
	}
	if consumed != consumes || issued != 1 || later != 0 || outside(stamp.Int64, passwd.Hash(hash)) {
		return errStepwise
	}
	return nil
}

// maxWholeJobs is how many jobs fit into postgresApply: two addresses, and AfterWrite.
const maxWholeJobs = 3

// postgresJobs are the rows of jobs, whose arguments begin at one.
func postgresJobs(at int) string {
	var rows []string
	types := [...]string{"text", "text", "text", "bytea", "bigint", "bigint", "integer", "smallint"}
	for i := range maxWholeJobs {
		var columns []string
		for column, t := range types {
			columns = append(columns, "CAST("+parameter(at+len(types)*i+column)+" AS "+t+")")
		}
		rows = append(rows, "("+strings.Join(columns, ", ")+")")
	}
	return strings.Join(rows, ", ")
}

// errStepwise says that a write cannot be made by one statement, or that the statement
// did not do all of it: step by step it is found out why.
var errStepwise = errors.New("not by one statement")

// applyWhole makes a write by one statement, or returns errStepwise.
func (s *Store) applyWhole(ctx context.Context, q querier, k key, w passwd.Write, stamp int64) (epoch int64, err error) {
	epoch = w.NextEpoch(w.IfEpoch)
	adds := w.IfHash != "" && w.History > 0
	kept := max(w.History, 0)
	if adds {
		kept--
	}
	args := []any{
		k.tenant, k.id, string(w.NewHash), string(w.IfHash), epoch, stamp, string(w.Must), micros(w.MustUntil), w.Now.UnixMicro(),
		w.IfEpoch, string(w.IfMust), nil, nil, w.VoidAll, nil, nil, nil, nil, nil, nil, nil, nil, w.KeepSession, adds, kept,
	}
	consumes, issues := 0, 0
	if w.Consume != nil {
		consumes, args[11], args[12] = 1, string(w.Consume.Purpose), w.Consume.Digest[:]
	}
	if t := w.Issue; t != nil {
		issues = 1
		of := t.Epoch
		if of != 0 {
			of = epoch
		}
		copy(args[14:], []any{string(t.Purpose), t.Digest[:], of, blob(t.Address), blob(t.Verifier), blob(t.Requester), t.IssuedAt.UnixMicro(), t.ExpiresAt.UnixMicro()})
	}
	for i := range maxWholeJobs {
		row := make([]any, 8)
		if i < len(w.Jobs) {
			row = jobRow(w.Jobs[i])
		}
		args = append(args, row...)
	}
	plain, raised := printed(w.IfHash) // as in applyBriefly
	args = append(args, plain, raised)
	var accounts, consumed, issued int
	if err := q.row(ctx, &s.queries.applyWhole, args...).Scan(&accounts, &consumed, &issued); err != nil {
		return 0, err
	}
	if accounts != 1 || consumed != consumes || issued != issues {
		return 0, errStepwise
	}
	return epoch, nil
}

// applyBriefly makes a write by statements that each compare what they expect, without
// reading it first; or it returns errStepwise. The order is that of apply.
func (s *Store) applyBriefly(ctx context.Context, q querier, k key, w passwd.Write, stamp int64) (epoch int64, err error) {
	epoch = w.NextEpoch(w.IfEpoch)
	one := func(n int64, err error) error {
		if err == nil && n != 1 {
			err = errStepwise
		}
		return err
	}
	if err := one(q.exec(ctx, &s.queries.setHash, k.tenant, k.id, string(w.NewHash), string(w.IfHash))); err != nil {
		return 0, s.nobody(err)
	}
	plain, raised := printed(w.IfHash) // of another hash, the epoch is not the one that is stored
	err = one(q.exec(ctx, &s.queries.setAccountIf, k.tenant, k.id, epoch, stamp, string(w.Must), micros(w.MustUntil), w.Now.UnixMicro(),
		w.IfEpoch, string(w.IfMust), plain, raised))
	if err != nil {
		return 0, err
	}
	if err := s.applyTokens(ctx, q, k, state{epoch: w.IfEpoch}, w, epoch); err != nil {
		if err == passwd.ErrTokenInvalid {
			err = errStepwise
		}
		return 0, err
	}
	if err := s.raised(ctx, q, k, w, epoch); err != nil {
		return 0, err
	}
	if err := s.applyHistory(ctx, q, k, w, epoch); err != nil {
		return 0, err
	}
	return epoch, s.putJobs(ctx, q, w.Jobs)
}

// whole tells whether a write can be made by applyWhole, or by applyBriefly.
func (s *Store) whole(w passwd.Write) bool {
	if w.NewHash == "" || w.NewHash == w.IfHash || w.IfEpoch == 0 {
		return false
	}
	if s.queries.applyWhole.text == "" {
		return w.Check(passwd.Account{Hash: w.IfHash, Epoch: w.IfEpoch, Must: w.IfMust}) == nil
	}
	if t := w.Issue; t != nil && (t.Account != w.Account || t.Attempts != 0 || !t.SpentAt.IsZero()) {
		return false
	}
	return len(w.Jobs) <= maxWholeJobs && !slices.ContainsFunc(w.Jobs, func(j passwd.Job) bool { return j.Key != "" }) // one that waits may absorb it
}
