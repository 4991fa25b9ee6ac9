package estimate_test

import (
	"encoding/csv"
	"os"
	"strconv"
	"testing"

	"github.com/passwd-go/passwd/internal/estimate"
)

func TestAgreement(t *testing.T) {
	f, err := os.Open("testdata/agreement.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	records, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	reference := at2026
	reference.Reference = true
	for name, e := range map[string]estimate.Estimator{"reference": reference, "families": at2026} {
		same, good := 0, 0
		for _, r := range records[1:] {
			want, err := strconv.Atoi(r[2])
			if err != nil {
				t.Fatal(err)
			}
			got := 0
			for _, cut := range []float64{10, 21, 28, 38} {
				if e.Estimate(r[1]).Bits >= cut {
					got++
				}
			}
			if got == want {
				same++
			}
			if (got >= 3) == (want >= 3) {
				good++
			}
		}
		n := float64(len(records) - 1)
		t.Logf("%s: same %.1f %%, 3 or more %.1f %%", name, 100*float64(same)/n, 100*float64(good)/n)
	}
}
