package estimate_test

import (
	"bufio"
	"encoding/json"
	"os"
	"testing"
	"time"

	"github.com/passwd-go/passwd/internal/estimate"
)

// at2026 is an estimator that lives in 2026, whenever the tests run.
var at2026 = estimate.Estimator{Now: func() time.Time { return time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC) }}

// policyCase is a password and whether a policy should refuse it.
type policyCase struct {
	Password, Verdict, Kind string
}

func policyCases(t testing.TB) []policyCase {
	t.Helper()
	f, err := os.Open("testdata/cases.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var all []policyCase
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		var c policyCase
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		if c.Password != "" {
			all = append(all, c)
		}
	}
	if len(all) < 100 {
		t.Fatalf("%d cases only", len(all))
	}
	return all
}

// caseOwner is what is known of the person whose passwords the cases are.
var caseOwner = []string{"mmueller", "maria.mueller@contoso-bank.de", "+491701234567", "Maria", "Müller", "1987-05-14", "app.brightledger.com"}
