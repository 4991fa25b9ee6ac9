// Package dbtest holds the tests of packages that need a database. It is a module
// of its own, so that the drivers are no dependencies of the library's users.
package dbtest
