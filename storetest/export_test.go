package storetest

import "slices"

// CheckOnly is Check of the cases with the names.
func CheckOnly(f Fixture, names ...string) error {
	return f.check(slices.DeleteFunc(checks(), func(c check) bool { return !slices.Contains(names, c.name) }))
}
