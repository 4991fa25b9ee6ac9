package pwhash_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/passwd-go/passwd/pwhash"
)

// A machine on which one KiB in one pass takes half a microsecond.
func half(a pwhash.Argon2id) (time.Duration, error) {
	return time.Duration(a.KiB) * time.Duration(a.Passes) * time.Microsecond / 2, nil
}

func TestCalibrate(t *testing.T) {
	tests := []struct {
		target      time.Duration
		maxKiB      uint32
		kib, passes uint32
	}{
		{time.Nanosecond, 1 << 20, 19456, 2}, // never below the floor
		{20 * time.Millisecond, 1 << 20, 19456, 2},
		{38 * time.Millisecond, 1 << 20, 19456, 3},
		{39 * time.Millisecond, 1 << 20, 38912, 2},
		{100 * time.Millisecond, 1 << 20, 77824, 2},
		{100 * time.Millisecond, 40000, 38912, 5},
		{100 * time.Millisecond, 19456, 19456, 10},
		{time.Hour, 19456, 19456, 16},     // the bound on passes
		{time.Hour, 1 << 31, 155648, 6},   // the bounds on memory, and on memory times passes
		{time.Hour, 1<<32 - 1, 155648, 6}, // no wrapping around
	}
	for _, tt := range tests {
		a, took, err := pwhash.CalibrateWith(tt.target, tt.maxKiB, half)
		want := pwhash.Argon2id{KiB: tt.kib, Passes: tt.passes, Lanes: 1}
		wantTook, _ := half(want)
		if err != nil || a.KiB != want.KiB || a.Passes != want.Passes || a.Lanes != 1 || took != wantTook {
			t.Errorf("%v, %d KiB: %d KiB, %d passes, %v, %v; want %d, %d", tt.target, tt.maxKiB, a.KiB, a.Passes, took, err, tt.kib, tt.passes)
		}
		if err := a.Validate(); err != nil {
			t.Errorf("%v, %d KiB: %v", tt.target, tt.maxKiB, err)
		}
	}
	if _, _, err := pwhash.Calibrate(t.Context(), nil, time.Second, 19455); err == nil {
		t.Error("too little memory for the floor is no error")
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := pwhash.Calibrate(ended, nil, time.Second, 1<<16); !errors.Is(err, context.Canceled) {
		t.Errorf("ended: %v", err)
	}
	a, took, err := pwhash.Calibrate(t.Context(), nil, 1, 1<<16)
	if err != nil || a.KiB != 19456 || took <= 0 {
		t.Errorf("on this machine: %d KiB, %v, %v", a.KiB, took, err)
	}
}
