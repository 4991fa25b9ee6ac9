package passwdhttp_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/memstore"
	"github.com/passwd-go/passwd/passwdhttp"
	"github.com/passwd-go/passwd/passwdtest"
	"github.com/passwd-go/passwd/pwhash"
	"github.com/passwd-go/passwd/session"
)

// maxShare is what a page may take of the time of one hash of the default hasher,
// whatever that takes on the machine.
const maxShare = 0.01

// pageCost is a page without hashing: where it is, what is posted, and what comes.
type pageCost struct {
	name, method, path, body string
	status                   int
}

var pageCosts = []pageCost{
	{"change", "GET", "change", "", 200},
	{"change rejected", "POST", "change", "current_password=&new_password=x&{form}", 303},
	{"rejection shown", "GET", "change", "", 422},
	{"forced", "GET", "forced", "", 303},
	{"forgot", "GET", "forgot", "", 200},
	{"forgot posted", "POST", "forgot", "login=nobody", 303},
	{"sent", "GET", "forgot/sent", "", 200},
	{"forgot code", "GET", "forgot/code", "", 200},
	{"link", "GET", "reset?token=NHl3kSpAs2yA-BRVggKKhHDXBWeVXXxWOwSK8iQKHtw", "", 303},
	{"reset", "GET", "reset/new", "", 200},
	{"code", "GET", "reset/code", "", 200},
	{"cancel", "GET", "cancel", "", 200},
	{"done", "GET", "done", "", 200},
	{"devices", "GET", "devices", "", 200},
	{"end", "POST", "devices", "end=x", 303},
	{"not found", "GET", "nothing", "", 404},
}

// costly makes the pages with five devices, whose page grows by some 20 µs with each
// more, and a live link, and returns a function
// that asks for one.
func costly(tb testing.TB) func(pageCost) {
	tb.Helper()
	store, keys, clock := memstore.New(), passwd.RandomKeys(), passwdtest.NewClock()
	unlimited := passwd.Limit{Free: 1 << 30, Wait: 1, MaxWait: 1}
	kit := passwdtest.New(tb, passwd.Config{
		Store: store, Keys: keys, Now: clock.Now,
		Limits: passwd.Limits{SignIn: unlimited, Address: unlimited, ResetRequests: unlimited},
	})
	ada := kit.Add(tb, passwd.Account{Username: "ada", Email: "ada@example.com"}, current)
	manager, err := session.New(session.Config{Store: store, Keys: keys, Now: clock.Now})
	if err != nil {
		tb.Fatal(err)
	}
	in, err := kit.Service.SignIn(context.Background(), passwd.SignIn{Login: passwd.Login{Value: "ada"}, Password: current})
	if err != nil {
		tb.Fatal(err)
	}
	info := session.Info{Client: "web", DeviceName: "Work laptop", From: passwd.Client{
		Addr: netip.MustParseAddr("2001:db8::7"), UserAgent: "Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0"}}
	var own session.Pair
	for range 5 {
		if own, err = manager.Start(context.Background(), in, info); err != nil {
			tb.Fatal(err)
		}
	}
	if err := kit.Service.RequestReset(context.Background(), passwd.RequestReset{Login: passwd.Login{Value: "ada"}}); err != nil {
		tb.Fatal(err)
	}
	tokens := map[string]string{"code": string(kit.Deliver(tb)[0].Token)}
	tokens["reset"] = tokens["code"]
	bob := kit.Add(tb, passwd.Account{Username: "bob", Email: "bob@example.com"}, current)
	if _, err := kit.Service.Change(context.Background(), passwd.Change{Account: bob, Current: current, New: next}); err != nil {
		tb.Fatal(err)
	}
	tokens["cancel"] = tokenOf(tb, kit.Deliver(tb)[0].Link)
	h, err := passwdhttp.Pages(passwdhttp.Config{
		Service: kit.Service, Sessions: manager, Name: "Demo", ConfirmField: true,
		Authenticate: func(*http.Request) (passwdhttp.Principal, error) {
			return passwdhttp.Principal{Account: ada, Epoch: in.Epoch, Session: own.Session.ID, Username: "ada"}, nil
		},
	})
	if err != nil {
		tb.Fatal(err)
	}
	page := httptest.NewRecorder()
	h.ServeHTTP(page, httptest.NewRequest("GET", base+"/change", nil))
	form := url.Values{"form": {hiddenIn(page.Body.String(), "form")}}.Encode()
	var rejection []*http.Cookie // what the page goes by that the POST leads to
	return func(p pageCost) {
		r := httptest.NewRequest(p.method, base+"/"+p.path, strings.NewReader(strings.ReplaceAll(p.body, "{form}", form)))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Accept-Language", "de-AT,de;q=0.9,en;q=0.8")
		for name, token := range tokens {
			r.AddCookie(&http.Cookie{Name: "__Host-passwd-" + name, Value: token})
		}
		if p.name == "rejection shown" {
			for _, c := range rejection {
				r.AddCookie(c)
			}
		}
		w := httptest.NewRecorder()
		if h.ServeHTTP(w, r); w.Code != p.status {
			tb.Fatalf("%s %s: %d, want %d; to %q", p.method, p.path, w.Code, p.status, w.Header().Get("Location"))
		}
		if p.name == "change rejected" {
			rejection = w.Result().Cookies()
		}
	}
}

// hashTime returns what one hash takes: the least of ten.
func hashTime(tb testing.TB) time.Duration {
	tb.Helper()
	best := time.Hour
	for range 10 {
		began := time.Now()
		if _, err := (pwhash.Argon2id{}).Hash(context.Background(), current); err != nil {
			tb.Fatal(err)
		}
		best = min(best, time.Since(began))
	}
	return best
}

// least asks for a page as long as more says so, and returns the least share of
// the time of a hash that it took: a busy machine does not spoil that.
func least(ask func(pageCost), p pageCost, hash time.Duration, more func() bool) float64 {
	best := time.Hour
	for more() {
		began := time.Now()
		ask(p)
		best = min(best, time.Since(began))
	}
	return float64(best) / float64(hash)
}

// Pages without hashing cost next to nothing: of the time of one hash, measured in
// the same run, each takes less than a hundredth. The metric is that share, in per
// cent.
func BenchmarkPages(b *testing.B) {
	hash := hashTime(b)
	ask := costly(b)
	for _, p := range pageCosts {
		b.Run(p.name, func(b *testing.B) {
			b.ReportAllocs()
			share := least(ask, p, hash, b.Loop)
			b.ReportMetric(100*share, "%/hash")
			if b.N >= 100 && share > maxShare {
				b.Errorf("%.2f %% of a hash, which takes %v", 100*share, hash)
			}
		})
	}
}

// TestCostOfPages holds the same without a benchmark.
func TestCostOfPages(t *testing.T) {
	if os.Getenv("PASSWD_TEST_LONG") == "" {
		t.Skip("measures: set PASSWD_TEST_LONG to run it")
	}
	hash := hashTime(t)
	ask := costly(t)
	for _, p := range pageCosts {
		n := 0
		share := least(ask, p, hash, func() bool { n++; return n <= 200 })
		t.Logf("%-16s %.3f %% of a hash", p.name, 100*share)
		if share > maxShare {
			t.Errorf("%s: %.2f %% of a hash, which takes %v", p.name, 100*share, hash)
		}
	}
}
