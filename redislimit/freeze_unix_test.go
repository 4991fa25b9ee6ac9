//go:build unix

package redislimit_test

import (
	"syscall"
	"testing"
)

// freeze stops a server, which keeps its connections open and answers nobody.
func freeze(t *testing.T, s *server) {
	t.Helper()
	if err := s.process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
}
