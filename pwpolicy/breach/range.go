package breach

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// RangeConfig says how to ask a range API.
type RangeConfig struct {
	// UserAgent names the application to the service, which refuses requests without
	// one: "example.com accounts". Required.
	UserAgent string
	// BaseURL is what a prefix is appended to. If "",
	// "https://api.pwnedpasswords.com/range/"; otherwise that of a mirror.
	BaseURL string
	// InsecureHTTP allows a BaseURL without TLS. Anyone on the network path can then
	// see the prefixes, and answer that no password is breached.
	InsecureHTTP bool
	// Algorithm of the hashes that are asked for. NTLM needs a service that knows
	// "?mode=ntlm".
	Algorithm Algorithm
	// Timeout bounds a lookup from its beginning to the last byte of the answer. If 0,
	// 1.5 s.
	Timeout time.Duration
	// CachePrefixes is for how many prefixes answers are kept, 12 bytes per row, which
	// makes 10 to 25 KB each. If 0, 1,024; if negative, none.
	CachePrefixes int
	// CacheFor is how long an answer is good. If 0, 24 h.
	CacheFor time.Duration
	// Pause is how long nothing is asked after five consecutive failures. Then one
	// request tests whether the service is back. If 0, 30 s.
	Pause time.Duration
	// Transport makes the requests. If nil, one of its own, which uses no proxy; where
	// the environment names one, use http.DefaultTransport.
	Transport http.RoundTripper
	// Now is the clock of the cache and the pause. If nil, time.Now.
	Now func() time.Time
}

const (
	pwnedPasswords  = "https://api.pwnedpasswords.com/range/"
	defaultTimeout  = 1500 * time.Millisecond
	defaultPrefixes = 1024
	defaultCacheFor = 24 * time.Hour
	defaultPause    = 30 * time.Second
	breakAfter      = 5
	maxRequests     = 64 // at one time
)

// Range is a client of the Pwned Passwords range API. For a password it sends the
// first five of the forty digits of its hash and nothing else, and asks for an answer
// padded with meaningless rows, so that its length does not reveal the prefix (B1).
//
// Concurrent lookups of one prefix share one request, which continues if one of the
// callers gives up. At most 64 requests are in flight.
type Range struct {
	base  string // with the "/"
	query string
	agent string
	hash  Algorithm

	timeout time.Duration
	client  http.Client
	slots   chan struct{}
	now     func() time.Time

	mu      sync.Mutex
	cache   *cache
	breaker breaker
	flights map[string]*flight // by prefix
}

// flight is one request that is on its way.
type flight struct {
	done chan struct{} // closed when answer and err are there
	rows rows
	err  error
}

// NewRange makes a client. It sends nothing.
func NewRange(c RangeConfig) (*Range, error) {
	base, err := c.base()
	if err != nil {
		return nil, err
	}
	switch {
	case strings.TrimSpace(c.UserAgent) == "":
		return nil, errors.New("breach: RangeConfig.UserAgent is required")
	case strings.ContainsFunc(c.UserAgent, func(r rune) bool { return r < ' ' || r > '~' }):
		return nil, errors.New("breach: RangeConfig.UserAgent is not printable ASCII")
	case !c.Algorithm.valid():
		return nil, fmt.Errorf("breach: RangeConfig.Algorithm %d is unknown: want SHA1 or NTLM", c.Algorithm)
	case c.Timeout < 0 || c.CacheFor < 0 || c.Pause < 0:
		return nil, errors.New("breach: a duration of RangeConfig is negative")
	}
	r := &Range{
		base: base, agent: c.UserAgent, hash: c.Algorithm, timeout: or(c.Timeout, defaultTimeout),
		slots: make(chan struct{}, maxRequests), now: c.Now, flights: make(map[string]*flight),
		cache:   newCache(or(c.CachePrefixes, defaultPrefixes), or(c.CacheFor, defaultCacheFor)),
		breaker: breaker{after: breakAfter, pause: or(c.Pause, defaultPause)},
	}
	if c.Algorithm == NTLM {
		r.query = "?mode=ntlm" // B2
	}
	if r.now == nil {
		r.now = time.Now
	}
	r.client = http.Client{Transport: c.Transport, CheckRedirect: keepRedirect}
	if c.Transport == nil {
		r.client.Transport = &http.Transport{
			ForceAttemptHTTP2: true, MaxIdleConnsPerHost: 4, IdleConnTimeout: 90 * time.Second,
			MaxResponseHeaderBytes: 64 << 10,
		}
	}
	return r, nil
}

func (c RangeConfig) base() (string, error) {
	if c.BaseURL == "" {
		return pwnedPasswords, nil
	}
	u, err := url.Parse(c.BaseURL)
	switch {
	case err != nil:
		return "", errors.New("breach: RangeConfig.BaseURL does not parse as a URL")
	case u.Scheme != "https" && u.Scheme != "http", u.Host == "":
		return "", errors.New("breach: RangeConfig.BaseURL is not an absolute http or https URL")
	case u.Scheme == "http" && !c.InsecureHTTP:
		return "", errors.New("breach: RangeConfig.BaseURL is without TLS (see InsecureHTTP)")
	case u.RawQuery != "" || u.Fragment != "" || u.ForceQuery:
		return "", errors.New("breach: RangeConfig.BaseURL has a query or fragment")
	}
	return strings.TrimSuffix(u.String(), "/") + "/", nil
}

// keepRedirect hands back a redirect as the answer, which as such is a failure:
// what is asked goes nowhere but to the configured service.
func keepRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

func or[T int | time.Duration](value, otherwise T) T {
	if value == 0 {
		return otherwise
	}
	return value
}

// Lookup looks up a password in the cache or by a request.
func (r *Range) Lookup(ctx context.Context, password string) (Finding, error) {
	if err := ctx.Err(); err != nil {
		return Finding{}, err
	}
	d := r.hash.sum(password)
	prefix := d.prefix()
	known, f, err := r.join(prefix)
	if err != nil {
		return Finding{}, err
	}
	if f == nil {
		return found(known.count(d)), nil
	}
	select {
	case <-f.done:
	case <-ctx.Done():
		return Finding{}, ctx.Err()
	}
	if f.err != nil {
		return Finding{}, f.err
	}
	return found(f.rows.count(d)), nil
}

// join returns what is known of a prefix or else the request for it, which it
// starts if there is none.
func (r *Range) join(prefix string) (rows, *flight, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.now()
	if known, ok := r.cache.get(prefix, now); ok {
		return known, nil, nil
	}
	if f := r.flights[prefix]; f != nil {
		return rows{}, f, nil
	}
	if !r.breaker.allow(now) {
		return rows{}, nil, fmt.Errorf("%w: not asked, after %d consecutive failures", ErrUnavailable, r.breaker.after)
	}
	f := &flight{done: make(chan struct{})}
	r.flights[prefix] = f
	go r.fly(prefix, f) // ends within the timeout
	return rows{}, f, nil
}

// fly makes the request. Its context is nobody's: whoever began it may go away
// without taking the answer from the others who wait for it.
func (r *Range) fly(prefix string, f *flight) {
	ctx, cancel := context.WithTimeout(context.Background(), r.timeout)
	defer cancel()
	f.rows, f.err = r.request(ctx, prefix)
	if f.err != nil {
		f.err = r.failure(ctx, prefix, f.err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.now()
	if r.breaker.report(f.err == nil, now); f.err == nil {
		r.cache.put(prefix, f.rows, now)
	}
	delete(r.flights, prefix)
	close(f.done)
}

func (r *Range) request(ctx context.Context, prefix string) (rows, error) {
	select {
	case r.slots <- struct{}{}:
		defer func() { <-r.slots }()
	case <-ctx.Done():
		return rows{}, ctx.Err()
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.base+prefix+r.query, nil)
	if err != nil {
		return rows{}, err
	}
	req.Header.Set("User-Agent", r.agent)
	req.Header.Set("Add-Padding", "true")
	res, err := r.client.Do(req)
	if err != nil {
		return rows{}, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return rows{}, fmt.Errorf("status %d", res.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, maxRange+1))
	if err != nil {
		return rows{}, err
	}
	if len(body) > maxRange {
		return rows{}, fmt.Errorf("the answer is over %d bytes", maxRange)
	}
	return r.hash.parseRange(prefix, body)
}

// failure makes the error that callers see: of kind ErrUnavailable alone, since a
// deadline that was not theirs must not look like theirs, and without the URL,
// which has the prefix in it.
func (r *Range) failure(ctx context.Context, prefix string, cause error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("%w: no answer within %v", ErrUnavailable, r.timeout)
	}
	if u, ok := errors.AsType[*url.Error](cause); ok {
		cause = u.Err
	}
	return fmt.Errorf("%w: %s", ErrUnavailable, strings.ReplaceAll(cause.Error(), prefix, "_____"))
}

// rows are those of one range, for the cache: 12 bytes each.
type rows struct {
	keys   []uint64 // 64 bits of each hash that the prefix does not cover, ascending
	counts []uint32
}

// key returns bits of the hash that are not in the prefix. That another password
// of the same range has the same is as likely as 1 in 10^16.
func (d digest) key() uint64 { return binary.BigEndian.Uint64(d[3:]) }

// count returns 0 for what is not among the rows.
func (r rows) count(d digest) int {
	i, ok := slices.BinarySearch(r.keys, d.key())
	if !ok {
		return 0
	}
	return int(r.counts[i])
}

// parseRange reads the body of an answer. Its rows need not be in order.
func (a Algorithm) parseRange(prefix string, body []byte) (rows, error) {
	type row struct {
		key   uint64
		count uint32
	}
	var all []row
	err := a.eachInRange(prefix, body, func(d digest, count int) {
		all = append(all, row{d.key(), uint32(count)})
	})
	if err != nil {
		return rows{}, err
	}
	slices.SortStableFunc(all, func(a, b row) int {
		switch {
		case a.key < b.key:
			return -1
		case a.key > b.key:
			return 1
		}
		return 0
	})
	r := rows{keys: make([]uint64, len(all)), counts: make([]uint32, len(all))}
	for i, x := range all {
		r.keys[i], r.counts[i] = x.key, x.count
	}
	return r, nil
}
