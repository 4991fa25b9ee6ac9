//go:build unix

package main

import (
	"testing"
	"time"

	"github.com/passwd-go/passwd/internal/testrun"
)

// owners makes accounts and their owners, who use all of the servers. Each has
// signed in once, so that the account has an epoch to count from.
func owners(t *testing.T, db *database, n int, servers ...*life) []*owner {
	t.Helper()
	all := make([]*owner, n)
	for i := range all {
		o := &owner{t: t, servers: servers, n: i, password: adaPassword}
		o.settle()
		err := db.row(t.Context(), `SELECT epoch FROM passwd_account WHERE user_id = ?`, firstPerson+i).Scan(&o.epoch)
		if err != nil {
			t.Fatal(err)
		}
		all[i] = o
	}
	return all
}

// spentByResets leaves out the links that newer ones have taken the place of, which are
// spent at the moment that these were issued: an owner whose answers are lost asks for more
// than may be live.
const spentByResets = `SELECT count(*) FROM passwd_token t WHERE t.user_id = ? AND t.purpose = 'reset' AND t.spent_at IS NOT NULL
	AND NOT EXISTS (SELECT 1 FROM passwd_token n WHERE n.user_id = t.user_id AND n.purpose = 'reset' AND n.issued_at = t.spent_at)`

// examine compares what the database says of each account: the raises of its epoch,
// its spent reset tokens, its cancel links and the notices sent are of the same
// writes, and of all that were acknowledged.
func examine(t *testing.T, db *database, all []*owner) {
	t.Helper()
	count := func(query string, args ...any) (n int) {
		t.Helper()
		if err := db.row(t.Context(), query, args...).Scan(&n); err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		return n
	}
	testrun.Until(t, func() bool { return count(`SELECT count(*) FROM passwd_job`) == 0 },
		func() string { return "the queue does not become empty" })
	sum := &owner{}
	for _, o := range all {
		id := firstPerson + o.n
		raised := count(`SELECT epoch FROM passwd_account WHERE user_id = ?`, id) - int(o.epoch)
		spent := count(spentByResets, id)
		cancels := count(`SELECT count(*) FROM passwd_token WHERE user_id = ? AND purpose = 'cancel'`, id)
		const notices = `SELECT count(*) FROM demo_messages WHERE recipient = ? AND kind = ?`
		ofResets, ofChanges := count(notices, o.address(), "password_reset"), count(notices, o.address(), "password_changed")
		if spent != ofResets || cancels != ofResets+ofChanges || raised != ofResets+ofChanges {
			t.Errorf("user%d: epoch raised by %d, %d tokens spent, %d cancel links stored, notices of %d resets and %d changes sent",
				o.n, raised, spent, cancels, ofResets, ofChanges)
		}
		for name, w := range map[string]struct {
			found int
			written
		}{"resets": {ofResets, o.resets}, "changes": {ofChanges, o.changes}} {
			if w.found < w.done || w.found > w.done+w.unsure {
				t.Errorf("user%d: %d %s, but %d acknowledged and %d unknown", o.n, w.found, name, w.done, w.unsure)
			}
		}
		if o.refused > o.lost+o.down {
			t.Errorf("user%d: %d tokens were refused, and only %d answers lost", o.n, o.refused, o.lost+o.down)
		}
		const twice = `SELECT count(*) FROM (SELECT token FROM demo_messages WHERE recipient = ? AND kind = 'reset_link' GROUP BY token HAVING count(*) > 1) AS twice`
		if n := count(twice, o.address()); n > 0 {
			t.Errorf("user%d: %d links were delivered twice", o.n, n)
		}
		sum.resets.done += o.resets.done
		sum.changes.done += o.changes.done
		sum.accepted += o.accepted
		sum.lost += o.lost
		sum.down += o.down
		sum.slowest = max(sum.slowest, o.slowest)
	}
	t.Logf("%d resets, %d changes, %d requests accepted, %d answers lost, %d of 503, the slowest answer took %v",
		sum.resets.done, sum.changes.done, sum.accepted, sum.lost, sum.down, sum.slowest.Round(time.Millisecond))
}
