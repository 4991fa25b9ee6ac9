package passwd_test

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// standards has how many rows docs/standards.md has of each letter.
var standards = map[string]int{"P": 13, "B": 3, "H": 7, "T": 9, "F": 8, "R": 5, "S": 6, "M": 3, "W": 10, "L": 2, "E": 1}

func isStandard(id string) bool {
	n, err := strconv.Atoi(id[1:])
	return err == nil && 1 <= n && n <= standards[id[:1]]
}

// TestStandards holds docs/standards.md, the tests that it names and the comments
// of all tests together: each row has a proof that is there and knows what it
// proves, or a reason; each id in a comment has a row.
func TestStandards(t *testing.T) {
	doc, err := os.ReadFile("docs/standards.md")
	if err != nil {
		t.Fatal(err)
	}
	tests := readTests(t)
	for _, fault := range faultsOf(string(doc), tests) {
		t.Error(fault)
	}
	for _, c := range tests.comments {
		for _, id := range c.ids {
			if !isStandard(id) {
				t.Errorf("%s: there is no %s", c.at, id)
			}
		}
	}
	if len(tests.named) < 700 || len(tests.comments) < 100 {
		t.Errorf("read %d tests and %d citations only", len(tests.named), len(tests.comments))
	}
}

// TestStandardsSees holds that TestStandards would see what it looks for.
func TestStandardsSees(t *testing.T) {
	text, err := os.ReadFile("docs/standards.md")
	if err != nil {
		t.Fatal(err)
	}
	doc, tests := string(text), readTests(t)
	for name, tc := range map[string]struct{ old, new, want string }{
		"a row less":           {"| E1 |", "| EE |", "E1: 0 rows"},
		"a row twice":          {"| E1 |", "| W9 |", "W9: 2 rows"},
		"a row too many":       {"| E1 |", "| E2 |", "E2: no such requirement"},
		"a test less":          {"`passwd: TestRequestsChangeNothing` |", "`passwd: TestNotThere` |", "F2: no test passwd: TestNotThere"},
		"another folder":       {"`passwdhttp: TestWellKnown`", "`wire: TestWellKnown`", "W9: no test wire: TestWellKnown"},
		"a case less":          {"`storetest: Run/live/expiry`", "`storetest: Run/live/for ever`", "T3: no test storetest: Run/live/for ever"},
		"a subtest less":       {"`passwd: TestRequestsChangeNothing` |", "`passwd: TestRequestsChangeNothing/not there` |", "F2: no test passwd: TestRequestsChangeNothing/not there"},
		"a test of other rows": {"`passwd: TestRequestsChangeNothing` |", "`passwd: TestNotCommon` |", "F2: no test named there cites it"},
		"no reason":            {"| The host's: the library changes neither.", "| To be seen:", "S4: neither a test nor a reason"},
		"no source":            {"| ASVS 7.5.1 (L2) |", "| |", "S4: an empty cell"},
	} {
		t.Run(name, func(t *testing.T) {
			if strings.Count(doc, tc.old) == 0 {
				t.Fatalf("%q is not in it any more", tc.old)
			}
			if got := faultsOf(strings.Replace(doc, tc.old, tc.new, 1), tests); !slices.Contains(got, tc.want) {
				t.Errorf("found %q, want %q among it", got, tc.want)
			}
		})
	}
}

var (
	rowOf   = regexp.MustCompile(`(?m)^\| ([A-Z]{1,2}\d{0,2}) \|(.*)\|$`)
	named   = regexp.MustCompile("`([a-z/0-9-]+): ((?:Test|Fuzz|Example|Run/)[^`]*)`")
	reasons = regexp.MustCompile(`^(The host's|Departure)\b[^:]*: .{20,}`)
)

// faultsOf returns what is wrong with a table of standards.
func faultsOf(doc string, tests testIndex) (faults []string) {
	fault := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	rows := map[string]int{}
	for _, row := range rowOf.FindAllStringSubmatch(doc, -1) {
		id, cells := row[1], strings.Split(row[2], "|")
		if rows[id]++; !isStandard(id) {
			fault("%s: no such requirement", id)
			continue
		}
		if len(cells) != 3 {
			fault("%s: %d cells behind the id", id, len(cells))
			continue
		}
		if slices.ContainsFunc(cells, func(cell string) bool { return strings.TrimSpace(cell) == "" }) {
			fault("%s: an empty cell", id)
		}
		proof, cited := strings.TrimSpace(cells[2]), false
		all := named.FindAllStringSubmatch(proof, -1)
		for _, test := range all {
			found, ok := tests.find(test[1], test[2])
			if !ok {
				fault("%s: no test %s: %s", id, test[1], test[2])
			}
			cited = cited || slices.Contains(found, id)
		}
		switch {
		case len(all) == 0 && !reasons.MatchString(proof):
			fault("%s: neither a test nor a reason", id)
		case len(all) > 0 && !cited:
			fault("%s: no test named there cites it", id)
		}
	}
	for letter, n := range standards {
		for i := range n {
			if id := letter + strconv.Itoa(i+1); rows[id] != 1 {
				fault("%s: %d rows", id, rows[id])
			}
		}
	}
	return faults
}
