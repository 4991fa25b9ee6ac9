package estimate_test

import (
	"encoding/csv"
	"os"
	"strconv"
	"testing"
)

// TestAgreesWithTheBrowser compares what is left without the families with the
// scores that zxcvbn 4.4.2 gives in a browser: the same for 78.5 % of passwords or
// more, the same about "3 or more" for 92.9 % or more.
func TestAgreesWithTheBrowser(t *testing.T) {
	f, err := os.Open("testdata/agreement.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	records, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(records) < 1000 {
		t.Fatalf("%d rows only", len(records))
	}
	reference := at2026
	reference.Reference = true
	same, good := 0, 0
	for _, r := range records[1:] {
		want, err := strconv.Atoi(r[2])
		if err != nil {
			t.Fatal(err)
		}
		got, bits := 0, reference.Estimate(r[1]).Bits
		for _, cut := range []float64{10, 21, 28, 38} {
			if bits >= cut {
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
	rows := float64(len(records) - 1)
	t.Logf("same score: %.2f %%, same about 3 or more: %.2f %%", 100*float64(same)/rows, 100*float64(good)/rows)
	if float64(same)/rows < 0.7848 || float64(good)/rows < 0.9288 {
		t.Error("less than before")
	}
}
