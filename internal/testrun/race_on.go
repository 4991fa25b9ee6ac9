//go:build race

package testrun

// Race tells that the race detector is on. It makes Go code, SQLite's too, ten times
// slower, so tests leave out what runs nothing at once: .ci/run does that without it.
const Race = true
