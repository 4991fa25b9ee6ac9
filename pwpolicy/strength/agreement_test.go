package strength_test

import (
	"encoding/csv"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/passwd-go/passwd/pwpolicy/strength"
)

// agreementRow is a password and the score that zxcvbn 4.4.2 gives it in a
// browser.
type agreementRow struct {
	category, password string
	score              int
}

func agreement(t testing.TB) []agreementRow {
	t.Helper()
	f, err := os.Open("testdata/agreement.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	records, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var rows []agreementRow
	for _, r := range records[1:] {
		score, err := strconv.Atoi(r[2])
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, agreementRow{r[0], r[1], score})
	}
	if len(rows) < 1000 {
		t.Fatalf("%d rows only", len(rows))
	}
	return rows
}

// TestAgreesWithTheBrowser holds that a meter in a page, if it is the JavaScript
// zxcvbn, says what the server says: the same score for 66 % of passwords or
// more, the same about "3 or more" for 85 % or more.
func TestAgreesWithTheBrowser(t *testing.T) {
	meter := strength.Meter{Now: func() time.Time { return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC) }}
	type tally struct{ rows, same, good, above, below, far int }
	var all tally
	var order []string
	each := map[string]*tally{}
	for _, row := range agreement(t) {
		if each[row.category] == nil {
			each[row.category] = &tally{}
			order = append(order, row.category)
		}
		got := meter.Estimate(row.password).Score
		for _, c := range []*tally{&all, each[row.category]} {
			c.rows++
			c.same += count(got == row.score)
			c.good += count((got >= 3) == (row.score >= 3))
			c.above += count(got > row.score)
			c.below += count(got < row.score)
			c.far += count(max(got-row.score, row.score-got) >= 2)
		}
	}
	percent := func(n, of int) float64 { return 100 * float64(n) / float64(of) }
	t.Logf("%-14s %5s %6s %6s %6s %6s %6s", "kind", "rows", "same", `"≥3"`, "above", "below", "off ≥2")
	line := func(name string, c *tally) {
		t.Logf("%-14s %5d %6.1f %6.1f %6.1f %6.1f %6.1f", name, c.rows, percent(c.same, c.rows), percent(c.good, c.rows),
			percent(c.above, c.rows), percent(c.below, c.rows), percent(c.far, c.rows))
	}
	for _, name := range order {
		line(name, each[name])
	}
	line("all", &all)
	if got := percent(all.same, all.rows); got < 66 {
		t.Errorf("same score for %.1f %%, want 66 or more", got)
	}
	if got := percent(all.good, all.rows); got < 85 {
		t.Errorf(`same about "3 or more" for %.1f %%, want 85 or more`, got)
	}
}

func count(b bool) int {
	if b {
		return 1
	}
	return 0
}
