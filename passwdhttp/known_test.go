package passwdhttp_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/passwdhttp"
	"github.com/passwd-go/passwd/passwdtest"
)

// The cookie of a known device has a name and attributes as the others, and lasts as
// long as a device is known.
func TestKeepDevice(t *testing.T) {
	for _, tc := range []struct {
		insecure bool
		want     string
	}{
		{false, "__Host-passwd-device=TOKEN; Path=/; Max-Age=2592000; HttpOnly; Secure; SameSite=Lax"},
		{true, "passwd-device=TOKEN; Path=/; Max-Age=2592000; HttpOnly; SameSite=Lax"},
	} {
		kit := passwdtest.New(t, passwd.Config{})
		cfg := passwdhttp.Config{Service: kit.Service, InsecureCookies: tc.insecure}
		w := httptest.NewRecorder()
		in := passwd.SignedIn{Device: passwd.Token(strings.Repeat("Ab-_", 10))}
		passwdhttp.KeepDevice(cfg, w, in)
		equal(t, "cookie", w.Header().Get("Set-Cookie"), strings.Replace(tc.want, "TOKEN", string(in.Device), 1))
		r := httptest.NewRequest("GET", "/", nil)
		r.AddCookie(w.Result().Cookies()[0])
		equal(t, "device", string(passwdhttp.ClientOf(cfg, r).Device), string(in.Device))

		r = httptest.NewRequest("GET", "/", nil) // of an app that keeps no cookies
		r.Header.Set("Passwd-Device", w.Header().Get("Passwd-Device"))
		equal(t, "device by header", string(passwdhttp.ClientOf(cfg, r).Device), string(in.Device))

		w = httptest.NewRecorder()
		passwdhttp.KeepDevice(cfg, w, passwd.SignedIn{})
		equal(t, "cookie of nothing", w.Header().Get("Set-Cookie"), "")
	}
	r := httptest.NewRequest("GET", "/", nil)
	r.AddCookie(&http.Cookie{Name: "passwd-device", Value: strings.Repeat("a", 65)})
	r.Header.Set("Passwd-Device", strings.Repeat("a", 65))
	equal(t, "too long", string(passwdhttp.ClientOf(passwdhttp.Config{}, r).Device), "")
}

// I11: strangers on many networks stop everybody who is not known; the owner, on a
// network that is new as well, signs in from a browser that is.
func TestDeviceGetsThrough(t *testing.T) {
	kit := passwdtest.New(t, passwd.Config{Limits: passwd.Limits{StopAfter: 10}})
	kit.Add(t, passwd.Account{Username: "ada"}, current)
	cfg := passwdhttp.Config{Service: kit.Service}
	signIn := func(addr, password string, cookies ...*http.Cookie) (passwd.SignedIn, error) {
		r := httptest.NewRequest("POST", "/sign-in", nil)
		r.RemoteAddr = netip.AddrPortFrom(netip.MustParseAddr(addr), 4711).String()
		for _, c := range cookies {
			r.AddCookie(c)
		}
		return kit.Service.SignIn(t.Context(), passwd.SignIn{
			Login: passwd.Login{Value: "ada"}, Password: password, Client: passwdhttp.ClientOf(cfg, r),
		})
	}
	in, err := signIn("192.0.2.1", current)
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	passwdhttp.KeepDevice(cfg, w, in)
	cookie := w.Result().Cookies()[0]
	for i := range 9 {
		if _, err := signIn(fmt.Sprintf("198.51.100.%d", i), "wrong"); !errors.Is(err, passwd.ErrWrongCredentials) {
			t.Fatal(err)
		}
	}
	if _, err := signIn("203.0.113.1", current); !errors.Is(err, passwd.ErrWrongCredentials) {
		t.Errorf("without the cookie: %v", err)
	}
	if _, err := signIn("203.0.113.2", current, cookie); err != nil {
		t.Errorf("with the cookie: %v", err)
	}
}
