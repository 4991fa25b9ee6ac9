//go:build !race

package testrun

// Race tells that the race detector is on.
const Race = false
