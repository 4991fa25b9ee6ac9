package passwdhttp_test

import (
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/passwdhttp"
)

var proxies = []netip.Prefix{
	netip.MustParsePrefix("10.0.0.0/8"),
	netip.MustParsePrefix("::ffff:172.16.0.0/108"),
	netip.MustParsePrefix("2001:db8:1::1/48"),
}

// R5: only what trusted proxies wrote counts.
func TestTrustedProxies(t *testing.T) {
	for _, tc := range []struct {
		name, connection string
		forwarded        []string
		want             string
	}{
		{"no proxy", "192.0.2.1:1", nil, "192.0.2.1"},
		{"spoofed without a proxy", "192.0.2.1:1", []string{"198.51.100.1"}, "192.0.2.1"},
		{"one proxy", "10.0.0.1:1", []string{"192.0.2.1"}, "192.0.2.1"},
		{"two proxies", "10.0.0.1:1", []string{"192.0.2.1, 10.0.0.2"}, "192.0.2.1"},
		{"spoofed left of the client", "10.0.0.1:1", []string{"198.51.100.1, 192.0.2.1, 10.0.0.2"}, "192.0.2.1"},
		{"spoofed trusted", "10.0.0.1:1", []string{"10.0.0.9, 192.0.2.1"}, "192.0.2.1"},
		{"garbage left of the client", "10.0.0.1:1", []string{"<x>, 192.0.2.1"}, "192.0.2.1"},
		{"several lines", "10.0.0.1:1", []string{"198.51.100.1", "192.0.2.1", "10.0.0.2,10.0.0.3"}, "192.0.2.1"},
		{"no header", "10.0.0.1:1", nil, "10.0.0.1"},
		{"empty header", "10.0.0.1:1", []string{""}, "10.0.0.1"},
		{"empty entry", "10.0.0.1:1", []string{"192.0.2.1,"}, "10.0.0.1"},
		{"unparsable", "10.0.0.1:1", []string{"192.0.2.1, unknown"}, "10.0.0.1"},
		{"unparsable after a proxy", "10.0.0.1:1", []string{"192.0.2.1, unknown, 10.0.0.2"}, "10.0.0.1"},
		{"all trusted", "10.0.0.1:1", []string{"10.0.0.4, 10.0.0.3"}, "10.0.0.4"},
		{"mapped connection", "[::ffff:10.0.0.1]:1", []string{"192.0.2.1"}, "192.0.2.1"},
		{"mapped client", "10.0.0.1:1", []string{"::ffff:192.0.2.1"}, "192.0.2.1"},
		{"mapped prefix", "172.17.0.1:1", []string{"192.0.2.1"}, "192.0.2.1"},
		{"outside the mapped prefix", "172.32.0.1:1", []string{"192.0.2.1"}, "172.32.0.1"},
		{"IPv6", "[2001:db8:1::7]:1", []string{"2001:db8:2::1"}, "2001:db8:2::1"},
		{"IPv6 with zones", "[2001:db8:1::7%eth0]:1", []string{"fe80::1%evil\u00ff"}, "fe80::1"},
		{"ports", "10.0.0.1:1", []string{"192.0.2.1:4711, [2001:db8:1::2]:80, 10.0.0.2:80"}, "192.0.2.1"},
		{"brackets", "10.0.0.1:1", []string{"[2001:db8:2::1]"}, "2001:db8:2::1"},
		{"Unix socket", "@", []string{"192.0.2.1"}, "invalid IP"},
		{"no port", "10.0.0.1", []string{"192.0.2.1"}, "192.0.2.1"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := httptest.NewRequest("GET", "/", nil)
			r.RemoteAddr = tc.connection
			for _, line := range tc.forwarded {
				r.Header.Add("X-Forwarded-For", line)
			}
			r.Header.Set("Forwarded", "for=203.0.113.1")
			r.Header.Set("X-Real-Ip", "203.0.113.1")
			equal(t, "address", passwdhttp.TrustedProxies(proxies...)(r).String(), tc.want)
			if tc.connection != "@" {
				want := strings.TrimPrefix(tc.connection, "[")
				if got := passwdhttp.TrustedProxies()(r); got.Zone() != "" || got.Is4In6() || !strings.Contains(want, got.String()) {
					t.Errorf("without proxies: %s", got)
				}
			}
		})
	}
}

// The client that a trusted proxy names has a count of its own.
func TestClientAddr(t *testing.T) {
	s := newSite(t, passwd.Config{}, passwdhttp.Config{ClientAddr: passwdhttp.TrustedProxies(netip.MustParsePrefix("192.0.2.0/24"))})
	s.post(t, "forgot", map[string]string{"login": "ada@example.com"}, header("X-Forwarded-For", "203.0.113.9, 198.51.100.4"))
	e := s.Events.Named(passwd.EventResetRequested)
	if len(e) != 1 || e[0].Client.Addr.String() != "198.51.100.4" {
		t.Errorf("events %+v", e)
	}
}

func FuzzTrustedProxies(f *testing.F) {
	f.Add("192.0.2.1, 10.0.0.1", "10.0.0.1:1")
	f.Add("[::1]:80,,", "[fe80::1%eth0]:1")
	f.Fuzz(func(t *testing.T, forwarded, connection string) {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = connection
		r.Header.Set("X-Forwarded-For", forwarded)
		if got := passwdhttp.TrustedProxies(proxies...)(r); got.Zone() != "" || got.Is4In6() {
			t.Errorf("%q, %q: %s", forwarded, connection, got)
		}
	})
}
