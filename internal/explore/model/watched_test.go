package model_test

import (
	"context"
	"fmt"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/session"
)

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
	wrote  []passwd.Ref
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
	if err != nil {
		return epoch, err
	}
	w.wrote = append(w.wrote, write.Account)
	for _, j := range write.Jobs {
		w.put = append(w.put, j.ID)
	}
	return epoch, nil
}

func (w *watched) RaiseEpochs(ctx context.Context, by int64) (int, error) {
	return w.backend.(interface {
		RaiseEpochs(ctx context.Context, by int64) (int, error)
	}).RaiseEpochs(ctx, by)
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
