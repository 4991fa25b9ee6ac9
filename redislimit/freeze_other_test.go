//go:build !unix

package redislimit_test

import "testing"

func freeze(t *testing.T, _ *server) { t.Skip("needs SIGSTOP") }
