package derive_test

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/session/internal/derive"
)

func secret(b byte) []byte { return bytes.Repeat([]byte{b}, 32) }

func TestKeys(t *testing.T) {
	got, err := derive.Keys(passwd.Keys{Current: secret(1), Previous: [][]byte{secret(2)}}, "session/access")
	if err != nil || len(got) != 2 {
		t.Fatalf("got %d keys, error %v", len(got), err)
	}
	// The keys must never change: they are HKDF-SHA256 (RFC 5869), without salt.
	if text := hex.EncodeToString(got[0]); text != "736fe18c98d79ac925c36932a2443f3ef0ab3f16caf4f561af927dff10eebf1c" {
		t.Errorf("the derivation has changed: %s", text)
	}
	seen := map[string]bool{string(got[0]): true, string(got[1]): true}
	other, err := derive.Keys(passwd.Keys{Current: secret(1)}, "session/refresh")
	if err != nil || seen[string(other[0])] || len(seen) != 2 {
		t.Errorf("keys of different secrets or purposes are equal, or error %v", err)
	}
}

func TestRefused(t *testing.T) {
	for _, tt := range []struct {
		name string
		keys passwd.Keys
		says string
	}{
		{"no key", passwd.Keys{}, "Keys.Current: 0 bytes"},
		{"a short key", passwd.Keys{Current: secret(1)[:31]}, "Keys.Current: 31 bytes"},
		{"a key of zeros", passwd.Keys{Current: secret(0)}, "Keys.Current: all zero bytes"},
		{"a previous key of zeros", passwd.Keys{Current: secret(1), Previous: [][]byte{secret(0)}}, "Keys.Previous[0]: all zero bytes"},
		{"a short previous key", passwd.Keys{Current: secret(1), Previous: [][]byte{secret(2), nil}}, "Keys.Previous[1]: 0 bytes"},
		{"too many keys", passwd.Keys{Current: secret(1), Previous: make([][]byte, 16)}, "Keys.Previous: 16 keys"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := derive.Keys(tt.keys, "x"); err == nil || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("error %v, want %q", err, tt.says)
			}
		})
	}
}
