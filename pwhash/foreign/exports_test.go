package foreign_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"testing"

	"github.com/passwd-go/passwd/internal/testrun"
	"github.com/passwd-go/passwd/pwhash"
	"github.com/passwd-go/passwd/pwhash/foreign"
)

// 95 of 100 hashes that web stacks export verify: with the formats that Detect names, or with
// the line that a row has, where a column or a secret is not in the hash.
func TestExports(t *testing.T) {
	f, err := os.Open("testdata/hash-exports.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	long := testrun.Long()
	matched, all := 0, 0
	seen := map[string]bool{} // unless everything is asked for, one of each kind
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var r struct {
			Name, Hash, Password string
			Format               foreign.Format
			Scope                bool
		}
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			t.Fatal(err)
		}
		stored := pwhash.Hash(r.Hash)
		if !r.Scope || !long && dear.MatchString(r.Hash) {
			continue
		}
		h := everything()
		if h.Accept = foreign.Detect(stored); r.Format != "" {
			h.Accept = []foreign.Format{r.Format}
		}
		if kind := fmt.Sprint(h.Accept); !long && seen[kind] {
			continue
		} else {
			seen[kind] = true
		}
		v, err := h.Verify(t.Context(), stored, r.Password)
		if all++; v.Match {
			matched++
		} else {
			t.Logf("%s: %v, with %q", r.Name, err, h.Accept)
		}
		if v, _ := h.Verify(t.Context(), stored, r.Password+"!"); v.Match && long {
			t.Errorf("%s: a wrong password matches", r.Name)
		}
	}
	if t.Logf("%d of %d match", matched, all); matched*100 < all*95 {
		t.Errorf("%d of %d match, want 95 of 100", matched, all)
	}
}
