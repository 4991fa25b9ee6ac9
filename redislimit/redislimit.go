package redislimit

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/redis/go-redis/v9"
)

const (
	defaultPrefix  = "passwd:limit:"
	defaultTimeout = time.Second

	maxKey    = 96  // bytes, by the contract of passwd.Limiter
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
// Times are taken to the microsecond,
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

// Do implements passwd.Limiter. On a single server the steps are one script, atomic
// over all their keys, in one round trip.
//
// Where keys may be on different servers, in a cluster or a Ring, each key's steps are
// a script of their own, all sent at the same time: first those that may refuse the
// call, then the others. If one has to wait, or fails, those that were counted are put
// back as they were, or, where somebody else has counted meanwhile, taken back.
func (l *Limiter) Do(ctx context.Context, now time.Time, steps ...passwd.Step) ([]passwd.Taken, error) {
	at, err := moment(now)
	if err != nil {
		return nil, err
	}
	for _, s := range steps {
		if len(s.Key) > maxKey {
			return nil, fmt.Errorf("redislimit: do: a key is longer than %d bytes", maxKey)
		}
	}
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("redislimit: do: %w", err)
	}
	if len(steps) == 0 {
		return nil, nil
	}
	if _, ok := l.client.(*redis.Client); ok {
		answers := make([]passwd.Taken, len(steps))
		err := l.ask(ctx, at, newGroup(steps), answers)
		if !errors.Is(err, errApart) { // else it is a way to a cluster after all
			return answered(answers, err)
		}
	}
	return l.doApart(ctx, at, steps)
}

func answered(answers []passwd.Taken, err error) ([]passwd.Taken, error) {
	if err != nil {
		return nil, err
	}
	return answers, nil
}

// group is steps that one script makes.
type group struct {
	keys  []string
	steps []passwd.Step
	at    []int // places of the steps in the call
	may   bool  // one of them may refuse the call

	refused       bool
	takes         int // that were counted
	before, after string
	life          int64 // of before, in milliseconds
	done          bool
}

func (g *group) add(i int, s passwd.Step) {
	if !slices.Contains(g.keys, s.Key) {
		g.keys = append(g.keys, s.Key)
	}
	g.steps, g.at = append(g.steps, s), append(g.at, i)
	g.may = g.may || !s.Silent && (s.Do == passwd.StepTake || s.Do == passwd.StepPeek)
}

func newGroup(steps []passwd.Step) *group {
	g := &group{}
	for i, s := range steps {
		g.add(i, s)
	}
	return g
}

// doApart makes the steps key by key.
func (l *Limiter) doApart(ctx context.Context, at int64, steps []passwd.Step) ([]passwd.Taken, error) {
	var first, then []*group
	byKey := map[string]*group{}
	for i, s := range steps {
		if byKey[s.Key] == nil {
			byKey[s.Key] = &group{}
		}
		byKey[s.Key].add(i, s)
	}
	for _, g := range byKey {
		if g.may {
			first = append(first, g)
		} else {
			then = append(then, g)
		}
	}
	answers := make([]passwd.Taken, len(steps))
	for _, groups := range [][]*group{first, then} {
		err := together(groups, func(g *group) error { return l.ask(ctx, at, g, answers) })
		refused := slices.ContainsFunc(groups, func(g *group) bool { return g.refused })
		if err == nil && !refused {
			continue
		}
		undone := l.undo(context.WithoutCancel(ctx), append(first, then...))
		return answered(answers, cmp.Or(err, undone))
	}
	return answers, nil
}

// together calls f for all groups at the same time.
func together(groups []*group, f func(*group) error) error {
	errs := make([]error, len(groups))
	var all sync.WaitGroup
	for i, g := range groups {
		all.Go(func() { errs[i] = f(g) })
	}
	all.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// undo takes back what groups have done.
func (l *Limiter) undo(ctx context.Context, groups []*group) error {
	return together(groups, func(g *group) error {
		if !g.done || g.before == g.after {
			return nil
		}
		_, err := l.run(ctx, undoScript, g.keys, g.before, max(g.life, 1), g.after, g.takes)
		return err
	})
}

// kinds are the names that the script has for what a step does.
var kinds = map[passwd.StepKind]string{
	passwd.StepTake: "take", passwd.StepPeek: "peek", passwd.StepRefund: "refund", passwd.StepClear: "clear",
}

// ask has a group's steps made, and puts the answers where they belong.
func (l *Limiter) ask(ctx context.Context, at int64, g *group, answers []passwd.Taken) error {
	args := []any{at, 0}
	if len(g.keys) == 1 {
		args[1] = 1
	}
	for _, s := range g.steps {
		kind, known := kinds[s.Do]
		if !known {
			return errors.New("redislimit: do: a step of an unknown kind")
		}
		silent := 0
		if s.Silent {
			silent = 1
		}
		args = append(args, slices.Index(g.keys, s.Key)+1, kind, silent,
			s.Limit.Free, span(s.Limit.Window), span(s.Limit.Wait), span(max(s.Limit.Wait, s.Limit.MaxWait)))
	}
	got, err := l.run(ctx, doScript, g.keys, args...)
	if err != nil {
		return err
	}
	if list, ok := got.([]any); ok && g.read(list, answers) {
		return nil
	}
	return errors.New("redislimit: do: the answer is not one of the script")
}

// read reads the script's answer and reports whether it is one.
func (g *group) read(list []any, answers []passwd.Taken) bool {
	refused, numbers := int64(0), make([]int64, 1+2*len(g.steps))
	want := len(numbers)
	if len(g.keys) == 1 {
		want += 3
	}
	if len(list) != want {
		return false
	}
	for i := range numbers {
		n, ok := list[i].(int64)
		if !ok {
			return false
		}
		numbers[i] = n
	}
	refused, numbers = numbers[0], numbers[1:]
	g.refused = refused == 1
	for i, at := range g.at {
		a := passwd.Taken{Wait: time.Duration(numbers[2*i]) * time.Microsecond, Count: int(numbers[2*i+1])}
		answers[at] = a
		if g.steps[i].Do == passwd.StepTake && a.Wait == 0 {
			g.takes++
		}
	}
	if len(g.keys) > 1 {
		return true
	}
	before, isText := list[want-3].(string)
	life, isNumber := list[want-2].(int64)
	after, alsoText := list[want-1].(string)
	g.before, g.life, g.after, g.done = before, life, after, !g.refused
	return isText && isNumber && alsoText
}

// run runs a script on the keys that it needs. Most of the time its digest is enough
// (EVALSHA); a server that does not know it yet, or any longer, is sent the whole
// (EVAL).
func (l *Limiter) run(ctx context.Context, s script, keys []string, args ...any) (any, error) {
	bounded, cancel := context.WithTimeout(ctx, l.timeout)
	defer cancel()
	names := make([]any, len(keys))
	for i, key := range keys {
		names[i] = l.prefix + key
	}
	args = append(names, args...)
	got, err := l.once(bounded, "evalsha", s.digest, len(keys), args)
	if redis.HasErrorPrefix(err, "NOSCRIPT") {
		got, err = l.once(bounded, "eval", s.text, len(keys), args)
	}
	if redis.HasErrorPrefix(err, "CROSSSLOT") {
		return nil, errApart
	}
	if err != nil {
		l.lookAgain(ctx, err)
		return nil, failed(ctx, keys, err)
	}
	return got, nil
}

// lookAgain has the client of a cluster find out which server has which keys, when one
// did not answer: that may be dead, and another have its keys. go-redis does so by
// itself on the second failure of a command that is sent again, and else once a minute.
func (l *Limiter) lookAgain(ctx context.Context, err error) {
	cluster, ok := l.client.(interface{ ReloadState(context.Context) })
	if _, isReply := errors.AsType[redis.Error](err); ok && !isReply && !errors.Is(ctx.Err(), context.Canceled) {
		cluster.ReloadState(context.WithoutCancel(ctx)) // in the background, and not more than five times a second
	}
}

// errApart says that one script cannot have all of these keys.
var errApart = errors.New("redislimit: do: the keys are on different servers")

func (l *Limiter) once(ctx context.Context, command, body string, keys int, args []any) (any, error) {
	cmd := single{redis.NewCmd(ctx, append([]any{command, body, keys}, args...)...)}
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
func failed(ctx context.Context, keys []string, err error) error {
	switch reply, isReply := errors.AsType[redis.Error](err); {
	case ctx.Err() != nil:
		err = ctx.Err()
	case timedOut(err) && passed(ctx):
		err = context.DeadlineExceeded // the connection noticed before the context did
	case timedOut(err):
		err = errors.New("no answer in time")
	case isReply:
		err = errors.New("Redis answers " + withoutKeys(reply.Error(), keys))
	}
	return fmt.Errorf("redislimit: do: %w", err)
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

// withoutKeys returns what an answer says up to the first quotation mark: where Redis
// repeats what it was sent, it quotes it ("unknown command 'evalsha', with args …").
func withoutKeys(answer string, keys []string) string {
	if quoted := strings.IndexAny(answer, "'`\""); quoted >= 0 {
		answer = strings.TrimSpace(answer[:quoted])
	}
	for _, key := range keys {
		if strings.Contains(answer, key) {
			answer, _, _ = strings.Cut(answer, " ") // its code, such as ERR
		}
	}
	return answer
}

// The scripts reckon in microseconds, in numbers that are exact up to 2^53. A time
// and a span together stay below that.
const longest = 40 * 365 * 24 * time.Hour

var latest = time.Date(2200, time.January, 1, 0, 0, 0, 0, time.UTC)

func moment(now time.Time) (int64, error) {
	at := now.UnixMicro()
	if at <= 0 || now.After(latest) {
		return 0, errors.New("redislimit: do: the time is not between 1970 and 2200")
	}
	return at, nil
}

// span returns a duration in microseconds, rounded up.
func span(d time.Duration) int64 {
	d = min(max(d, 0), longest)
	return int64((d + time.Microsecond - 1) / time.Microsecond)
}
