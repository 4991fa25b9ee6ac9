//go:build race

package dbtest_test

// raceDetector makes SQLite, which is Go code too, ten times slower. With
// it, tests leave out what differs in SQL alone.
const raceDetector = true
