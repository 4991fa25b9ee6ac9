package fastargon2

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

const hugePage = 2 << 20

// newMatrix takes a large matrix from the system and not from the heap. It is in
// huge pages where there are any: blocks are read at random, and with pages of 4 KiB
// nearly each one is a miss in the TLB. It is not in core dumps. And it is given
// back when it is freed, not when the garbage collector comes by. GOMEMLIMIT does not
// count it.
func newMatrix(blocks uint32) (matrix []block, free func()) {
	size := int(blocks) << 10
	if size < 2*hugePage {
		return make([]block, blocks), func() {}
	}
	mapped, err := unix.Mmap(-1, 0, size+hugePage, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		return make([]block, blocks), func() {}
	}
	start := unsafe.Pointer(&mapped[0])
	aligned := mapped[-uintptr(start)%hugePage:]
	// Kernels without these go on as they are.
	_ = unix.Madvise(aligned[:size], unix.MADV_HUGEPAGE)
	_ = unix.Madvise(aligned[:size], unix.MADV_DONTDUMP)
	return unsafe.Slice((*block)(unsafe.Pointer(&aligned[0])), blocks), func() { _ = unix.Munmap(mapped) }
}
