package wire_test

import (
	"testing"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/internal/wiretest"
	"github.com/passwd-go/passwd/wire"
)

// A session token of format 3 gives a new JWT, for a month in some hosts. It is no
// access token, though the same tables know it.
func TestSessionTokenIsNoBearer(t *testing.T) {
	w := wiretest.New(t, open, wiretest.Options{})
	_, reply := post(t, w, "/api/auth/changePasswordAfterSignin", map[string]any{
		"username": "st.huber", "old_password": "Password1234!", "new_password": "SaverPassword1234!", "stay_logged_in": true,
	})
	token, _ := reply["session_token"].(string)
	if status, _ := post(t, w, "/api/auth/IamLoggedIn", map[string]any{"session_token": token}); status != 202 {
		t.Fatalf("the session token is not good: %d", status)
	}
	who, err := wire.Bearer(w.Sessions)(bearer(token))
	if passwd.CodeOf(err) != passwd.CodeUnauthenticated || who.Account.ID != "" {
		t.Errorf("a session token as a bearer: %v, %v", who.Account, err)
	}
}
