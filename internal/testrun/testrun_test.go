package testrun_test

import (
	"testing"
	"time"

	"github.com/passwd-go/passwd/internal/testrun"
)

func TestSizes(t *testing.T) {
	for _, test := range []struct {
		ci, long string
		size     int
	}{
		{"", "", 1},
		{"1", "", 2},
		{"", "1", 3},
		{"1", "1", 3},
	} {
		t.Setenv("PASSWD_TEST_CI", test.ci)
		t.Setenv("PASSWD_TEST_LONG", test.long)
		if got := testrun.Size(1, 2, 3); got != test.size || testrun.CI() != (got > 1) || testrun.Long() != (got > 2) {
			t.Errorf("%+v: size %d, CI %t, long %t", test, got, testrun.CI(), testrun.Long())
		}
	}
}

type run struct{ left time.Duration }

func (r run) Deadline() (time.Time, bool) { return time.Now().Add(r.left), r.left > 0 }

func TestPatience(t *testing.T) {
	for _, test := range []struct {
		of    any
		least time.Duration
		most  time.Duration
	}{
		{run{10 * time.Minute}, 149 * time.Second, 150 * time.Second},
		{run{time.Hour}, 14*time.Minute + 59*time.Second, 15 * time.Minute},
		{run{}, 10 * time.Minute, 10 * time.Minute},
		{"no test", 10 * time.Minute, 10 * time.Minute},
	} {
		if got := testrun.Patience(test.of); got < test.least || got > test.most {
			t.Errorf("%v: %v", test.of, got)
		}
	}
}

func TestUntil(t *testing.T) {
	asked := 0
	testrun.Until(t, func() bool { asked++; return asked == 3 }, func() string { return "never" })
	if asked != 3 {
		t.Errorf("asked %d times", asked)
	}
}
