package wire_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/internal/wiretest"
	"github.com/passwd-go/passwd/session"
	"github.com/passwd-go/passwd/wire"
)

// post sends JSON and returns the status and the members of the reply.
func post(t *testing.T, w *wiretest.World, path string, body map[string]any) (int, map[string]any) {
	t.Helper()
	data, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest("POST", path, strings.NewReader(string(data)))
	r.Header.Set("Content-Type", "application/json")
	got := w.Do(r)
	var reply map[string]any
	if err := json.Unmarshal(got.Body.Bytes(), &reply); err != nil {
		t.Fatalf("%d %s: %v", got.Code, got.Body, err)
	}
	return got.Code, reply
}

func bearer(token string) *http.Request {
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Authorization", "Bearer "+token)
	return r
}

func segment(t *testing.T, s string) string {
	t.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// Format 3's JWT, read by nothing of ours: the documented header and claims, and
// "epoch"; good for an hour to the second, and dead after the next change.
func TestSignInTokenIsAsDocumented(t *testing.T) {
	w := wiretest.New(t, open, wiretest.Options{})
	status, reply := post(t, w, "/api/auth/changePasswordAfterSignin", map[string]any{
		"username": "st.huber", "old_password": "Password1234!", "new_password": "SaverPassword1234!",
	})
	if status != 200 || len(reply) != 1 {
		t.Fatalf("%d %v", status, reply)
	}
	token := reply["token"].(string)
	parts := strings.Split(token, ".")
	if len(parts) != 3 || segment(t, parts[0]) != `{"typ":"JWT","alg":"HS256"}` {
		t.Fatalf("header %q", segment(t, parts[0]))
	}
	issued := w.Clock.Now().Unix()
	want := fmt.Sprintf(`{"iss":"lumen-jwt","sub":33,"iat":%d,"exp":%d,"epoch":`, issued, issued+3600)
	claims := segment(t, parts[1])
	if epoch, ok := strings.CutPrefix(claims, want); !ok || strings.Trim(epoch, "0123456789") != "}" {
		t.Errorf("claims %s, want %s…}", claims, want)
	}

	tokens, err := w.SignIn.Tokens()
	if err != nil {
		t.Fatal(err)
	}
	sum := hmac.New(sha256.New, tokens.VerificationKeys()[0].Key.([]byte))
	sum.Write([]byte(parts[0] + "." + parts[1]))
	if segment(t, parts[2]) != string(sum.Sum(nil)) {
		t.Error("the signature is not HMAC-SHA256 under the verification key")
	}

	who, err := w.SignIn.Authenticate()
	if err != nil {
		t.Fatal(err)
	}
	p, err := who(bearer(token))
	if err != nil || p.Account != (passwd.Ref{Tenant: "callcenter", ID: "33"}) || p.Epoch == 0 {
		t.Errorf("%+v, %v", p, err)
	}
	w.Clock.Advance(time.Hour - time.Second)
	if _, err := who(bearer(token)); err != nil {
		t.Errorf("in the last second: %v", err)
	}
	w.Clock.Advance(time.Second)
	if _, err := who(bearer(token)); passwd.CodeOf(err) != passwd.CodeUnauthenticated {
		t.Errorf("after an hour: %v", err)
	}
	w.Clock.Advance(-time.Hour)
	written, err := w.Service.Change(t.Context(), passwd.Change{Account: p.Account, Current: "SaverPassword1234!", New: "EvenSaverPassword1234!"})
	if err != nil || written.Epoch == p.Epoch {
		t.Fatal(err)
	}
	if _, err := who(bearer(token)); passwd.CodeOf(err) != passwd.CodeUnauthenticated {
		t.Errorf("after the next change: %v", err)
	}
}

// Tokens that are not this format's, tenant's or key's are refused alike.
func TestSignInTokenOfAnotherIsRefused(t *testing.T) {
	w := wiretest.New(t, open, wiretest.Options{})
	_, reply := post(t, w, "/api/auth/changePasswordAfterSignin", map[string]any{
		"username": "st.huber", "old_password": "Password1234!", "new_password": "SaverPassword1234!",
	})
	token, _ := reply["token"].(string)
	parts := strings.Split(token, ".")
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"typ":"JWT","alg":"none"}`))
	_, brand := post(t, w, "/auth/v1/web/password/validate", map[string]any{
		"identifierType": "USERNAME", "identifierValue": "doc.user", "brand": "DocDemo", "password": "abc123",
	})
	who, err := w.SignIn.Authenticate()
	if err != nil {
		t.Fatal(err)
	}
	for name, bad := range map[string]string{
		"alg none": none + "." + parts[1] + ".", "alg none, signed": none + "." + parts[1] + "." + parts[2],
		"no signature": parts[0] + "." + parts[1] + ".", "cut": token[:len(token)-4], "empty": "",
		"of a brand":          brand["auth"].(map[string]any)["token"].(string),
		"of an application":   application(t, w),
		"of a session":        w.Bearer(t, passwd.Login{Tenant: "callcenter", Value: "calm.user"}, "Nothing-To-Change-5"),
		"with another header": base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"HS256"}`)) + "." + parts[1] + "." + parts[2],
	} {
		if p, err := who(bearer(bad)); passwd.CodeOf(err) != passwd.CodeUnauthenticated || p != (wire.Principal{}) {
			t.Errorf("%s: %+v, %v", name, p, err)
		}
	}
	for name, other := range map[string]wire.SignIn{
		"tenant": {Config: w.SignIn.Config, Tenant: "bakery", Issuer: "lumen-jwt", Keys: w.Keys, Now: w.Clock.Now},
		"issuer": {Config: w.SignIn.Config, Tenant: "callcenter", Issuer: "other", Keys: w.Keys, Now: w.Clock.Now},
		"key":    {Config: w.SignIn.Config, Tenant: "callcenter", Issuer: "lumen-jwt", Keys: passwd.RandomKeys(), Now: w.Clock.Now},
	} {
		who, err := other.Authenticate()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := who(bearer(token)); passwd.CodeOf(err) != passwd.CodeUnauthenticated {
			t.Errorf("another %s: %v", name, err)
		}
		if name != "issuer" && reflect.DeepEqual(keyOf(t, other), keyOf(t, w.SignIn)) {
			t.Errorf("another %s, the same key", name)
		}
	}
}

func keyOf(t *testing.T, c wire.SignIn) any {
	t.Helper()
	tokens, err := c.Tokens()
	if err != nil {
		t.Fatal(err)
	}
	return tokens.VerificationKeys()[0].Key
}

// grantBody is a sign-in of format 1.
func grantBody(client, device, password string) map[string]any {
	return map[string]any{
		"grant_type": "password", "client_id": client, "device_name": "d", "device_id": device,
		"username": "example@domain.com", "password": password,
	}
}

// Of eleven devices of one client ten stay signed in; other clients are counted
// apart. A change leaves the pair it made and no other.
func TestGrantTokensOfManyDevices(t *testing.T) {
	w := wiretest.New(t, open, wiretest.Options{})
	var access []string
	signIn := func(client, device string) {
		t.Helper()
		w.Clock.Advance(time.Second)
		status, reply := post(t, w, "/api/token", grantBody(client, device, "Old-Bread-and-Butter-9"))
		if status != 200 {
			t.Fatalf("%d %v", status, reply)
		}
		access = append(access, reply["access_token"].(string))
	}
	signIn("client-3", "1")
	for device := range 11 {
		signIn("client-2", fmt.Sprint(device))
	}
	live := func() (n []int) {
		for i, token := range access {
			if _, err := w.Sessions.Check(t.Context(), token); err == nil {
				n = append(n, i)
			} else if passwd.CodeOf(err) != passwd.CodeUnauthenticated {
				t.Fatal(err)
			}
		}
		return n
	}
	if got := live(); !slices.Equal(got, []int{0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}) {
		t.Errorf("live: %v", got)
	}
	body := grantBody("client-2", "5", "Old-Bread-and-Butter-9")
	body["new_password"] = "password123"
	status, reply := post(t, w, "/api/change-password", body)
	if status != 200 {
		t.Fatalf("%d %v", status, reply)
	}
	access = append(access, reply["access_token"].(string))
	if got := live(); !slices.Equal(got, []int{12}) {
		t.Errorf("live after the change: %v", got)
	}
	list, err := w.Sessions.List(t.Context(), passwd.Ref{Tenant: "bakery", ID: "11"})
	if err != nil || len(list) != 1 || list[0].Client != "client-2" || list[0].DeviceName != "d" {
		t.Errorf("%+v, %v", list, err)
	}
}

// A refresh token of a session that is not of this format's tenant, or whose
// client is not registered any more, ends that session.
func TestGrantRefreshesItsOwnOnly(t *testing.T) {
	w := wiretest.New(t, open, wiretest.Options{})
	for _, tc := range []struct{ tenant, login, password, client string }{
		{"profile", "alice", "Wonder!and-1865", "client-2"},
		{"bakery", "example@domain.com", "Old-Bread-and-Butter-9", "client-gone"},
	} {
		in, err := w.Service.SignIn(t.Context(), passwd.SignIn{Login: passwd.Login{Tenant: tc.tenant, Value: tc.login}, Password: tc.password})
		if err != nil {
			t.Fatal(err)
		}
		pair, err := w.Sessions.Start(t.Context(), in, session.Info{Client: tc.client})
		if err != nil {
			t.Fatal(err)
		}
		status, reply := post(t, w, "/api/token", map[string]any{"grant_type": "refresh_token", "refresh_token": string(pair.Refresh)})
		if status != 400 || reply["error"] != "invalid_grant" {
			t.Errorf("%s: %d %v", tc.tenant, status, reply)
		}
		if list, err := w.Sessions.List(t.Context(), in.Account); err != nil || len(list) > 0 {
			t.Errorf("%s: %v, %v", tc.tenant, list, err)
		}
	}
}

// Format 5's token is good for one identifier, device, brand, epoch, purpose and
// kind of route, and is refused with one answer otherwise.
func TestBrandTokenIsBound(t *testing.T) {
	w := wiretest.New(t, open, wiretest.Options{})
	id := map[string]any{"identifierType": "MOBILE", "identifierValue": "919999922332", "brand": "DocDemo", "deviceId": "d", "password": "abc123"}
	with := func(base map[string]any, more ...any) map[string]any {
		m := map[string]any{}
		for k, v := range base {
			m[k] = v
		}
		for i := 0; i < len(more); i += 2 {
			m[more[i].(string)] = more[i+1]
		}
		return m
	}
	token := func(path string, body map[string]any) string {
		t.Helper()
		status, reply := post(t, w, path, body)
		auth, _ := reply["auth"].(map[string]any)
		if status != 200 || auth == nil {
			t.Fatalf("%d %v", status, reply)
		}
		return auth["token"].(string)
	}
	mobile := token("/auth/v1/password/validate", id)
	web := token("/auth/v1/web/password/validate", id)
	other := token("/auth/v1/password/validate", with(id, "brand", "OtherBrand", "password", "Other-Brand-Pass-1"))
	parts := strings.Split(mobile, ".")
	_, signedIn := post(t, w, "/api/auth/changePasswordAfterSignin", map[string]any{
		"username": "st.huber", "old_password": "Password1234!", "new_password": "SaverPassword1234!",
	})
	change := with(id, "newPassword", "new", "confirmPassword", "new", "token", mobile)
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"typ":"JWT","alg":"none"}`))
	replies := map[string]bool{}
	refused := func(name, path string, body map[string]any) {
		t.Helper()
		status, reply := post(t, w, path, body)
		if status != 401 {
			t.Errorf("%s: %d %v", name, status, reply)
		}
		replies[fmt.Sprint(reply)] = true
	}
	const mobilePath, webPath = "/auth/v1/password/change", "/auth/v1/web/password/change"
	refused("identifier", mobilePath, with(change, "identifierType", "USERNAME", "identifierValue", "doc.user"))
	refused("device", mobilePath, with(change, "deviceId", "e"))
	refused("brand", mobilePath, with(change, "brand", "OtherBrand", "password", "Other-Brand-Pass-1"))
	refused("other brand's token", mobilePath, with(change, "token", other))
	refused("mobile token on web", webPath, change)
	refused("web token on mobile", mobilePath, with(change, "token", web))
	refused("purpose: signin", mobilePath, with(change, "token", signedIn["token"]))
	refused("purpose: application", mobilePath, with(change, "token", application(t, w)))
	refused("alg none", mobilePath, with(change, "token", none+"."+parts[1]+"."))
	refused("another's payload", mobilePath, with(change, "token", parts[0]+"."+strings.Split(other, ".")[1]+"."+parts[2]))
	both := with(id, "identifierValue", "919999922335", "newPassword", "new", "confirmPassword", "new")
	both["token"] = token("/auth/v1/password/validate", both)
	refused("identifier type", mobilePath, with(both, "identifierType", "USERNAME"))
	refused("wrong password", mobilePath, with(change, "password", "wrong"))
	w.Clock.Advance(15 * time.Minute)
	refused("expired", mobilePath, change)
	w.Clock.Advance(-15 * time.Minute)
	if _, err := w.Service.Revoke(t.Context(), passwd.Revoke{Account: passwd.Ref{Tenant: "DocDemo", ID: "51"}}); err != nil {
		t.Fatal(err)
	}
	refused("epoch", mobilePath, change)
	if len(replies) != 1 {
		t.Errorf("%d answers: %v", len(replies), replies)
	}
	if status, reply := post(t, w, mobilePath, with(change, "token", token("/auth/v1/password/validate", id))); status != 200 {
		t.Errorf("a good one: %d %v", status, reply)
	}
}

// No application's token is good for another tenant, and none after its hour.
func TestRemindTokenIsOfItsTenant(t *testing.T) {
	w := wiretest.New(t, open, wiretest.Options{})
	clients := wire.StaticClients{Credentials: map[string]wire.SecretDigest{"demo-app": wire.DigestOf("demo-secret")}}
	var tokens []string
	var handlers []http.Handler
	tenants := []string{"quotes", "profile"}
	for _, tenant := range tenants {
		h, err := wire.Remind{Config: wire.Config{Service: w.Service}, Tenant: tenant, Clients: clients, Keys: w.Keys, Now: w.Clock.Now}.Handler()
		if err != nil {
			t.Fatal(err)
		}
		h = recorded("remind", "", h)
		handlers = append(handlers, h)
		rec := httptest.NewRecorder()
		r := httptest.NewRequest("POST", "/oauth/token", strings.NewReader("grant_type=client_credentials"))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.SetBasicAuth("demo-app", "demo-secret")
		h.ServeHTTP(rec, r)
		var body struct {
			AccessToken string `json:"access_token"`
		}
		if err := json.Unmarshal(rec.Body.Bytes(), &body); err != nil {
			t.Fatal(err)
		}
		tokens = append(tokens, body.AccessToken)
	}
	for i, h := range handlers {
		for j, token := range tokens {
			r := httptest.NewRequest("POST", "/password/remind", strings.NewReader("email=nobody@example.com"))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.Header.Set("Authorization", "Bearer "+token)
			rec := httptest.NewRecorder()
			h.ServeHTTP(rec, r)
			want := 401
			if i == j {
				want = 200
			}
			if rec.Code != want {
				t.Errorf("token %d at handler %d: %d %s", j, i, rec.Code, rec.Body)
			}
		}
	}
}
