package session_test

import (
	"testing"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/internal/redacttest"
	"github.com/passwd-go/passwd/memstore"
	"github.com/passwd-go/passwd/session"
)

func TestRedacted(t *testing.T) { // I7
	m, err := session.New(session.Config{Store: memstore.New(), Keys: passwd.Keys{Current: []byte(redacttest.Canary)}})
	if err != nil {
		t.Fatal(err)
	}
	const digest = "is a keyed digest"
	redacttest.Check(t, ".", map[string]string{
		"Record.Access": digest, "Record.Refresh": digest,
		"Rotation.Access": digest, "Rotation.Refresh": digest, "Rotation.IfRefresh": digest,
	}, session.Config{}, session.Pair{}, m)
}
