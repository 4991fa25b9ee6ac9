package redislimit_test

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/internal/testrun"
	"github.com/passwd-go/passwd/passwdtest"
	"github.com/passwd-go/passwd/redislimit"
	"github.com/redis/go-redis/v9"
)

func netipAddr(s string) netip.Addr { return netip.MustParseAddr(s) }

// secret stands for a key in the tests of errors.
const secret = "login:c2VjcmV0IGtleSBvZiBubw"

// fails makes every kind of step; each has to be an error that does not name the key.
func fails(t *testing.T, ctx context.Context, l passwd.Limiter, check func(error) bool) {
	t.Helper()
	limit := passwd.Limit{Free: 1, Window: time.Minute}
	for name, steps := range map[string][]passwd.Step{
		"take":   {{Key: secret, Limit: limit}},
		"peek":   {{Key: secret, Do: passwd.StepPeek}},
		"refund": {{Key: secret, Do: passwd.StepRefund}},
		"clear":  {{Key: secret, Do: passwd.StepClear}},
		"two":    {{Key: secret, Limit: limit}, {Key: secret + "2", Limit: limit, Silent: true}},
	} {
		_, err := l.Do(ctx, noon, steps...)
		switch {
		case err == nil:
			t.Errorf("%s: no error", name)
		case strings.Contains(err.Error(), secret) || strings.Contains(err.Error(), secret[6:16]):
			t.Errorf("%s: the error has the key in it: %v", name, err)
		case !strings.HasPrefix(err.Error(), "redislimit: do: ") || check != nil && !check(err):
			t.Errorf("%s: %v", name, err)
		}
	}
}

// says is for errors of Redis, which are not the end of the caller's context.
func says(text string) func(error) bool {
	return func(err error) bool {
		return strings.Contains(err.Error(), text) &&
			!errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, context.Canceled)
	}
}

// I10: a Redis that is not there is an error, at once.
func TestStopped(t *testing.T) {
	s := start(t)
	l := limiter(t, redislimit.Config{Client: s.client})
	take(t, l, secret, passwd.Limit{Free: 5, Window: time.Minute}, noon)
	if err := s.process.Kill(); err != nil {
		t.Fatal(err)
	}
	testrun.Until(t, func() bool {
		conn, err := net.Dial("tcp", s.address)
		if err == nil {
			conn.Close()
		}
		return err != nil
	}, func() string { return "redis-server does not end" })
	fails(t, t.Context(), l, says(""))
}

// One that hangs is an error when the caller's context ends, or the time of the
// limiter, whichever is first.
func TestHangs(t *testing.T) {
	connect(t)
	b := newBetween(t)
	client := redis.NewClient(options(b.Addr().String()))
	defer client.Close()
	if err := client.Ping(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	b.hang()
	quick := limiter(t, redislimit.Config{Client: client, Timeout: 50 * time.Millisecond})
	fails(t, t.Context(), quick, says("no answer in time"))

	slow := limiter(t, redislimit.Config{Client: client, Timeout: time.Hour})
	soon, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	fails(t, soon, slow, func(err error) bool { return errors.Is(err, context.DeadlineExceeded) })
}

func TestCancelled(t *testing.T) {
	client := connect(t)
	p := prefix(t, client)
	l := limiter(t, redislimit.Config{Client: client, Prefix: p})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	fails(t, ctx, l, func(err error) bool { return errors.Is(err, context.Canceled) })
	if keys := stored(t, client, p); len(keys) > 0 {
		t.Errorf("something was stored: %q", keys)
	}
}

// A call whose answer is lost is not sent again: it would be counted twice.
func TestAnswerLost(t *testing.T) {
	direct := connect(t)
	p := prefix(t, direct)
	b := newBetween(t)
	client := redis.NewClient(options(b.Addr().String()))
	defer client.Close()
	l := limiter(t, redislimit.Config{Client: client, Prefix: p})
	limit := passwd.Limit{Free: 50, Window: time.Hour}
	take(t, l, secret, limit, noon) // which has Redis know the script
	ctx, giveUp := context.WithCancel(t.Context())
	defer giveUp()
	b.only(func(answer []byte) bool {
		lost := bytes.HasPrefix(answer, []byte("*6\r\n:0\r\n"))
		if lost {
			giveUp()
		}
		return !lost
	})
	if _, err := l.Do(ctx, noon, passwd.Step{Key: secret, Limit: limit}); err == nil {
		t.Fatal("the answer was not lost")
	}
	b.only(nil)
	if n := counted(t, l, secret); n != 2 {
		t.Errorf("counted %d, want 2", n)
	}
}

// What Redis answers is told, what it repeats is not.
func TestErrorAnswers(t *testing.T) {
	s := start(t, "--rename-command", "EVALSHA", "")
	l := limiter(t, redislimit.Config{Client: s.client})
	fails(t, t.Context(), l, says("Redis answers ERR unknown command"))

	s = start(t)
	l = limiter(t, redislimit.Config{Client: s.client})
	for _, value := range []string{"", "1", "1 1 2 0 0", "one two 0 0 0", "1 1 0 0 0 0", "-1 1 0 0 0"} {
		s.client.Set(t.Context(), "passwd:limit:"+secret, value, 0)
		if _, err := l.Do(t.Context(), noon, passwd.Step{Key: secret, Limit: passwd.Limit{Free: 1, Window: time.Minute}}); err == nil || !says("no count of tries")(err) {
			t.Errorf("a take of %q: %v", value, err)
		}
	}
	s.client.Del(t.Context(), "passwd:limit:"+secret)
	s.client.LPush(t.Context(), "passwd:limit:"+secret, "an element")
	if _, err := l.Do(t.Context(), noon, passwd.Step{Key: secret, Limit: passwd.Limit{Free: 1, Window: time.Minute}}); err == nil || strings.Contains(err.Error(), secret) {
		t.Errorf("a take of a list: %v", err)
	}

	for _, command := range [][]any{
		{"ACL", "SETUSER", "default", "resetkeys", "~other:*"},
		{"CONFIG", "SET", "maxmemory", "1"},
	} {
		s := start(t)
		l := limiter(t, redislimit.Config{Client: s.client})
		take(t, l, secret, passwd.Limit{Free: 5, Window: time.Minute}, noon)
		if err := s.client.Do(t.Context(), command...).Err(); err != nil {
			t.Fatal(err)
		}
		_, err := l.Do(t.Context(), noon, passwd.Step{Key: secret, Limit: passwd.Limit{Free: 5, Window: time.Minute}})
		if err == nil || strings.Contains(err.Error(), secret) || !says("Redis answers ")(err) {
			t.Errorf("after %v: %v", command, err)
		}
	}
}

// I10: without the limiter nobody signs in, and the observer is told.
func TestServiceFailsClosed(t *testing.T) {
	s := start(t)
	kitWith := func(timeout time.Duration) *passwdtest.Kit {
		kit := passwdtest.New(t, passwd.Config{Limiter: limiter(t, redislimit.Config{Client: s.client, Timeout: timeout})})
		kit.Add(t, passwd.Account{Username: "ada", Email: "ada@example.com"}, "Analytical-Engine-1843")
		return kit
	}
	patient, kit := kitWith(0), kitWith(50*time.Millisecond)
	signIn := func(kit *passwdtest.Kit) error {
		_, err := kit.Service.SignIn(t.Context(), passwd.SignIn{Login: passwd.Login{Value: "ada"}, Password: "Analytical-Engine-1843"})
		return err
	}
	if err := signIn(patient); err != nil {
		t.Fatal(err)
	}
	// It is there, and answers nobody.
	if err := s.client.Do(t.Context(), "CLIENT", "PAUSE", 600_000, "ALL").Err(); err != nil {
		t.Fatal(err)
	}
	if err := signIn(kit); !errors.Is(err, passwd.ErrUnavailable) {
		t.Errorf("with a Redis that hangs: %v", err)
	}
	if len(kit.Events.Named(passwd.EventUnavailable)) == 0 {
		t.Error("nobody was told")
	}
}
