package fastargon2

import (
	"errors"
	"fmt"
	"runtime"

	"golang.org/x/crypto/argon2"
)

// The variants of Argon2, by the type that RFC 9106 §3.1 gives them. New hashes
// should be Argon2id (§4).
const (
	VariantD  uint32 = 0
	VariantI  uint32 = 1
	VariantID uint32 = 2
)

// The versions of Argon2.
const (
	Version10 uint32 = 0x10 // from before the RFC: later passes overwrite the matrix
	Version13 uint32 = 0x13 // RFC 9106
)

// Kernel is an implementation of Argon2's compression function.
type Kernel uint8

// The kernels, the fastest last.
const (
	// Go is x/crypto for what that has, Argon2i and Argon2id of version 19, and
	// portable code for the rest. x/crypto takes new memory for each hash and does
	// not wipe it.
	Go     Kernel = 1
	AVX2   Kernel = 2
	AVX512 Kernel = 3
)

// String returns the name in small letters.
func (k Kernel) String() string {
	switch k {
	case Go:
		return "go"
	case AVX2:
		return "avx2"
	case AVX512:
		return "avx512"
	}
	return fmt.Sprintf("Kernel(%d)", uint8(k))
}

// Config configures [New]. The zero value is right for most.
type Config struct {
	// Fastest is the fastest kernel to choose; 0: AVX512. It is for measurements,
	// and for hosts on which the choice is a bad one.
	Fastest Kernel
	// Keep is how many matrices are kept for later hashes, for a minute after the
	// last use. More hashes than this can run at once, with new memory. 0: GOMAXPROCS.
	Keep int
	// Dropped is called by New for each kernel that the CPU should have and that
	// computes something else than x/crypto. It should be reported: the CPU, the
	// hypervisor or this package has a fault. New goes on with the next kernel.
	Dropped func(Kernel)
}

// Argon2 computes Argon2 tags, with a kernel that was chosen once. It is safe for
// concurrent use. It has no limit of its own on how many hashes run at once; a
// passwd.Service has.
type Argon2 struct {
	kernel kernel
	pool   pool
}

// kernel is a Kernel with its function.
type kernel struct {
	name Kernel
	run  fillFunc
}

// New chooses the fastest kernel for this CPU. Each is first checked against
// x/crypto on small inputs, which takes a fraction of a millisecond: a CPU on which one is wrong
// would make hashes that no other verifies.
func New(c Config) *Argon2 { return fastest(c, kernels()) }

// fastest takes the first kernel, of those in falling order, that is right.
func fastest(c Config, among []kernel) *Argon2 {
	if c.Keep <= 0 {
		c.Keep = runtime.GOMAXPROCS(0)
	}
	a := &Argon2{kernel: kernel{Go, fillGo}, pool: pool{bound: c.Keep}}
	for _, k := range among {
		if c.Fastest != 0 && k.name > c.Fastest {
			continue
		}
		if k.right() {
			a.kernel = k
			break
		}
		if c.Dropped != nil {
			c.Dropped(k.name)
		}
	}
	return a
}

// right compares the kernel with x/crypto.
func (k kernel) right() bool {
	p := parameters{
		variant: VariantID, version: Version13, password: []byte("password"), salt: []byte("somesaltsomesalt"),
		passes: 2, memory: 64, lanes: 1, length: 32,
	}
	w := newWorker(p.blocks())
	defer w.free()
	want := argon2.IDKey(p.password, p.salt, p.passes, p.memory, uint8(p.lanes), p.length)
	return string(w.derive(k.run, p)) == string(want)
}

// Kernel returns the kernel in use.
func (a *Argon2) Kernel() Kernel { return a.kernel.name }

// Key computes a tag of so many bytes, 4 or more (RFC 9106 §3.1). Version is 0x13,
// or 0x10 for hashes from before the RFC; memory is in KiB, 8 or more for each
// lane, and what is not a multiple of four blocks for each lane is not used. What it worked on is wiped
// before it returns, and kept for later calls.
//
// Errors are about parameters; bounds on what a stored hash may cost are the
// caller's.
func (a *Argon2) Key(variant, version uint32, password, salt []byte, passes, memory uint32, lanes uint8, length uint32) ([]byte, error) {
	p := parameters{
		variant: variant, version: version, password: password, salt: salt,
		passes: passes, memory: memory, lanes: uint32(lanes), length: length,
	}
	if err := p.validate(); err != nil {
		return nil, err
	}
	if a.kernel.name == Go && version == Version13 {
		switch variant {
		case VariantI:
			return argon2.Key(password, salt, passes, memory, lanes, length), nil
		case VariantID:
			return argon2.IDKey(password, salt, passes, memory, lanes, length), nil
		}
	}
	w := a.pool.take(p.blocks())
	defer a.pool.put(w)
	defer w.wipe()
	return w.derive(a.kernel.run, p), nil
}

func (p *parameters) validate() error {
	switch {
	case p.variant > VariantID:
		return fmt.Errorf("fastargon2: no variant %d", p.variant)
	case p.version != Version10 && p.version != Version13:
		return fmt.Errorf("fastargon2: no version %#x", p.version)
	case p.passes < 1:
		return errors.New("fastargon2: no passes")
	case p.lanes < 1:
		return errors.New("fastargon2: no lanes")
	case p.memory < 8*p.lanes:
		return fmt.Errorf("fastargon2: %d KiB is under 8 for each of %d lanes", p.memory, p.lanes)
	case uint64(p.memory)<<10 > uint64(maxInt):
		return fmt.Errorf("fastargon2: %d KiB is more than can be addressed", p.memory)
	case p.length < 4:
		return fmt.Errorf("fastargon2: a tag of %d bytes is under 4", p.length)
	}
	return nil
}

const maxInt = int(^uint(0) >> 1)
