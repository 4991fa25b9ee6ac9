package dbtest_test

import (
	"io/fs"
	"strings"
	"testing"

	"github.com/passwd-go/passwd/internal/testrun"
	"github.com/passwd-go/passwd/sqlstore"
	"github.com/passwd-go/passwd/storetest"
)

// TestPartitions holds the store to its contract over tables of its own that the host has
// created partitioned: accounts and history by tenant, tokens and counts by their digests.
func TestPartitions(t *testing.T) {
	testrun.NeedCI(t)
	s, m := onPostgres, mappings()[0]
	db := s.open(t)
	files, err := sqlstore.Migrations(sqlstore.Config{Dialect: s.dialect, Users: m.users})
	if err != nil {
		t.Fatal(err)
	}
	first, err := fs.ReadFile(files, "0001_passwd.up.sql")
	if err != nil {
		t.Fatal(err)
	}
	by := map[string]string{
		"account": "LIST (tenant)", "history": "LIST (tenant)", "token": "HASH (digest)", "limit": "HASH (limit_key)",
	}
	made := 0
	for statement := range strings.SplitSeq(string(first), ";\n") {
		for table, how := range by {
			name := s.quoted("passwd_" + table)
			if !strings.Contains(statement, "CREATE TABLE IF NOT EXISTS "+name+" (") {
				continue
			}
			made++
			mustExec(t, db, statement+" PARTITION BY "+how)
			if strings.HasPrefix(how, "LIST") {
				mustExec(t, db, "CREATE TABLE passwd_"+table+"_north PARTITION OF "+name+" FOR VALUES IN ('north')")
				mustExec(t, db, "CREATE TABLE passwd_"+table+"_others PARTITION OF "+name+" DEFAULT")
				continue
			}
			mustExec(t, db, "CREATE TABLE passwd_"+table+"_even PARTITION OF "+name+" FOR VALUES WITH (MODULUS 2, REMAINDER 0)")
			mustExec(t, db, "CREATE TABLE passwd_"+table+"_odd PARTITION OF "+name+" FOR VALUES WITH (MODULUS 2, REMAINDER 1)")
		}
	}
	if made != len(by) {
		t.Fatalf("%d tables were made", made)
	}
	h := s.newHost(t, db, m.users)
	storetest.Run(t, h.fixture(m))
	if n := column(t, db, "SELECT count(*) FROM pg_inherits WHERE inhparent = 'passwd_account'::regclass"); n[0] != "2" {
		t.Errorf("%s partitions of the accounts", n[0])
	}
}
