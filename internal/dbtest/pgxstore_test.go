package dbtest_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/internal/testrun"
	"github.com/passwd-go/passwd/passwdtest"
	"github.com/passwd-go/passwd/sqlstore"
	"github.com/passwd-go/passwd/sqlstore/pgxstore"
	"github.com/passwd-go/passwd/storetest"
)

// pgxHost is a host that has its database by a pool of pgx.
type pgxHost struct {
	*host // for what is seeded and looked at
	pool  *pgxpool.Pool
	store *pgxstore.Store
}

func newPgxHost(t testing.TB, u sqlstore.Users, connections int, edit ...func(*pgxpool.Config)) *pgxHost {
	t.Helper()
	h := &pgxHost{host: onPostgres.newHost(t, onPostgres.open(t), u)}
	h.pool = h.newPool(connections, edit...)
	h.store = h.newStore(h.pool)
	return h
}

func (h *pgxHost) newPool(connections int, edit ...func(*pgxpool.Config)) *pgxpool.Pool {
	h.t.Helper()
	address, err := on(postgresAddress(), column(h.t, h.db, "SELECT current_database()")[0])
	if err != nil {
		h.t.Fatal(err)
	}
	config, err := pgxpool.ParseConfig(address.String())
	if err != nil {
		h.t.Fatal(err)
	}
	config.MaxConns = int32(connections)
	for _, edit := range edit {
		edit(config)
	}
	pool, err := pgxpool.NewWithConfig(h.t.Context(), config)
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(pool.Close)
	return pool
}

func (h *pgxHost) newStore(pool *pgxpool.Pool) *pgxstore.Store {
	h.t.Helper()
	store, err := pgxstore.New(pool, sqlstore.Config{Users: h.users, MaxJobs: 64})
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() {
		if err := store.Close(); err != nil {
			h.t.Error(err)
		}
	})
	return store
}

// fixture is that of the host's store, with the pool's in its place.
func (h *pgxHost) fixture(m mapping) storetest.Fixture {
	f := h.host.fixture(m)
	f.Open = func() (passwd.Store, error) {
		h.empty()
		return h.store, nil
	}
	second := h.newStore(h.pool)
	f.Reopen = func(passwd.Store) (passwd.Store, error) { return second, nil }
	return f
}

func (h *pgxHost) begin(ctx context.Context, options pgx.TxOptions) (storetest.Transaction, error) {
	ctx = context.WithoutCancel(ctx)
	tx, err := h.pool.BeginTx(ctx, options)
	if err != nil {
		return storetest.Transaction{}, err
	}
	return storetest.Transaction{
		Store: h.store.Within(tx),
		Seed: func(ctx context.Context, accounts ...passwd.Account) error {
			return h.seed(ctx, pgxExecer{tx}, accounts...)
		},
		End: func(commit bool) error {
			if commit {
				return tx.Commit(ctx)
			}
			return tx.Rollback(ctx)
		},
	}, nil
}

// pgxExecer runs what a host writes in its transaction.
type pgxExecer struct{ tx pgx.Tx }

func (e pgxExecer) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	tag, err := e.tx.Exec(ctx, query, args...)
	return driver.RowsAffected(tag.RowsAffected()), err
}

// TestPgxPool holds the store on a pool to its contract, and inside the transactions that
// hosts begin on it, with the ways that pgx has to send statements.
func TestPgxPool(t *testing.T) {
	for name, mode := range map[string]pgx.QueryExecMode{
		"as it is": pgx.QueryExecModeCacheStatement, "exec": pgx.QueryExecModeExec, "simple protocol": pgx.QueryExecModeSimpleProtocol,
	} {
		for _, m := range mappings()[:3] {
			t.Run(name+"/"+m.name, func(t *testing.T) {
				t.Parallel()
				if name != "as it is" || m.name != "usual" {
					testrun.NeedCI(t)
				}
				h := newPgxHost(t, m.users, 16, func(c *pgxpool.Config) { c.ConnConfig.DefaultQueryExecMode = mode })
				if err := errors.Join(h.store.Migrate(t.Context()), h.store.Verify(t.Context())); err != nil {
					t.Fatal(err)
				}
				storetest.Run(t, h.fixture(m))
				for _, level := range []pgx.TxIsoLevel{"", pgx.Serializable} {
					t.Run("within "+string(level), func(t *testing.T) {
						if level != "" {
							testrun.NeedCI(t)
						}
						storetest.RunWithin(t, h.fixture(m), func(ctx context.Context, _ passwd.Store) (storetest.Transaction, error) {
							return h.begin(ctx, pgx.TxOptions{IsoLevel: level})
						})
					})
				}
			})
		}
	}
}

func TestPgxConfig(t *testing.T) {
	pool, err := pgxpool.New(t.Context(), "postgres://nobody@127.0.0.1:1/none")
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	for want, test := range map[string]struct {
		pool   *pgxpool.Pool
		config sqlstore.Config
	}{
		"pgxstore: New: pool is nil":                          {nil, sqlstore.Config{Users: usual}},
		`pgxstore: Config.Dialect: "mysql" is not PostgreSQL`: {pool, sqlstore.Config{Dialect: sqlstore.MySQL, Users: usual}},
		"sqlstore: Config.Users.Table: required":              {pool, sqlstore.Config{}},
	} {
		if _, err := pgxstore.New(test.pool, test.config); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("error %v, want %s", err, want)
		}
	}
}

// A transaction that has ended, or whose connection is gone, takes nothing.
func TestPgxTxEnded(t *testing.T) {
	h := newPgxHost(t, usual, 4)
	a := h.user("1")
	tx, err := h.pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	inside := h.store.Within(tx)
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := inside.Apply(t.Context(), replacement(a, "$test$new")); !errors.Is(err, sqlstore.ErrTxDead) || !errors.Is(err, pgx.ErrTxClosed) {
		t.Errorf("Apply: %v", err)
	}
	if _, err := inside.Get(t.Context(), a.Ref); !errors.Is(err, pgx.ErrTxClosed) {
		t.Errorf("Get: %v", err)
	}
	if now := h.get(a.Ref); now.Hash != a.Hash {
		t.Error("the hash has changed")
	}
}

// outside counts the calls of a limiter that lives elsewhere.
type outside struct {
	passwd.Limiter
	calls int
}

func (o *outside) Do(ctx context.Context, now time.Time, steps ...passwd.Step) ([]passwd.Taken, error) {
	o.calls++
	return o.Limiter.Do(ctx, now, steps...)
}

// In the host's transaction no call takes a second connection: the pool has one. The calls
// that count do so with the limiter, which here is elsewhere, and these are all of them.
func TestPgxOneConnection(t *testing.T) {
	u := usual
	u.Tenant, u.TenantType = "", 0
	h := newPgxHost(t, u, 1)
	limiter := &outside{Limiter: passwd.NewMemoryLimiter(0)}
	mail := &passwdtest.Mailbox{}
	service, err := passwd.New(passwd.Config{
		Store: h.store, Keys: passwd.RandomKeys(), Notify: mail, Limiter: limiter, Hasher: passwdtest.Hasher{},
		Links: passwd.Links{Base: "https://example.com/account/password"},
	})
	if err != nil {
		t.Fatal(err)
	}
	const current, next = "the current password", "a quite different one"
	hash, err := passwdtest.Hasher{}.Hash(t.Context(), current)
	if err != nil {
		t.Fatal(err)
	}
	ref := passwd.Ref{ID: "1"}
	login := passwd.Login{Value: "ada"}
	counts := map[string]bool{
		"SignIn": true, "Change": true, "ChangeByLogin": true, "RequestReset": true, "RequestCode": true,
		"RevealMatches": true, "Check": true, "Reset": true, "CheckReset": true, "TokenAccount": true, "CancelReset": true,
		"ChangeWithTicket": true, "RedeemCode": true, "CodeTriesLeft": true, "Forget": true,
	}
	var inside *sqlstore.Store
	calls := map[string]func(context.Context, *passwd.Service) error{
		"SignIn": func(ctx context.Context, s *passwd.Service) error {
			_, err := s.SignIn(ctx, passwd.SignIn{Login: login, Password: current})
			return err
		},
		"Change": func(ctx context.Context, s *passwd.Service) error {
			_, err := s.Change(ctx, passwd.Change{Account: ref, Current: current, New: next})
			return err
		},
		"ChangeByLogin": func(ctx context.Context, s *passwd.Service) error {
			_, err := s.ChangeByLogin(ctx, passwd.ChangeByLogin{Login: login, Current: current, New: next, Always: true})
			return err
		},
		"RequestReset": func(ctx context.Context, s *passwd.Service) error {
			return s.RequestReset(ctx, passwd.RequestReset{Login: login})
		},
		"RequestCode": func(ctx context.Context, s *passwd.Service) error {
			_, err := s.RequestCode(ctx, passwd.RequestCode{Login: login})
			return err
		},
		"RevealMatches": func(ctx context.Context, s *passwd.Service) error {
			_, err := s.RevealMatches(ctx, login, passwd.Client{})
			return err
		},
		"Check": func(ctx context.Context, s *passwd.Service) error {
			_, err := s.Check(ctx, passwd.Check{Account: ref, Password: next})
			return err
		},
		"SetFirst": func(ctx context.Context, s *passwd.Service) error {
			_, err := s.SetFirst(ctx, passwd.Ref{ID: "2"}, next, passwd.Client{})
			return err
		},
		"IssueTemporary": func(ctx context.Context, s *passwd.Service) error {
			_, err := s.IssueTemporary(ctx, passwd.IssueTemporary{Account: ref})
			return err
		},
		"RequireChange": func(ctx context.Context, s *passwd.Service) error {
			return s.RequireChange(ctx, passwd.RequireChange{Account: ref, Reason: passwd.Administrator})
		},
		"LiftChange": func(ctx context.Context, s *passwd.Service) error {
			return s.LiftChange(ctx, passwd.LiftChange{Account: ref})
		},
		"Ticket": func(ctx context.Context, s *passwd.Service) error {
			if err := s.RequireChange(ctx, passwd.RequireChange{Account: ref, Reason: passwd.Administrator}); err != nil {
				return err
			}
			a, err := inside.Get(ctx, ref)
			if err != nil {
				return err
			}
			_, err = s.Ticket(ctx, passwd.SignedIn{Account: ref, Epoch: a.Epoch, Must: passwd.Administrator})
			return err
		},
		"MarkCompromised": func(ctx context.Context, s *passwd.Service) error {
			return s.MarkCompromised(ctx, passwd.MarkCompromised{Account: ref})
		},
		"Revoke": func(ctx context.Context, s *passwd.Service) error {
			_, err := s.Revoke(ctx, passwd.Revoke{Account: ref})
			return err
		},
		"Forget": func(ctx context.Context, s *passwd.Service) error { return s.Forget(ctx, ref) },
		"Live": func(ctx context.Context, s *passwd.Service) error {
			_, err := s.Live(ctx, ref, 0)
			if errors.Is(err, passwd.ErrEnded) {
				err = nil // an epoch that nobody has been given
			}
			return err
		},
		"Requirements": func(ctx context.Context, s *passwd.Service) error {
			_, err := s.Requirements(ctx, passwd.Account{Ref: ref})
			return err
		},
		"NewHash": func(ctx context.Context, s *passwd.Service) error {
			_, err := s.NewHash(ctx, passwd.Account{Ref: ref}, next)
			return err
		},
	}
	for name, call := range calls {
		t.Run(name, func(t *testing.T) {
			h.empty()
			for id, hash := range map[string]passwd.Hash{"1": hash, "2": ""} {
				a := passwd.Account{Ref: passwd.Ref{ID: id}, Username: map[string]string{"1": "ada", "2": "grace"}[id], Active: true, Hash: hash}
				if err := h.seed(t.Context(), h.db, a); err != nil {
					t.Fatal(err)
				}
			}
			ctx, cancel := context.WithTimeout(t.Context(), testrun.Patience(t))
			defer cancel()
			tx, err := h.pool.Begin(ctx)
			if err != nil {
				t.Fatal(err)
			}
			defer tx.Rollback(ctx)
			limiter.calls, inside = 0, h.store.Within(tx)
			if err := call(ctx, service.With(inside)); err != nil {
				t.Error(err)
			}
			if counted := limiter.calls > 0; counted != counts[name] {
				t.Errorf("it has called the limiter: %t", counted)
			}
			if err := tx.Commit(ctx); err != nil {
				t.Error(err)
			}
		})
	}
	// What needs a token, and so a delivery before, counts as well.
	for name := range counts {
		if _, ok := reflect.TypeFor[*passwd.Service]().MethodByName(name); !ok {
			t.Errorf("there is no %s", name)
		}
	}
}

// Transactions that change passwords, twice as many at once as the pool has connections:
// with a pool for the limiter none waits for another in vain.
func TestPgxLimiterApart(t *testing.T) {
	const connections, crowd = 4, 8
	u := usual
	u.Tenant, u.TenantType = "", 0
	h := newPgxHost(t, u, connections)
	service, err := passwd.New(passwd.Config{
		Store: h.store, Limiter: h.newStore(h.newPool(1)), Keys: passwd.RandomKeys(), Notify: &passwdtest.Mailbox{}, Hasher: passwdtest.Hasher{},
		Links: passwd.Links{Base: "https://example.com/account/password"},
	})
	if err != nil {
		t.Fatal(err)
	}
	hash, err := passwdtest.Hasher{}.Hash(t.Context(), "the current password")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), testrun.Patience(t))
	defer cancel()
	var all sync.WaitGroup
	var begun atomic.Int32
	full := make(chan struct{}) // closed when transactions have all connections
	for i := range crowd {
		a := passwd.Account{Ref: passwd.Ref{ID: fmt.Sprint(i + 1)}, Username: fmt.Sprint("user", i), Active: true, Hash: hash}
		if err := h.seed(ctx, h.db, a); err != nil {
			t.Fatal(err)
		}
		all.Go(func() {
			err := pgx.BeginFunc(ctx, h.pool, func(tx pgx.Tx) error {
				if begun.Add(1) == connections {
					close(full)
				}
				<-full
				_, err := service.With(h.store.Within(tx)).Change(ctx, passwd.Change{
					Account: a.Ref, Current: "the current password", New: fmt.Sprint("a quite different one ", i),
				})
				return err
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for i := range crowd {
		if h.get(passwd.Ref{ID: fmt.Sprint(i + 1)}).Hash == hash {
			t.Errorf("account %d has its old password", i+1)
		}
	}
}
