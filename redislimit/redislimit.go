package redislimit

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/redis/go-redis/v9"
)

const (
	defaultPrefix  = "passwd:limit:"
	defaultTimeout = time.Second

	maxKey    = 64  // bytes, by the contract of passwd.Limiter
	maxPrefix = 128 // bytes
)

// Config is what a Limiter is made of. Client is required.
type Config struct {
	// Client is how Redis is reached. It must honour the deadlines of contexts:
	// New refuses a *redis.Client, *redis.ClusterClient or *redis.Ring without
	// ContextTimeoutEnabled, with which a Redis that hangs would hold up requests
	// for as long as its timeouts and retries add up to.
	Client redis.UniversalClient
	// Prefix begins the names of all keys in Redis, at most 128 bytes. Services with
	// different keys (passwd.Keys) never collide, whatever it is. If "", it is
	// "passwd:limit:".
	Prefix string
	// Timeout bounds each call, in addition to the caller's context. If 0, one second.
	Timeout time.Duration
}

// Limiter is a passwd.Limiter over Redis. It is safe for concurrent use. Its errors
// name the call and never the key; once the caller's context has ended, they are its error.
//
// A Refund also ends the wait that the refunded take began. A clock that is set
// back neither shortens a wait nor forgives. Times are taken to the microsecond,
// and have to be between 1970 and 2200; no wait or window is longer than 40 years.
type Limiter struct {
	client  redis.UniversalClient
	prefix  string
	timeout time.Duration
}

var _ passwd.Limiter = (*Limiter)(nil)

// New returns a limiter, or an error that names the field. It does not contact Redis: the
// first call finds out whether it is there.
func New(c Config) (*Limiter, error) {
	if c.Client == nil {
		return nil, errors.New("redislimit: Config.Client is required")
	}
	if !heedsDeadlines(c.Client) {
		return nil, errors.New("redislimit: Config.Client must be made with ContextTimeoutEnabled")
	}
	if len(c.Prefix) > maxPrefix {
		return nil, fmt.Errorf("redislimit: Config.Prefix is longer than %d bytes", maxPrefix)
	}
	if c.Timeout < 0 {
		return nil, errors.New("redislimit: Config.Timeout is negative")
	}
	l := &Limiter{client: c.Client, prefix: c.Prefix, timeout: c.Timeout}
	if l.prefix == "" {
		l.prefix = defaultPrefix
	}
	if l.timeout == 0 {
		l.timeout = defaultTimeout
	}
	return l, nil
}

// heedsDeadlines reports whether a client ends a call when its context does; of one
// that is none of go-redis's own, its maker has to know.
func heedsDeadlines(client redis.UniversalClient) bool {
	switch c := client.(type) {
	case *redis.Client:
		return c.Options().ContextTimeoutEnabled
	case *redis.ClusterClient:
		return c.Options().ContextTimeoutEnabled
	case *redis.Ring:
		return c.Options().ContextTimeoutEnabled
	}
	return true
}

// Take implements passwd.Limiter, in one round trip.
func (l *Limiter) Take(ctx context.Context, key string, limit passwd.Limit, now time.Time) (passwd.Taken, error) {
	at, err := moment("take", now)
	if err != nil {
		return passwd.Taken{}, err
	}
	got, err := l.run(ctx, "take", takeScript, key,
		at, limit.Free, span(limit.Window), span(limit.Wait), span(max(limit.Wait, limit.MaxWait)))
	if err != nil {
		return passwd.Taken{}, err
	}
	answer, ok := got.([]any)
	if ok && len(answer) == 2 {
		wait, isWait := answer[0].(int64)
		count, isCount := answer[1].(int64)
		if isWait && isCount {
			return passwd.Taken{Wait: time.Duration(wait) * time.Microsecond, Count: int(count)}, nil
		}
	}
	return passwd.Taken{}, errors.New("redislimit: take: the answer is not one of the script")
}

// Refund implements passwd.Limiter, in one round trip.
func (l *Limiter) Refund(ctx context.Context, key string) error {
	_, err := l.run(ctx, "refund", refundScript, key)
	return err
}

// Clear implements passwd.Limiter, in one round trip.
func (l *Limiter) Clear(ctx context.Context, key string) error {
	_, err := l.run(ctx, "clear", clearScript, key)
	return err
}

// Count implements passwd.Limiter, in one round trip. It reads from the server that
// counts, never from a replica.
func (l *Limiter) Count(ctx context.Context, key string, now time.Time) (int, error) {
	at, err := moment("count", now)
	if err != nil {
		return 0, err
	}
	got, err := l.run(ctx, "count", countScript, key, at)
	if err != nil {
		return 0, err
	}
	if count, ok := got.(int64); ok {
		return int(count), nil
	}
	return 0, errors.New("redislimit: count: the answer is not one of the script")
}

// run runs a script on the one key that it needs: in a cluster that is one slot,
// whatever the key. Most of the time its digest is enough (EVALSHA); a server that
// does not know it yet, or any longer, is sent the whole (EVAL).
func (l *Limiter) run(ctx context.Context, what string, s script, key string, args ...any) (any, error) {
	if len(key) > maxKey {
		return nil, fmt.Errorf("redislimit: %s: the key is longer than %d bytes", what, maxKey)
	}
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("redislimit: %s: %w", what, err)
	}
	bounded, cancel := context.WithTimeout(ctx, l.timeout)
	defer cancel()
	name := l.prefix + key
	got, err := l.once(bounded, "evalsha", s.digest, name, args)
	if redis.HasErrorPrefix(err, "NOSCRIPT") {
		got, err = l.once(bounded, "eval", s.text, name, args)
	}
	if err != nil {
		return nil, failed(ctx, what, name, err)
	}
	return got, nil
}

func (l *Limiter) once(ctx context.Context, command, body, name string, args []any) (any, error) {
	cmd := single{redis.NewCmd(ctx, append([]any{command, body, 1, name}, args...)...)}
	cmd.SetFirstKeyPos(3)
	err := l.client.Process(ctx, cmd)
	return cmd.Val(), err
}

// single is a command that is sent at most once: nobody knows whether one that got
// no answer has been done.
type single struct{ *redis.Cmd }

func (single) NoRetry() bool { return true }

// failed says what went wrong, and nothing of the key. When the caller's own
// context has ended, that is the error; the end of ours is a Redis that is too slow,
// which is not for the caller to take for the end of theirs.
func failed(ctx context.Context, what, name string, err error) error {
	switch reply, isReply := errors.AsType[redis.Error](err); {
	case ctx.Err() != nil:
		err = ctx.Err()
	case timedOut(err) && passed(ctx):
		err = context.DeadlineExceeded // the connection noticed before the context did
	case timedOut(err):
		err = errors.New("no answer in time")
	case isReply:
		err = errors.New("Redis answers " + withoutKey(reply.Error(), name))
	}
	return fmt.Errorf("redislimit: %s: %w", what, err)
}

func timedOut(err error) bool {
	network, ok := errors.AsType[net.Error](err)
	return ok && network.Timeout() || errors.Is(err, context.DeadlineExceeded)
}

// passed reports whether the deadline of a context has passed.
func passed(ctx context.Context) bool {
	deadline, ok := ctx.Deadline()
	return ok && !time.Now().Before(deadline)
}

// withoutKey returns what an answer says up to the first quotation mark: where Redis
// repeats what it was sent, it quotes it ("unknown command 'evalsha', with args …").
func withoutKey(answer, name string) string {
	if quoted := strings.IndexAny(answer, "'`\""); quoted >= 0 {
		answer = strings.TrimSpace(answer[:quoted])
	}
	if strings.Contains(answer, name) {
		answer, _, _ = strings.Cut(answer, " ") // its code, such as ERR
	}
	return answer
}

// The scripts reckon in microseconds, in numbers that are exact up to 2^53. A time
// and a span together stay below that.
const longest = 40 * 365 * 24 * time.Hour

var latest = time.Date(2200, time.January, 1, 0, 0, 0, 0, time.UTC)

func moment(what string, now time.Time) (int64, error) {
	at := now.UnixMicro()
	if at <= 0 || now.After(latest) {
		return 0, fmt.Errorf("redislimit: %s: the time is not between 1970 and 2200", what)
	}
	return at, nil
}

// span returns a duration in microseconds, rounded up.
func span(d time.Duration) int64 {
	d = min(max(d, 0), longest)
	return int64((d + time.Microsecond - 1) / time.Microsecond)
}
