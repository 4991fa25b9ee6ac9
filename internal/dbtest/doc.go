// Package dbtest holds the tests of packages that need a database. It is a module
// of its own, so that the library's users do not depend on the drivers.
package dbtest
