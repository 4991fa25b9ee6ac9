package fastargon2

import (
	"encoding/binary"
	"hash"
	"slices"

	"golang.org/x/crypto/blake2b"
)

// sliceCount are the parts of a lane. Blocks refer to other lanes' only where these are
// in finished slices, so that the lanes of a slice can be computed at the same time
// (RFC 9106 §3.4).
const sliceCount = 4

// wipedAtOnce bounds the blocks that are cleared before the garbage collector may
// stop the goroutine again.
const wipedAtOnce = 1024

// parameters are the inputs of Argon2 (RFC 9106 §3.1).
type parameters struct {
	variant, version             uint32
	password, salt, secret, data []byte
	passes, memory               uint32 // memory in blocks of 1 KiB
	lanes                        uint32
	length                       uint32 // of the tag, in bytes
}

// blocks is m' (RFC 9106 §3.2): how much of the memory is used.
func (p *parameters) blocks() uint32 {
	return p.memory / (sliceCount * p.lanes) * (sliceCount * p.lanes)
}

// worker computes one tag at a time.
type worker struct {
	parameters
	run           fillFunc
	lane, segment int // their blocks

	room    []block // what it may use, until free is called
	free    func()
	matrix  []block   // what it uses, one lane after the other
	scratch []scratch // of the lanes

	long, short hash.Hash // BLAKE2b with 64 bytes, and with those of the last tag
	first       [72]byte  // H0, and the column and lane of a block
	number      [4]byte
	v           [blake2b.Size]byte
	bytes       [1024]byte
}

// scratch is what the computation of a lane needs besides the matrix: what makes
// pseudo-random words (RFC 9106 §3.4.1.2), and a block for the kernel.
type scratch struct {
	blocks [4]block
	tmp    block
}

const (
	zero = iota
	counter
	middle
	addresses
)

func newWorker(blocks uint32) *worker {
	long, _ := blake2b.New512(nil) // fails for keys only
	room, free := newMatrix(blocks)
	return &worker{room: room, free: free, long: long, short: long}
}

// wipe leaves nothing that a password could be guessed by.
func (w *worker) wipe() {
	w.parameters = parameters{}
	for piece := range slices.Chunk(w.matrix, wipedAtOnce) {
		clear(piece)
	}
	clear(w.scratch)
	clear(w.first[:])
	clear(w.v[:])
	clear(w.bytes[:])
	for _, h := range [...]hash.Hash{w.long, w.short} {
		h.Reset()
		h.Write(w.bytes[:blake2b.BlockSize]) // over the input in its buffer
		h.Reset()
	}
}

// derive computes a tag (RFC 9106 §3.2), whatever the worker holds. It needs as
// much room as p has blocks.
func (w *worker) derive(run fillFunc, p parameters) []byte {
	w.parameters, w.run = p, run
	w.matrix = w.room[:p.blocks()]
	w.lane = int(p.blocks() / p.lanes)
	w.segment = w.lane / sliceCount
	if uint32(len(w.scratch)) < p.lanes {
		w.scratch = make([]scratch, p.lanes)
	}
	w.start()
	w.fill()
	return w.tag()
}

// start makes the first two blocks of every lane.
func (w *worker) start() {
	w.long.Reset()
	for _, n := range [...]uint32{w.lanes, w.length, w.memory, w.passes, w.version, w.variant} {
		w.long.Write(w.encode(n))
	}
	for _, field := range [...][]byte{w.password, w.salt, w.secret, w.data} {
		w.long.Write(w.encode(uint32(len(field))))
		w.long.Write(field)
	}
	w.long.Sum(w.first[:0])
	for lane := range int(w.lanes) {
		for column := range 2 {
			binary.LittleEndian.PutUint32(w.first[64:], uint32(column))
			binary.LittleEndian.PutUint32(w.first[68:], uint32(lane))
			w.hash(w.bytes[:], w.first[:])
			b := &w.matrix[lane*w.lane+column]
			for i := range b {
				b[position(i)] = binary.LittleEndian.Uint64(w.bytes[8*i:])
			}
		}
	}
}

// tag makes the tag of the last blocks of all lanes.
func (w *worker) tag() []byte {
	last := &w.matrix[w.lane-1]
	for lane := 1; lane < int(w.lanes); lane++ {
		for i, word := range w.matrix[(lane+1)*w.lane-1] {
			last[i] ^= word
		}
	}
	for i := range last {
		binary.LittleEndian.PutUint64(w.bytes[8*i:], last[position(i)])
	}
	tag := make([]byte, w.length)
	w.hash(tag, w.bytes[:])
	return tag
}

func (w *worker) encode(n uint32) []byte {
	binary.LittleEndian.PutUint32(w.number[:], n)
	return w.number[:]
}

// hash is H' (RFC 9106 §3.3): a hash as long as out.
func (w *worker) hash(out, in []byte) {
	size := w.encode(uint32(len(out)))
	if len(out) <= blake2b.Size {
		w.hashOnce(out, size, in)
		return
	}
	w.hashOnce(w.v[:], size, in)
	out = out[copy(out, w.v[:32]):]
	for len(out) > blake2b.Size {
		w.hashOnce(w.v[:], w.v[:], nil)
		out = out[copy(out, w.v[:32]):]
	}
	w.hashOnce(out, w.v[:], nil)
}

// hashOnce is BLAKE2b of 64 bytes or fewer.
func (w *worker) hashOnce(out, prefix, in []byte) {
	h := w.long
	if len(out) != blake2b.Size {
		if w.short.Size() != len(out) {
			w.short, _ = blake2b.New(len(out), nil) // fails for larger sizes only
		}
		h = w.short
	}
	h.Reset()
	h.Write(prefix)
	h.Write(in)
	h.Sum(out[:0])
}
