package passwd_test

import (
	"context"
	"net/url"
	"strings"
	"testing"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/memstore"
	"github.com/passwd-go/passwd/passwdtest"
)

// Behind a "#", no server sees the token, nor the user key: the rest of the link is
// the same for everybody (ASVS 14.2.1).
func TestFragmentLinks(t *testing.T) {
	const base = "https://id.example.org/account/pw"
	for _, form := range []bool{false, true} {
		for fragments, separator := range map[bool]string{false: "?", true: "#"} {
			kit := passwdtest.New(t, passwd.Config{Links: passwd.Links{
				Base: base, FragmentNeedsJavaScript: fragments,
			}})
			kit.Add(t, ada(), adaPassword)
			err := kit.Service.RequestReset(ctx, passwd.RequestReset{Login: login("ada"), UserKey: form, Client: home})
			if err != nil {
				t.Fatal(err)
			}
			m := kit.Deliver(t)[0]
			want := url.Values{"token": {string(m.Token)}}
			if form {
				want.Set("user", m.User)
			}
			if got := base + "/reset" + separator + want.Encode(); m.Link != got {
				t.Errorf("form %t: link %s, want %s", form, m.Link, got)
			}
			if _, err := kit.Service.Reset(ctx, passwd.Reset{Token: m.Token, New: newPassword, Client: home}); err != nil {
				t.Fatal(err)
			}
			notices := 0
			for _, notice := range kit.Deliver(t) {
				token, found := strings.CutPrefix(notice.Link, base+"/cancel"+separator+"token=")
				if !found || len(token) != 43 {
					t.Errorf("notice %s", notice.Link)
				}
				notices++
			}
			if notices == 0 {
				t.Error("no notice")
			}
		}
	}
}

// The base of a tenant has its fragment as well.
func TestFragmentLinksOfTenants(t *testing.T) {
	kit := passwdtest.New(t, passwd.Config{Links: passwd.Links{
		Base: "https://id.example.org", FragmentNeedsJavaScript: true,
		For: func(_ context.Context, a passwd.Account) string { return "https://" + a.Username + ".example.org/pw" },
	}})
	kit.Add(t, ada(), adaPassword)
	if err := kit.Service.RequestReset(ctx, passwd.RequestReset{Login: login("ada"), Client: home}); err != nil {
		t.Fatal(err)
	}
	m := kit.Deliver(t)[0]
	if want := "https://ada.example.org/pw/reset#token=" + string(m.Token); m.Link != want {
		t.Errorf("link %s, want %s", m.Link, want)
	}
}

func TestPlainHTTP(t *testing.T) {
	for base, want := range map[string]bool{
		"https://app.example.com/p":   false,
		"http://localhost:8080/p":     false,
		"http://app.localhost/p":      false,
		"http://127.0.0.1:8080":       false,
		"http://127.8.9.1":            false,
		"http://[::1]:8080":           false,
		"http://nas:8080/p":           true,
		"HTTP://intranet.example/p":   true,
		"http://192.168.1.7/p":        true,
		"http://localhost.example/p":  true,
		"http://localhost.:8080/p":    true, // browsers may keep the cookie, or not
		"https://192.168.1.7:8443/pw": false,
	} {
		links := passwd.Links{Base: base, InsecureHTTP: true}
		if got := links.PlainHTTP(); got != want {
			t.Errorf("%s: %v, want %v", base, got, want)
		}
		kit := passwdtest.New(t, passwd.Config{Links: links})
		if got := kit.Service.Links(); got.Base != base || !got.InsecureHTTP {
			t.Errorf("%s: the service says %+v", base, got)
		}
	}
}

// A link is ASCII whatever its host is written in, so that it works in every mail
// program (RFC 5890).
func TestInternationalizedLinks(t *testing.T) {
	for base, want := range map[string]string{
		"https://bücher.example/pw":        "https://xn--bcher-kva.example/pw",
		"https://BÜCHER.example:8443/pw":   "https://xn--bcher-kva.example:8443/pw",
		"https://b%C3%BCcher.example/pw":   "https://xn--bcher-kva.example/pw",
		"https://例え.テスト":                   "https://xn--r8jz45g.xn--zckzah",
		"https://xn--bcher-kva.example/pw": "https://xn--bcher-kva.example/pw",
		"https://[2001:db8::1]:8443/pw":    "https://[2001:db8::1]:8443/pw",
	} {
		for _, tenant := range []bool{false, true} {
			links := passwd.Links{Base: base}
			if tenant {
				links = passwd.Links{Base: "https://app.example.com", For: func(context.Context, passwd.Account) string { return base }}
			}
			kit := passwdtest.New(t, passwd.Config{Links: links})
			kit.Add(t, ada(), adaPassword)
			if err := kit.Service.RequestReset(ctx, passwd.RequestReset{Login: login("ada"), Client: home}); err != nil {
				t.Fatal(err)
			}
			m := kit.Deliver(t)[0]
			if want := want + "/reset?token=" + string(m.Token); m.Link != want {
				t.Errorf("%s: link %s, want %s", base, m.Link, want)
			}
		}
	}
	for _, base := range []string{"https://bü_cher.example", "https://☺.example", "https://bücher..example", "https://b%C3%BCcher%20.example", "https://ex%00ämple"} {
		cfg := passwd.Config{Store: memstore.New(), Keys: passwd.RandomKeys(), Notify: &passwdtest.Mailbox{}, Links: passwd.Links{Base: base}}
		if _, err := passwd.New(cfg); err == nil || !strings.Contains(err.Error(), "Links.Base") {
			t.Errorf("%s: %v", base, err)
		}
	}
}

// Each kind of link leads to a page of the host's own, wherever that is.
func TestOwnLinks(t *testing.T) {
	const token = "T"
	for _, tc := range []struct {
		name, own string
		fragments bool
		want      string
	}{
		{"another origin", "https://spa.example.com/set-password", false, "https://spa.example.com/set-password?token=T"},
		{"a query", "https://spa.example.com/set-password?lang=de", false, "https://spa.example.com/set-password?lang=de&token=T"},
		{"behind a #", "https://spa.example.com/set-password?lang=de", true, "https://spa.example.com/set-password?lang=de#token=T"},
		{"a route", "https://spa.example.com/#/reset", false, "https://spa.example.com/#/reset?token=T"},
		{"a route all the same", "https://spa.example.com/#/reset", true, "https://spa.example.com/#/reset?token=T"},
		{"a route with parameters", "https://spa.example.com/app?x=1#!/reset?lang=de", false, "https://spa.example.com/app?x=1#!/reset?lang=de&token=T"},
		{"an international host", "https://bücher.example/reset", false, "https://xn--bcher-kva.example/reset?token=T"},
		{"a loopback host", "http://localhost:5173/#/reset", false, "http://localhost:5173/#/reset?token=T"},
		{"none", "", false, "https://id.example.org/pw/reset?token=T"},
	} {
		kit := passwdtest.New(t, passwd.Config{Links: passwd.Links{Base: "https://id.example.org/pw", Reset: tc.own, FragmentNeedsJavaScript: tc.fragments}})
		kit.Add(t, ada(), adaPassword)
		if err := kit.Service.RequestReset(ctx, passwd.RequestReset{Login: login("ada")}); err != nil {
			t.Fatal(err)
		}
		m := kit.Deliver(t)[0]
		if got := strings.Replace(m.Link, string(m.Token), token, 1); got != tc.want {
			t.Errorf("%s: %s, want %s", tc.name, got, tc.want)
		}
		if _, err := kit.Service.Reset(ctx, passwd.Reset{Token: m.Token, New: newPassword}); err != nil {
			t.Fatal(err)
		}
		for _, notice := range kit.Deliver(t) {
			if !strings.HasPrefix(notice.Link, "https://id.example.org/pw/cancel") {
				t.Errorf("%s: a notice leads to %s", tc.name, notice.Link)
			}
		}
	}
}

// The kinds are apart, and a tenant's domain is that of its base.
func TestOwnLinksOfEachKind(t *testing.T) {
	kit := passwdtest.New(t, passwd.Config{Links: passwd.Links{
		Base: "https://id.example.org", Cancel: "https://spa.example.com/#/not-me", Forgot: "https://spa.example.com/#/forgot",
		For: func(_ context.Context, a passwd.Account) string {
			if a.Username == "grace" {
				return "https://grace.example.net:8443/pw"
			}
			return ""
		},
	}})
	for name, want := range map[string]string{"ada": "https://spa.example.com/#/not-me?token=", "grace": "https://grace.example.net:8443/#/not-me?token="} {
		r := kit.Add(t, passwd.Account{Username: name, Email: name + "@example.com"}, adaPassword)
		if _, err := kit.Service.Change(ctx, passwd.Change{Account: r, Current: adaPassword, New: newPassword}); err != nil {
			t.Fatal(err)
		}
		if got := kit.Deliver(t)[0].Link; !strings.HasPrefix(got, want) {
			t.Errorf("%s: %s, want %s…", name, got, want)
		}
	}
}

// What cannot work is refused at the start, all of it.
func TestOwnLinksRefused(t *testing.T) {
	for own, want := range map[string]string{
		"/reset":                                "absolute URL",
		"myapp://reset":                         `scheme "myapp"`,
		"http://spa.example.com/reset":          "must be https",
		"https://u:p@spa.example.com/reset":     "user info",
		"https://spa.example.com/#reset":        "no route",
		"https://spa.example.com/reset#":        "no route",
		"https://spa.example.com/reset?token=x": "parameter token",
		"https://spa.example.com/#/r?user=x":    "parameter token or user",
		"https://spa.example.com/?%zz":          "does not parse",
		"https://spa.example.com/\x00":          "does not parse",
	} {
		_, err := passwd.New(passwd.Config{
			Store: memstore.New(), Keys: passwd.RandomKeys(), Notify: passwd.NotifierFunc(nil),
			Links: passwd.Links{Base: "https://id.example.org", Reset: own, Invitation: own},
		})
		if err == nil || !strings.Contains(err.Error(), "Links.Reset: ") || !strings.Contains(err.Error(), "Links.Invitation: ") || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", own, err, want)
		}
	}
}
