package passwd_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/passwd-go/passwd"
)

var queueStart = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func job(id, key string) passwd.Job {
	return passwd.Job{
		ID: id, Key: key, Sealed: []byte("sealed " + id),
		NotBefore: queueStart, NotAfter: queueStart.Add(time.Hour),
	}
}

func put(t testing.TB, q passwd.Queue, jobs ...passwd.Job) {
	t.Helper()
	for _, j := range jobs {
		if err := q.Put(context.Background(), j); err != nil {
			t.Fatalf("Put(%s): %v", j.ID, err)
		}
	}
}

func claim(t testing.TB, q passwd.Queue, n int, lease time.Duration, now time.Time) []passwd.Job {
	t.Helper()
	jobs, err := q.Claim(context.Background(), n, lease, now)
	if err != nil {
		t.Fatalf("Claim: %v", err)
	}
	return jobs
}

func done(t testing.TB, q passwd.Queue, id string) {
	t.Helper()
	if err := q.Done(context.Background(), id); err != nil {
		t.Fatalf("Done: %v", err)
	}
}

func retry(t testing.TB, q passwd.Queue, id string, at time.Time) {
	t.Helper()
	if err := q.Retry(context.Background(), id, at); err != nil {
		t.Fatalf("Retry: %v", err)
	}
}

// wantClaimed claims all that is due and compares ids and attempts.
func wantClaimed(t *testing.T, q passwd.Queue, now time.Time, want ...string) {
	t.Helper()
	var got []string
	for _, j := range claim(t, q, 100, time.Minute, now) {
		got = append(got, fmt.Sprint(j.ID, " ", j.Attempts))
	}
	if !slices.Equal(got, want) {
		t.Errorf("claimed %q, want %q", got, want)
	}
}

func TestMemoryQueueOldestFirst(t *testing.T) {
	q := new(passwd.MemoryQueue)
	later := job("d", "")
	later.NotBefore = queueStart.Add(time.Second)
	put(t, q, job("c", ""), later, job("a", ""), job("b", ""))
	if jobs := claim(t, q, 0, time.Minute, queueStart); len(jobs) != 0 {
		t.Errorf("claimed %d of 0", len(jobs))
	}
	wantClaimed(t, q, queueStart.Add(-1))
	jobs := claim(t, q, 2, time.Minute, queueStart)
	if len(jobs) != 2 || jobs[0].ID != "c" || jobs[1].ID != "a" {
		t.Fatalf("claimed %+v, want c and a", jobs)
	}
	want := job("c", "")
	want.Attempts = 1
	if got := jobs[0]; string(got.Sealed) != "sealed c" || got.Attempts != 1 ||
		!got.NotBefore.Equal(want.NotBefore) || !got.NotAfter.Equal(want.NotAfter) {
		t.Errorf("claimed %+v, want %+v", got, want)
	}
	wantClaimed(t, q, queueStart, "b 1")
	wantClaimed(t, q, queueStart.Add(time.Second), "d 1")
	wantClaimed(t, q, queueStart.Add(time.Second))
}

func TestMemoryQueueLease(t *testing.T) {
	q := new(passwd.MemoryQueue)
	put(t, q, job("a", ""), job("b", ""))
	wantClaimed(t, q, queueStart, "a 1", "b 1")
	done(t, q, "a")
	wantClaimed(t, q, queueStart.Add(time.Minute-1))
	wantClaimed(t, q, queueStart.Add(time.Minute), "b 2") // the lease ran out
	retry(t, q, "b", queueStart.Add(time.Hour))
	wantClaimed(t, q, queueStart.Add(time.Hour-1))
	wantClaimed(t, q, queueStart.Add(time.Hour), "b 3")
	done(t, q, "b")
	wantClaimed(t, q, queueStart.Add(24*time.Hour))
	done(t, q, "b")
	done(t, q, "unknown")
	retry(t, q, "b", queueStart)
	wantClaimed(t, q, queueStart.Add(24*time.Hour))
}

func TestMemoryQueueAbsorbs(t *testing.T) {
	q := new(passwd.MemoryQueue)
	put(t, q, job("a", "k"), job("b", "k"), job("c", "other"), job("d", ""), job("e", ""))
	wantClaimed(t, q, queueStart, "a 1", "c 1", "d 1", "e 1")

	put(t, q, job("f", "k"), job("g", "k")) // a is claimed, and absorbs nothing; f does
	retry(t, q, "a", queueStart)
	put(t, q, job("h", "k")) // a and f wait
	done(t, q, "f")
	put(t, q, job("i", "k")) // a waits
	wantClaimed(t, q, queueStart, "a 2")
	put(t, q, job("j", "k"))
	wantClaimed(t, q, queueStart.Add(time.Second), "j 1")

	// A lease that ran out leaves its job claimed until it is claimed again.
	put(t, q, job("l", "k"))
	wantClaimed(t, q, queueStart.Add(time.Minute), "l 1", "a 3", "c 2", "d 2", "e 2")
	for _, id := range []string{"a", "c", "d", "e", "j", "l"} {
		done(t, q, id)
	}
	put(t, q, job("m", "k")) // nothing waits any more
	wantClaimed(t, q, queueStart, "m 1")
}

func TestMemoryQueueDoneBeforeClaim(t *testing.T) {
	q := new(passwd.MemoryQueue)
	put(t, q, job("a", "k"))
	done(t, q, "a")
	put(t, q, job("b", "k"))
	retry(t, q, "b", queueStart) // unclaimed: it only moves, and still counts once
	done(t, q, "b")
	put(t, q, job("c", "k"))
	wantClaimed(t, q, queueStart, "c 1")
}

func TestMemoryQueuePutTwice(t *testing.T) {
	q := new(passwd.MemoryQueue)
	put(t, q, job("a", ""), job("a", ""))
	wantClaimed(t, q, queueStart, "a 1")
	put(t, q, job("a", ""))
	wantClaimed(t, q, queueStart)
}

// I8
func TestMemoryQueueFull(t *testing.T) {
	for _, tt := range []struct{ bound, want int }{{1, 1}, {3, 3}, {0, 10_000}} {
		q := &passwd.MemoryQueue{Max: tt.bound}
		for i := range tt.want {
			put(t, q, job(fmt.Sprint(i), fmt.Sprint("k", i)))
		}
		if err := q.Put(t.Context(), job("more", "")); !errors.Is(err, passwd.ErrQueueFull) {
			t.Errorf("one more than %d: %v, want ErrQueueFull", tt.want, err)
		}
		if err := q.Put(t.Context(), job("absorbed", "k0")); !errors.Is(err, passwd.ErrQueueFull) {
			t.Errorf("one that would be absorbed: %v, want ErrQueueFull", err) // I6: else it tells who has a job in it
		}
		put(t, q, job("0", "k0")) // it is there already
		claim(t, q, 1, time.Minute, queueStart)
		if err := q.Put(t.Context(), job("more", "")); !errors.Is(err, passwd.ErrQueueFull) {
			t.Errorf("a claimed job makes room: %v", err)
		}
		done(t, q, "0")
		put(t, q, job("more", ""))
	}
}

func TestMemoryQueueKeepsItsBytes(t *testing.T) {
	q := new(passwd.MemoryQueue)
	j := job("a", "")
	put(t, q, j)
	clear(j.Sealed)
	first := claim(t, q, 1, 0, queueStart)
	clear(first[0].Sealed)
	second := claim(t, q, 1, 0, queueStart) // a lease of 0 is over at once
	if len(second) != 1 || !bytes.Equal(second[0].Sealed, []byte("sealed a")) {
		t.Errorf("claimed %+v", second)
	}
}

func TestMemoryQueueInProcess(t *testing.T) {
	q, ok := passwd.Queue(new(passwd.MemoryQueue)).(interface{ InProcess() bool })
	if !ok || !q.InProcess() {
		t.Error("the queue does not say that it lives in one process")
	}
}

// Claimers in parallel get every job once, while others are put.
func TestMemoryQueueParallelClaims(t *testing.T) {
	const putters, each, claimers = 4, 200, 8
	q := new(passwd.MemoryQueue)
	var mu sync.Mutex
	claimed := make(map[string]int)
	var wg sync.WaitGroup
	for p := range putters {
		wg.Go(func() {
			for i := range each {
				put(t, q, job(fmt.Sprint(p, "/", i), ""))
			}
		})
	}
	work := func() int {
		jobs := claim(t, q, 7, time.Minute, queueStart)
		mu.Lock()
		for _, j := range jobs {
			claimed[j.ID]++
		}
		mu.Unlock()
		for i, j := range jobs {
			if i%2 == 0 {
				done(t, q, j.ID)
			}
		}
		return len(jobs)
	}
	for range claimers {
		wg.Go(func() {
			for range 100 {
				work()
			}
		})
	}
	wg.Wait()
	for work() > 0 {
	}
	for id, n := range claimed {
		if n != 1 {
			t.Errorf("job %s was claimed %d times", id, n)
		}
	}
	if len(claimed) != putters*each {
		t.Errorf("%d jobs were claimed, want %d", len(claimed), putters*each)
	}
}
