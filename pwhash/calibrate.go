package pwhash

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// Calibrate suggests costs for this machine: the most expensive Argon2id of one lane whose
// hash takes at most target, and how long it took, as the median of 5. It doubles
// the memory up to maxKiB first, then adds passes, and never goes below the zero
// Argon2id, whatever that takes, nor beyond what the zero Bounds let verify. 50 to
// 100 ms is a usual target. key is what will compute the hashes, nil for x/crypto, and
// is in the result.
//
// Run it by hand, on the machine that will serve and while it is idle, and write
// the result into the configuration: costs that are measured at every start drift,
// and each upward drift makes every stored hash stale. maxKiB is what one hash may hold:
// the memory to spare divided by Config.HashWorkers. An error is that of ctx, or says that
// maxKiB is under 19456.
func Calibrate(ctx context.Context, key Argon2Key, target time.Duration, maxKiB uint32) (Argon2id, time.Duration, error) {
	best, took, err := calibrate(target, maxKiB, func(a Argon2id) (time.Duration, error) {
		a.Key = key
		var took [5]time.Duration
		for i := range took {
			began := time.Now()
			if _, err := a.Hash(ctx, "correct horse battery staple"); err != nil {
				return 0, err
			}
			took[i] = time.Since(began)
		}
		slices.Sort(took[:])
		return took[len(took)/2], nil
	})
	best.Key = key
	return best, took, err
}

func calibrate(target time.Duration, maxKiB uint32, measure func(Argon2id) (time.Duration, error)) (Argon2id, time.Duration, error) {
	best := Argon2id{}.withDefaults()
	if maxKiB < best.KiB {
		return Argon2id{}, 0, fmt.Errorf("pwhash: Calibrate: %d KiB is under %d", maxKiB, best.KiB)
	}
	took, err := measure(best)
	if err != nil {
		return Argon2id{}, 0, err
	}
	moreMemory := func(a Argon2id) (Argon2id, bool) {
		a.KiB *= 2
		return a, a.KiB <= maxKiB
	}
	morePasses := func(a Argon2id) (Argon2id, bool) {
		a.Passes++
		return a, true
	}
	for _, costlier := range []func(Argon2id) (Argon2id, bool){moreMemory, morePasses} {
		for took < target {
			next, ok := costlier(best)
			if !ok || next.Validate() != nil {
				break
			}
			t, err := measure(next)
			if err != nil {
				return Argon2id{}, 0, err
			}
			if t > target {
				break
			}
			best, took = next, t
		}
	}
	return best, took, nil
}
