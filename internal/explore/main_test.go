package explore_test

import (
	"os"
	"runtime/debug"
	"testing"
)

// TestMain lets the collector wait for more: what is alive is little, and is made anew
// for each schedule.
func TestMain(m *testing.M) {
	debug.SetGCPercent(800)
	os.Exit(m.Run())
}
