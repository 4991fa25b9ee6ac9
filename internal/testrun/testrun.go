// Package testrun tells tests how much of their work a run asks for, and how long
// they may wait.
//
// There are three sizes of run: the everyday one, `go test work`; that of .ci/run,
// with PASSWD_TEST_CI set; and that of .ci/long, with PASSWD_TEST_LONG, which is
// everything. CONTRIBUTING.md has the table of what runs where.
package testrun

import (
	"os"
	"testing"
	"time"
)

// Long reports whether everything is asked for.
func Long() bool { return os.Getenv("PASSWD_TEST_LONG") != "" }

// CI reports whether everything is asked for that .ci/run has the time for.
func CI() bool { return Long() || os.Getenv("PASSWD_TEST_CI") != "" }

// NeedCI skips what the everyday run has no time for.
func NeedCI(t testing.TB) {
	t.Helper()
	if !CI() {
		t.Skip("runs in .ci/run: set PASSWD_TEST_CI")
	}
}

// NeedLong skips what takes long, or measures.
func NeedLong(t testing.TB) {
	t.Helper()
	if !Long() {
		t.Skip("takes long or measures: set PASSWD_TEST_LONG")
	}
}

// NotWithRace skips, with the race detector, what would tell it nothing.
func NotWithRace(t testing.TB) {
	t.Helper()
	if Race {
		t.Skip("nothing runs at once here: it runs without the race detector")
	}
}

// Size is how often something is done.
func Size(everyday, ci, long int) int {
	switch {
	case Long():
		return long
	case CI():
		return ci
	}
	return everyday
}

// Patience is how long a test waits for one thing that has to happen: a quarter of
// the time that is left to the run. So a slow machine fails no test that would pass,
// and a test that hangs says so before the run is ended. Where the run has no end
// (-timeout 0), or t is not a test, it is ten minutes.
func Patience(t any) time.Duration {
	if t, ok := t.(interface{ Deadline() (time.Time, bool) }); ok {
		if end, ok := t.Deadline(); ok {
			return time.Until(end) / 4
		}
	}
	return 10 * time.Minute
}

// Until waits until a condition holds, which it asks for again and again: for what
// tells nobody that it has happened. It fails the test with what otherwise returns
// when its patience ends.
func Until(t testing.TB, condition func() bool, otherwise func() string) {
	t.Helper()
	pause := time.Millisecond
	for end := time.Now().Add(Patience(t)); !condition(); time.Sleep(pause) {
		if time.Now().After(end) {
			t.Fatal(otherwise())
		}
		pause = min(2*pause, 50*time.Millisecond)
	}
}
