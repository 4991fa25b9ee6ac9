package breach_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/passwd-go/passwd/pwpolicy/breach"
)

// clock is set by hand.
type clock struct{ nanos atomic.Int64 }

func (c *clock) Now() time.Time          { return time.Unix(1_800_000_000, c.nanos.Load()) }
func (c *clock) advance(d time.Duration) { c.nanos.Add(int64(d)) }

// service is a range API without a network, which counts.
type service struct {
	asked   atomic.Int32
	flying  atomic.Int32
	most    atomic.Int32
	down    atomic.Bool
	waiting chan struct{} // if not nil, an answer waits until it is closed
}

func (s *service) RoundTrip(r *http.Request) (*http.Response, error) {
	s.asked.Add(1)
	now := s.flying.Add(1)
	defer s.flying.Add(-1)
	for most := s.most.Load(); now > most && !s.most.CompareAndSwap(most, now); most = s.most.Load() {
	}
	if s.waiting != nil {
		select {
		case <-s.waiting:
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	}
	if s.down.Load() {
		return reply(500, ""), nil
	}
	prefix := r.URL.Path[len(r.URL.Path)-5:]
	body := strings.Repeat("0", 35) + ":0\r\n"
	for i := range 200 {
		if hash := sha(known(i)); hash[:5] == prefix {
			body += fmt.Sprintf("%s:%d\r\n", hash[5:], counted(i))
		}
	}
	return reply(200, body), nil
}

func (s *service) client(t *testing.T, c breach.RangeConfig) *breach.Range {
	t.Helper()
	c.UserAgent, c.Transport = "test", s
	r, err := breach.NewRange(c)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (s *service) expectAsked(t *testing.T, want int32) {
	t.Helper()
	if got := s.asked.Load(); got != want {
		t.Fatalf("the service was asked %d times, want %d", got, want)
	}
}

func TestRangeCache(t *testing.T) {
	now, s := &clock{}, &service{}
	r := s.client(t, breach.RangeConfig{CachePrefixes: 2, Now: now.Now})
	for range 3 {
		expect(t, r, known(0), counted(0))
		expect(t, r, unknown(0), 0)
	}
	s.expectAsked(t, 2)
	expect(t, r, known(0), counted(0))
	expect(t, r, known(1), counted(1)) // takes the place of unknown(0), used longest ago
	s.expectAsked(t, 3)
	expect(t, r, known(0), counted(0))
	s.expectAsked(t, 3)
	expect(t, r, unknown(0), 0)
	s.expectAsked(t, 4)

	now.advance(24*time.Hour - time.Nanosecond)
	expect(t, r, known(0), counted(0))
	s.expectAsked(t, 4)
	now.advance(time.Nanosecond)
	expect(t, r, known(0), counted(0))
	s.expectAsked(t, 5)
}

func TestRangeWithoutCache(t *testing.T) {
	s := &service{}
	r := s.client(t, breach.RangeConfig{CachePrefixes: -1})
	for range 3 {
		expect(t, r, known(0), counted(0))
	}
	s.expectAsked(t, 3)
}

func TestRangeBreaker(t *testing.T) {
	now, s := &clock{}, &service{}
	r := s.client(t, breach.RangeConfig{Now: now.Now})
	expect(t, r, known(0), counted(0))
	s.down.Store(true)
	for i := range 4 {
		expectUnavailable(t, r, unknown(i))
	}
	s.down.Store(false)
	expect(t, r, known(1), counted(1)) // four in a row, then one that is well: counted anew
	s.down.Store(true)
	for i := range 5 {
		expectUnavailable(t, r, unknown(i))
	}
	s.expectAsked(t, 11)

	for i := range 100 {
		expectUnavailable(t, r, unknown(i))
	}
	s.expectAsked(t, 11)
	expect(t, r, known(0), counted(0)) // what is in the cache is still good
	now.advance(30*time.Second - time.Nanosecond)
	expectUnavailable(t, r, unknown(0))
	s.expectAsked(t, 11)

	now.advance(time.Nanosecond)
	expectUnavailable(t, r, unknown(0)) // the one that tries
	expectUnavailable(t, r, unknown(0))
	s.expectAsked(t, 12)

	s.down.Store(false)
	now.advance(30 * time.Second)
	expect(t, r, unknown(0), 0)
	expect(t, r, unknown(1), 0)
	s.expectAsked(t, 14)
}

// TestRangeBreakerTriesOnce: while one request tries, the others are not made.
func TestRangeBreakerTriesOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now, s := &clock{}, &service{}
		r := s.client(t, breach.RangeConfig{Now: now.Now})
		s.down.Store(true)
		for i := range 5 {
			expectUnavailable(t, r, unknown(i))
		}
		s.down.Store(false)
		s.waiting = make(chan struct{})
		now.advance(time.Minute)
		var all sync.WaitGroup
		all.Go(func() { expect(t, r, known(0), counted(0)) })
		synctest.Wait()
		expectUnavailable(t, r, known(1))
		close(s.waiting)
		all.Wait()
		expect(t, r, known(1), counted(1))
		s.expectAsked(t, 7)
	})
}

// TestRangeTimeout: 1.5 s in all, whether the service does not begin to answer or
// does not end.
func TestRangeTimeout(t *testing.T) {
	for name, answer := range map[string]transport{
		"no answer": func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		},
		"no end": func(r *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(drip{r.Context()})}, nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, err := breach.NewRange(breach.RangeConfig{UserAgent: "test", Transport: answer})
				if err != nil {
					t.Fatal(err)
				}
				start := time.Now()
				expectUnavailable(t, r, "password")
				if took := time.Since(start); took != 1500*time.Millisecond {
					t.Errorf("it took %v", took)
				}
			})
		})
	}
}

// drip is a body of one byte a tenth of a second.
type drip struct{ ctx context.Context }

func (d drip) Read(p []byte) (int, error) {
	select {
	case <-d.ctx.Done():
		return 0, d.ctx.Err()
	case <-time.After(100 * time.Millisecond):
		p[0] = '\n'
		return 1, nil
	}
}

// TestRangeMerge: lookups of one prefix at one time are one request, and one that
// is given up, even the first, takes nothing from the others.
func TestRangeMerge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &service{waiting: make(chan struct{})}
		r := s.client(t, breach.RangeConfig{})
		ctx, cancel := context.WithCancel(t.Context())
		var all sync.WaitGroup
		all.Go(func() {
			if f, err := r.Lookup(ctx, known(0)); !errors.Is(err, context.Canceled) || f != (breach.Finding{}) {
				t.Errorf("Lookup = %+v, %v, want context.Canceled", f, err)
			}
		})
		synctest.Wait() // the first has begun the request
		for range 9 {
			all.Go(func() { expect(t, r, known(0), counted(0)) })
		}
		synctest.Wait()
		cancel()
		synctest.Wait()
		close(s.waiting)
		all.Wait()
		s.expectAsked(t, 1)
	})
}

// TestRangeAbandoned: an answer that nobody waits for any more is kept.
func TestRangeAbandoned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &service{waiting: make(chan struct{})}
		r := s.client(t, breach.RangeConfig{})
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if _, err := r.Lookup(ctx, known(0)); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("Lookup: %v, want the caller's deadline", err)
		}
		close(s.waiting)
		synctest.Wait()
		expect(t, r, known(0), counted(0))
		s.expectAsked(t, 1)
	})
}

// TestRangeBoundsRequests: work is bounded however many ask (I8).
func TestRangeBoundsRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &service{waiting: make(chan struct{})}
		r := s.client(t, breach.RangeConfig{})
		var all sync.WaitGroup
		for i := range 200 {
			all.Go(func() { expect(t, r, known(i), counted(i)) })
		}
		synctest.Wait()
		if got := s.flying.Load(); got != 64 {
			t.Errorf("%d requests at one time, want 64", got)
		}
		close(s.waiting)
		all.Wait()
		if got := s.most.Load(); got != 64 {
			t.Errorf("%d requests at one time, want 64", got)
		}
	})
}
