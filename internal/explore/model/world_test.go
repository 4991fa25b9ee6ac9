package model_test

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	_ "modernc.org/sqlite"

	"pgregory.net/rapid"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/internal/explore/model"
	"github.com/passwd-go/passwd/memstore"
	"github.com/passwd-go/passwd/pwhash"
	"github.com/passwd-go/passwd/pwpolicy"
	"github.com/passwd-go/passwd/session"
	"github.com/passwd-go/passwd/sqlstore"
)

var ctx = context.Background()

// maxJobs is small, so that histories fill the queue.
const maxJobs = 25

var limits = passwd.Limits{
	SignIn:        passwd.Limit{Free: 4, Wait: time.Second, MaxWait: time.Minute},
	StopAfter:     9,
	Address:       passwd.Limit{Free: 25, Window: 10 * time.Minute},
	ResetRequests: passwd.Limit{Free: 12, Window: time.Hour},
	Checks:        passwd.Limit{Free: 4, Window: time.Minute},
	LiveLinks:     2,
}

const day = 24 * time.Hour

var policies = map[string]model.Policy{
	"":      {Min: 15},
	"north": {Min: 10, Last: 3, Age: 30 * day, Warn: 5 * day, Grace: 2 * day},
	"south": {Min: 10, Last: 1, MinAge: 24 * time.Hour},
}

var madePolicies = map[string]pwpolicy.Policy{
	"": policyOf(policies[""]), "north": policyOf(policies["north"]), "south": policyOf(policies["south"]),
}

func policyOf(p model.Policy) pwpolicy.Policy {
	rules := []pwpolicy.Rule{pwpolicy.Length{Min: p.Min}}
	if p.Last > 0 {
		rules = append(rules, pwpolicy.NotReused{Last: p.Last})
	}
	if p.MinAge > 0 {
		rules = append(rules, pwpolicy.MinAge{Hours: int(p.MinAge / time.Hour)})
	}
	if p.Age > 0 {
		rules = append(rules, pwpolicy.MaxAge{Days: int(p.Age / day), WarnDays: int(p.Warn / day), GraceDays: int(p.Grace / day)})
	}
	made, err := pwpolicy.New(rules...)
	if err != nil {
		panic(err)
	}
	return made
}

// hasher is a salted SHA-256 with an earlier form, which is stale.
type hasher struct{}

const (
	earlierForm = "$old$"
	presentForm = "$new$"
)

var salts int

func hashOf(form, password string) passwd.Hash {
	salts++
	salt := fmt.Sprint(salts)
	sum := sha256.Sum256([]byte(salt + password))
	return passwd.Hash(form + salt + "$" + hex.EncodeToString(sum[:]))
}

func (hasher) Hash(_ context.Context, password string) (passwd.Hash, error) {
	return hashOf(presentForm, password), nil
}

func (hasher) Verify(_ context.Context, h passwd.Hash, password string) (pwhash.Verdict, error) {
	if !strings.HasPrefix(string(h), earlierForm) && !strings.HasPrefix(string(h), presentForm) {
		return pwhash.Verdict{}, pwhash.ErrFormat
	}
	salt, want, _ := strings.Cut(string(h[len(presentForm):]), "$")
	sum := sha256.Sum256([]byte(salt + password))
	match := want == hex.EncodeToString(sum[:])
	return pwhash.Verdict{Match: match, Stale: match && strings.HasPrefix(string(h), earlierForm)}, nil
}

// backend is a store with all that a service may want of one.
type backend interface {
	passwd.Store
	passwd.Queue
	session.Store
}

// watched is a store that tells which jobs came and what became of them.
type watched struct {
	backend
	queue  passwd.Queue // the backend, or one apart
	now    func() time.Time
	put    []string // ids of jobs, absorbed or not
	worked []claim
}

// claim is a job that was taken in hand.
type claim struct {
	id    string
	retry time.Time // zero if it is done
}

func (w *watched) Put(ctx context.Context, j passwd.Job) error {
	err := w.queue.Put(ctx, j)
	if err == nil {
		w.put = append(w.put, j.ID)
	}
	return err
}

func (w *watched) Apply(ctx context.Context, write passwd.Write) (int64, error) {
	epoch, err := w.backend.Apply(ctx, write)
	for _, j := range write.Jobs {
		if err == nil {
			w.put = append(w.put, j.ID)
		}
	}
	return epoch, err
}

func (w *watched) Done(ctx context.Context, id string) error { return w.queue.Done(ctx, id) }

func (w *watched) Claim(ctx context.Context, n int, lease time.Duration, now time.Time) ([]passwd.Job, error) {
	jobs, err := w.queue.Claim(ctx, n, lease, now)
	for _, j := range jobs {
		w.worked = append(w.worked, claim{id: j.ID})
	}
	return jobs, err
}

// Retry takes the jitter out, so that a history can be repeated: at is between a half
// and the whole of a time that doubles from one second up to 4 minutes, and is 10
// minutes then.
func (w *watched) Retry(ctx context.Context, id string, at time.Time) error {
	until := at.Sub(w.now())
	if until <= time.Millisecond/2 || until > 10*time.Minute+time.Millisecond {
		return fmt.Errorf("tried again in %v", until)
	}
	without := time.Second / 2
	for without*2 <= until-time.Millisecond && without < 128*time.Second {
		without *= 2
	}
	if until > 300*time.Second {
		without = 300 * time.Second
	}
	at = w.now().Add(without)
	for i := range w.worked {
		if w.worked[i].id == id {
			w.worked[i].retry = at
		}
	}
	return w.queue.Retry(ctx, id, at)
}

// host is the application whose users they are.
type host interface {
	open(t testing.TB) (backend, passwd.Limiter, bool) // empty; whether the limiter forgets
	present() model.Present
	save(a *model.Account, h passwd.Hash)
	remove(r passwd.Ref)
}

func confirmed(a *model.Account) (own []passwd.Address) {
	if a.Email != "" && a.EmailConfirmed {
		own = append(own, passwd.Address{Channel: passwd.EmailChannel, Value: a.Email})
	}
	if a.Mobile != "" && a.MobileConfirmed {
		own = append(own, passwd.Address{Channel: passwd.SMSChannel, Value: a.Mobile})
	}
	return own
}

// inMemory is a host whose table is the memstore.
type inMemory struct {
	store *memstore.Store
	apart bool // the queue is another
}

func (h *inMemory) open(testing.TB) (backend, passwd.Limiter, bool) {
	h.store = &memstore.Store{MaxJobs: maxJobs}
	return h.store, passwd.NewMemoryLimiter(0), false
}

func (*inMemory) present() model.Present {
	return model.Present{}
}

func (h *inMemory) save(a *model.Account, hash passwd.Hash) {
	edit := func(stored *passwd.Account) {
		stored.Ref, stored.Username, stored.Email, stored.Mobile = a.Ref, a.Username, a.Email, a.Mobile
		stored.Address, stored.Active, stored.Disabled, stored.Hash = confirmed(a), a.Active, a.Disabled, hash
	}
	if h.store.Update(a.Ref, edit) != nil {
		var row passwd.Account
		edit(&row)
		h.store.Set(row)
	}
}

func (h *inMemory) remove(r passwd.Ref) { h.store.Delete(r) }

// inSQLite is a host with a table of users in a file of SQLite, the same for all
// histories.
type inSQLite struct {
	db    *sql.DB
	store *sqlstore.Store
}

const createUsers = `CREATE TABLE users (tenant TEXT NOT NULL, id INTEGER NOT NULL, username TEXT, email TEXT, mobile TEXT,
	email_confirmed BOOLEAN, mobile_confirmed BOOLEAN, hash TEXT, active BOOLEAN, disabled BOOLEAN, PRIMARY KEY (tenant, id))`

func newSQLite(t testing.TB) *inSQLite {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(t.TempDir(), "host.db")+"?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(OFF)")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	store, err := sqlstore.New(db, sqlstore.Config{Dialect: sqlstore.SQLite, MaxJobs: maxJobs, Users: sqlstore.Users{
		Table: "users", ID: "id", IDType: sqlstore.BigInt, Tenant: "tenant", Username: "username", Email: "email", Mobile: "mobile",
		EmailConfirmed: "email_confirmed", MobileConfirmed: "mobile_confirmed", Hash: "hash", Active: "active", Disabled: "disabled",
	}})
	h := &inSQLite{db: db, store: store}
	h.exec(createUsers)
	if err := errors.Join(err, store.Migrate(ctx), store.Verify(ctx)); err != nil {
		t.Fatal(err)
	}
	return h
}

func (h *inSQLite) exec(statement string, args ...any) {
	if _, err := h.db.Exec(statement, args...); err != nil {
		panic(err)
	}
}

func (h *inSQLite) open(t testing.TB) (backend, passwd.Limiter, bool) {
	rows, err := h.db.Query(`SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE '%schema'`)
	if err != nil {
		panic(err)
	}
	var tables []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			panic(err)
		}
		tables = append(tables, name)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		panic(err)
	}
	for _, name := range tables {
		h.exec(`DELETE FROM "` + name + `"`)
	}
	return h.store, h.store, true
}

func (*inSQLite) present() model.Present {
	return model.Present{ForgetDropsMust: true}
}

func (h *inSQLite) save(a *model.Account, hash passwd.Hash) {
	null := func(s string) any {
		if s == "" {
			return nil
		}
		return s
	}
	h.exec(`INSERT OR REPLACE INTO users VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`, a.Ref.Tenant, a.Ref.ID,
		null(a.Username), null(a.Email), null(a.Mobile), a.EmailConfirmed, a.MobileConfirmed, null(string(hash)), a.Active, a.Disabled)
}

func (h *inSQLite) remove(r passwd.Ref) {
	h.exec(`DELETE FROM users WHERE tenant = $1 AND id = $2`, r.Tenant, r.ID)
}

// fail ends the history. Its text is the same however often the history is repeated, so
// that rapid can shrink it.
func (w *world) fail(what string) { w.t.Fatalf("%s: %s", w.step, what) }

// world is one history: the service, the model, and what clients and hosts hold.
type world struct {
	t        *rapid.T
	step     string
	straight bool // draws are the first choice
	fresh    int
	touched  []passwd.Ref
	focus    []passwd.Ref
	m        *model.Model
	host     host
	store    *watched
	forgets  bool
	latest   time.Time // that the clock has shown
	services [2]*passwd.Service
	managers [2]*session.Manager
	keys     int   // which of them is current
	down     error // of the mail
	hookDown error // of Config.AfterWrite
	hooked   []passwd.Written
	sent     map[string]passwd.Message // by id, the last try
	tried    map[string]passwd.Message // the first try

	signedIn []passwd.SignedIn
	raw      map[passwd.Purpose][]string
	codes    map[string]string // by request
	users    map[string]passwd.Ref
	known    []string // user keys
	access   []string
	refresh  []string
	ids      []string // of sessions
	issued   []string // temporary passwords
	epochs   map[int64]bool
	badEpoch bool
}

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func newWorld(tb testing.TB, h host) *world {
	w := &world{host: h, latest: noon, sent: map[string]passwd.Message{}, tried: map[string]passwd.Message{},
		raw: map[passwd.Purpose][]string{}, users: map[string]passwd.Ref{}, codes: map[string]string{}, epochs: map[int64]bool{}}
	store, limiter, forgets := h.open(tb)
	now := func() time.Time { return w.m.Now }
	w.store, w.forgets = &watched{backend: store, queue: store, now: now}, forgets
	memory, _ := h.(*inMemory)
	apart := memory != nil && memory.apart
	use, queue := passwd.Store(w.store), passwd.Queue(nil)
	if apart {
		w.store.queue = &passwd.MemoryQueue{Max: maxJobs}
		use, queue = struct{ passwd.Store }{w.store}, w.store
	}
	w.m = &model.Model{Now: noon, Policies: policies, Limits: limits, MaxJobs: maxJobs, Apart: apart, Keys: "0",
		Accounts: map[passwd.Ref]*model.Account{}, Admit: admit, Present: h.present(), FirstEpoch: w.firstEpoch}
	secrets := [2][]byte{[]byte("the first key of this test, long"), []byte("the second key of the test, long")}
	for i := range 2 {
		keys := passwd.Keys{Current: secrets[i], Previous: [][]byte{secrets[1-i]}}
		var err, err2 error
		w.services[i], err = passwd.New(passwd.Config{
			Store: use, Queue: queue, Limiter: limiter, Keys: keys, Notify: passwd.NotifierFunc(w.notify), Hasher: hasher{}, Limits: limits, Now: now,
			Links: passwd.Links{Base: "https://app.example.com/account/password"},
			PolicyFor: func(_ context.Context, a passwd.Account) (pwpolicy.Policy, error) {
				return madePolicies[a.Ref.Tenant], nil
			},
			AfterWrite: func(_ context.Context, done passwd.Written) error {
				w.hooked = append(w.hooked, done)
				return w.hookDown
			},
			Admit: func(_ context.Context, a passwd.Account, _ passwd.Client) error {
				if admit(&model.Account{Username: a.Username}) != "" {
					return passwd.ErrSecondFactor
				}
				return nil
			},
		})
		w.managers[i], err2 = session.New(session.Config{Store: w.store, Keys: keys, MaxPerClient: model.MaxPerClient, Now: now})
		if err := errors.Join(err, err2); err != nil {
			tb.Fatal(err)
		}
	}
	return w
}

// admit asks some accounts for a second factor.
func admit(a *model.Account) string {
	if strings.HasSuffix(a.Username, "6") {
		return string(passwd.CodeSecondFactorRequired)
	}
	return ""
}

func (w *world) notify(_ context.Context, m passwd.Message) error {
	w.sent[m.ID] = m
	if _, again := w.tried[m.ID]; !again {
		w.tried[m.ID] = m
	}
	return w.down
}

// firstEpoch reads what the store has drawn: a number that nobody has had before.
func (w *world) firstEpoch(r passwd.Ref) int64 {
	a, err := w.store.Get(ctx, r)
	w.badEpoch = w.badEpoch || err != nil || a.Epoch < 1 || a.Epoch >= 1<<52 || w.epochs[a.Epoch]
	w.epochs[a.Epoch] = true
	return a.Epoch
}

// absorbed drops the id of a request that the model takes for absorbed.
func (w *world) absorbed() {
	if n := len(w.m.Jobs); n == 0 || w.m.Jobs[n-1].ID != "" {
		w.store.put = nil
	}
}

// nameJobs tells the model the ids of the jobs that a step has put, in their order.
func (w *world) nameJobs() {
	ids := w.store.put
	w.store.put = nil
	for _, j := range slices.Clone(w.m.Jobs) {
		if j.ID != "" {
			continue
		}
		if len(ids) == 0 {
			w.fail("a message is missing on the queue")
		}
		j.ID, ids = ids[0], ids[1:]
		if j.Hook && w.hookDown == nil {
			w.m.Done(j) // it went well at once
		}
	}
	if len(ids) > 0 {
		w.fail("a message too many on the queue")
	}
}

// probe compares the state of an account.
func (w *world) probe(r passwd.Ref) {
	want := w.m.Accounts[r]
	got, err := w.store.Get(ctx, r)
	if want == nil || !want.Row {
		if !errors.Is(err, passwd.ErrNotFound) {
			w.fail("an account is there that should not be")
		}
		return
	}
	check := func(what string, same bool) {
		if !same {
			w.t.Logf("%s of %v: got %+v, want %+v", what, r, got, *want)
			w.fail("state: " + what)
		}
	}
	check("error", err == nil)
	check("first epoch", !w.badEpoch)
	check("epoch", got.Epoch == want.Epoch)
	check("must", got.Must == want.Must)
	check("must until", got.MustUntil.Equal(want.Until))
	check("changed at", got.ChangedAt.Equal(want.Changed))
	check("hash", hashes(got.Hash, want.Password) && (got.Hash == "" || want.Password == model.Unknowable ||
		want.Stale == strings.HasPrefix(string(got.Hash), earlierForm)))
	history, err := w.store.History(ctx, r, 24)
	check("history", err == nil && slices.EqualFunc(history, want.History, hashes))
	list, err := w.managers[w.keys].List(ctx, r)
	check("sessions", err == nil && slices.EqualFunc(list, w.m.List(r), func(got session.Session, want *model.Session) bool {
		return got.ID == want.ID && got.Account == want.Ref && got.Epoch == want.Epoch && got.Client == want.Client &&
			got.UsedAt.Equal(want.Used) && got.ExpiresAt.Equal(want.Expires)
	}))
}

// hashes reports whether a hash was made of a password.
func hashes(h passwd.Hash, password string) bool {
	switch password {
	case "":
		return h == ""
	case model.Unknowable:
		return h == "unknowable"
	}
	v, err := hasher{}.Verify(ctx, h, password)
	return err == nil && v.Match
}
