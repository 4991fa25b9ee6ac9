//go:build !purego

package fastargon2

import "golang.org/x/sys/cpu"

//go:generate go run -C internal/gen . -out ../../block_amd64.s -stubs ../../block_amd64.go -pkg fastargon2

// kernels are those for this CPU, the fastest first.
//
// AVX-512 is for CPUs that also have VBMI2, which came with Ice Lake at Intel and
// with Zen 4 at AMD. Those before it, Skylake-SP to Cooper Lake, lower their clock
// for 512-bit instructions, also for whatever else runs on the core.
func kernels() (k []kernel) {
	if cpu.X86.HasAVX512F && cpu.X86.HasAVX512VBMI2 {
		k = append(k, kernel{AVX512, fillAVX512})
	}
	if cpu.X86.HasAVX2 {
		k = append(k, kernel{AVX2, fillAVX2})
	}
	return k
}
