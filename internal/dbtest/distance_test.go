package dbtest_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/internal/testrun"
	"github.com/passwd-go/passwd/pwhash"
)

// TestDistance has a database that is some milliseconds away, and takes the time of each
// flow: what a host sees of the round trips. A right sign-in, with a hash as the default
// is, takes at most a tenth more than that hash, and six round trips.
func TestDistance(t *testing.T) {
	testrun.NeedLong(t)
	for _, s := range remoteServers {
		for _, away := range []time.Duration{0, time.Millisecond, 5 * time.Millisecond} {
			t.Run(s.name+"/"+away.String(), func(t *testing.T) {
				through, _, r := s.relayed(t)
				r.delay = away
				f := newFlows(t, s, through, usual)
				f.all(func(_ string, flow func()) { flow() })
				trip := median(func() {
					if err := through.PingContext(t.Context()); err != nil {
						t.Fatal(err)
					}
				})
				t.Logf("%-36s %7.2f ms", "a round trip", ms(trip))
				took := map[string][]time.Duration{}
				var names []string
				for range 7 {
					f.all(func(name string, flow func()) {
						if took[name] == nil {
							names = append(names, name)
						}
						begin := time.Now()
						flow()
						took[name] = append(took[name], time.Since(begin))
					})
				}
				for _, name := range names {
					slices.Sort(took[name])
					t.Logf("%-36s %7.2f ms", name, ms(took[name][len(took[name])/2]))
				}

				in, hash := f.realSignIn(t, s)
				most := hash + hash/10 + 6*trip
				t.Logf("%-36s %7.2f ms, of which a hash takes %.2f; at most %.2f", "sign-in, with Argon2id", ms(in), ms(hash), ms(most))
				if in > most {
					t.Errorf("a sign-in takes %v, want at most %v", in, most)
				}
			})
		}
	}
}

// realSignIn is how long a right sign-in takes with the default hash, and the hash alone.
// They take turns, for the machine may be busy with something else for a while.
func (f *flows) realSignIn(t *testing.T, s *server) (in, hash time.Duration) {
	hasher := pwhash.Argon2id{}
	h, err := hasher.Hash(t.Context(), firstPassword)
	f.must(err)
	l, ref := f.login()
	_, err = f.h.db.ExecContext(t.Context(), "UPDATE users SET password_hash = "+s.placeholders(1)+" WHERE id = "+ref.ID, string(h))
	f.must(err)
	svc, err := passwd.New(passwd.Config{
		Store: f.h.store, Keys: passwd.RandomKeys(), Links: passwd.Links{Base: "https://app.example.com/password"},
		Notify: passwd.NotifierFunc(func(context.Context, passwd.Message) error { return nil }),
	})
	f.must(err)
	var ins, hashes []time.Duration
	for n := range 16 {
		begin := time.Now()
		_, err := svc.SignIn(t.Context(), passwd.SignIn{Login: l, Password: firstPassword, Client: f.client})
		f.must(err)
		between := time.Now()
		_, err = hasher.Verify(t.Context(), h, firstPassword)
		f.must(err)
		if n > 0 { // the network is not known before
			ins, hashes = append(ins, between.Sub(begin)), append(hashes, time.Since(between))
		}
	}
	slices.Sort(ins)
	slices.Sort(hashes)
	return ins[len(ins)/2], hashes[len(hashes)/2]
}

// median is how long f takes, when it has run before.
func median(f func()) time.Duration {
	var took []time.Duration
	for n := range 16 {
		begin := time.Now()
		f()
		if n > 0 {
			took = append(took, time.Since(begin))
		}
	}
	slices.Sort(took)
	return took[len(took)/2]
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
