// Package fastargon2 computes Argon2 (RFC 9106) in a third of the time that
// golang.org/x/crypto/argon2 takes, on CPUs with AVX2 or AVX-512:
//
//	argon := fastargon2.New(fastargon2.Config{})
//	svc, err := passwd.New(passwd.Config{Hasher: pwhash.Argon2id{Key: argon.Key}, …})
//
// Its results are those of every other implementation, so that it can be switched on
// and off at any time. It is a module of its own, because it is cryptography that does not
// come from a well-known library.
//
// # Who should use it
//
// Hosts on which hashing is most of what a sign-in costs, which is nearly all of them, and
// that spend the time saved on more expensive hashes: five passes take as long as two of
// x/crypto did, and whoever steals the table pays for all five. Attackers have had such
// code for years. A host that keeps its costs as they are gets three times as many
// sign-ins per processor instead, and no better protection.
//
// # How
//
// [New] chooses once, by what the CPU supports, and compares each choice with x/crypto
// before it is used. Matrices are kept for a minute, so that one process does not allocate
// 19 MiB for each hash, and are wiped after every use, since a pool keeps secrets for
// longer than garbage does. With the build tag purego, and on other architectures than
// amd64, x/crypto computes all that it can.
//
// # What it does not do
//
// It is not a FIPS 140 module, and Argon2 is not an approved algorithm. Data-dependent
// reads are part of the definition of Argon2id and Argon2d: memory caches can reveal them,
// here as in every implementation. A matrix is wiped; copies in registers and on stacks
// are left to be overwritten.
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

// Config configures [New]. The zero value is right for most hosts.
type Config struct {
	// Fastest is the fastest kernel to choose; 0: AVX512. It is for measurements,
	// and for hosts on which the default choice is a bad one.
	Fastest Kernel
	// Keep is how many matrices are kept for later hashes, each for a minute after its
	// last use. More hashes can run at once, with new memory. 0: GOMAXPROCS, which is
	// what passwd.Config.HashWorkers is by default.
	Keep int
	// Dropped is called by New for each kernel that the CPU should have and that
	// does not compute what x/crypto does. New goes on with the next one. Report it:
	// the CPU, the hypervisor or this package has a fault.
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

// New chooses the fastest kernel for this CPU. It first compares it with x/crypto on
// a small input, in a fraction of a millisecond: a CPU on which it is wrong would make
// hashes that nothing else verifies.
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

// Key computes a tag of length bytes, 4 or more (RFC 9106 §3.1). It is a
// pwhash.Argon2Key. Memory is in KiB, 8 or more for each lane. Lanes are computed at
// the same time. What it worked on is wiped before it returns, and kept for later
// calls.
//
// Errors are about parameters that the RFC does not define; bounds on what a stored
// hash may cost are the caller's. A computation that has begun runs to its end.
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
