package breach

import (
	"container/list"
	"time"
)

// cache keeps the rows of n prefixes, those used last. It knows prefixes,
// not the hashes that were looked up.
type cache struct {
	bound int
	keep  time.Duration
	order *list.List // of *cached, the one used last in front
	index map[string]*list.Element
}

type cached struct {
	prefix string
	rows   rows
	until  time.Time
}

func newCache(bound int, keep time.Duration) *cache {
	return &cache{bound: max(bound, 0), keep: keep, order: list.New(), index: make(map[string]*list.Element)}
}

func (c *cache) get(prefix string, now time.Time) (rows, bool) {
	e := c.index[prefix]
	if e == nil {
		return rows{}, false
	}
	known := e.Value.(*cached)
	if !now.Before(known.until) {
		c.remove(e)
		return rows{}, false
	}
	c.order.MoveToFront(e)
	return known.rows, true
}

func (c *cache) put(prefix string, r rows, now time.Time) {
	if c.bound == 0 {
		return
	}
	if e := c.index[prefix]; e != nil {
		c.remove(e)
	}
	if c.order.Len() >= c.bound {
		c.remove(c.order.Back())
	}
	c.index[prefix] = c.order.PushFront(&cached{prefix, r, now.Add(c.keep)})
}

func (c *cache) remove(e *list.Element) {
	delete(c.index, e.Value.(*cached).prefix)
	c.order.Remove(e)
}

// breaker stops asking a service that has failed n consecutive times. After
// the pause it lets one request through, whose outcome decides.
type breaker struct {
	after    int
	pause    time.Duration
	failures int       // consecutive
	until    time.Time // of the pause
	trying   bool      // the one request is on its way
}

// allow reports whether a request may be made, whose outcome must be reported.
func (b *breaker) allow(now time.Time) bool {
	if b.failures < b.after {
		return true
	}
	if b.trying || now.Before(b.until) {
		return false
	}
	b.trying = true
	return true
}

func (b *breaker) report(ok bool, now time.Time) {
	if ok {
		*b = breaker{after: b.after, pause: b.pause}
		return
	}
	b.failures++
	b.trying = false
	if b.failures >= b.after {
		b.until = now.Add(b.pause)
	}
}
