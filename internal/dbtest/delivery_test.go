package dbtest_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/internal/testrun"
	"github.com/passwd-go/passwd/passwdtest"
)

// TestDeliveryTime has a link asked for and takes the time until the notifier has it,
// on every database: a person who waits for a mail does not wait for us.
func TestDeliveryTime(t *testing.T) {
	for _, s := range servers {
		t.Run(s.name, func(t *testing.T) {
			h := s.newHost(t, s.open(t), usual)
			const requests = 40
			arrived := make(chan string, requests)
			svc, err := passwd.New(passwd.Config{
				Limits: passwd.Limits{ResetRequests: passwd.Limit{Free: 1000, Window: time.Hour}},
				Store:  h.store, Keys: passwd.RandomKeys(), Hasher: passwdtest.Hasher{},
				Links: passwd.Links{Base: "https://app.example.com/password"},
				Notify: passwd.NotifierFunc(func(_ context.Context, m passwd.Message) error {
					arrived <- m.To
					return nil
				}),
			})
			if err != nil {
				t.Fatal(err)
			}
			ctx, stop := context.WithCancel(t.Context())
			ended := make(chan error)
			var took [2][]time.Duration // by Work alone, and by Run
			for n := range 2 * requests {
				running := n / requests
				if n == requests {
					go func() { ended <- svc.Run(ctx) }()
				}
				a := passwd.Account{
					Ref: passwd.Ref{Tenant: "north", ID: fmt.Sprint(100 + n)}, Email: fmt.Sprint("user", n, "@example.com"),
					Hash: "$test$old", Active: true,
				}
				a.Address = []passwd.Address{{Channel: passwd.EmailChannel, Value: a.Email}}
				if err := s.seed(ctx, h.db, usual, a); err != nil {
					t.Fatal(err)
				}
				asked := time.Now()
				if err := svc.RequestReset(ctx, passwd.RequestReset{Login: passwd.Login{Tenant: a.Ref.Tenant, Value: a.Email}, Channel: passwd.EmailChannel}); err != nil {
					t.Fatal(err)
				}
				if running == 0 {
					if _, err := svc.Work(ctx); err != nil {
						t.Fatal(err)
					}
				}
				select {
				case to := <-arrived:
					if to != a.Email {
						t.Errorf("the message is for %s, want %s", to, a.Email)
					}
				case <-time.After(time.Minute):
					t.Fatal("nothing arrived")
				}
				took[running] = append(took[running], time.Since(asked))
			}
			stop()
			if err := <-ended; err != nil {
				t.Error(err)
			}
			for _, all := range took {
				slices.Sort(all)
			}
			work, run := took[0][requests/2], took[1][requests/2]
			t.Logf("medians: %v by Work, %v by Run, whose longest is %v", work, run, took[1][requests-1])
			// The fastest ones do not tell how busy the machine is.
			if waits := took[1][0] - took[0][0]; testrun.Long() && waits > 15*time.Millisecond {
				t.Errorf("a link waits for %v", waits)
			}
		})
	}
}
