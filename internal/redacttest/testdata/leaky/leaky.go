// Package leaky has what Check must find.
package leaky

type Login struct {
	Name     string
	Password string
}

type Count struct{ Tokens int }
