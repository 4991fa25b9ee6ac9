package fastargon2

import (
	"encoding"
	"hash"
)

// Block, FillFunc and what follows are the inside of the package, for its tests.
type (
	Block    = block
	FillFunc = fillFunc
)

// FillGo is the function that the kernels are compared with.
var FillGo FillFunc = fillGo

// Position is where a block has word i.
func Position(i int) int { return position(i) }

// Kernels returns the kernels of this CPU.
func Kernels() map[Kernel]FillFunc {
	all := map[Kernel]FillFunc{}
	for _, k := range kernels() {
		all[k.name] = k.run
	}
	return all
}

// NewOf is New, with the kernels to choose from, the fastest first.
func NewOf(c Config, names []Kernel, runs []FillFunc) *Argon2 {
	var among []kernel
	for i, name := range names {
		among = append(among, kernel{name, runs[i]})
	}
	return fastest(c, among)
}

// Inputs are those of Argon2, with the two that Key does not have.
type Inputs struct {
	Variant, Version             uint32
	Password, Salt, Secret, Data []byte
	Passes, Memory               uint32
	Lanes                        uint8
	Length                       uint32
}

// Worker computes with any function and on any matrix.
type Worker struct{ *worker }

// NewWorker has a matrix as it is, or if it is nil a new one of so many blocks.
func NewWorker(matrix []Block, blocks uint32) Worker {
	w := newWorker(blocks)
	if matrix != nil {
		w.room = matrix
	}
	return Worker{w}
}

// Derive computes a tag.
func (w Worker) Derive(run FillFunc, in Inputs) []byte {
	return w.derive(run, parameters{
		variant: in.Variant, version: in.Version, password: in.Password, salt: in.Salt, secret: in.Secret, data: in.Data,
		passes: in.Passes, memory: in.Memory, lanes: uint32(in.Lanes), length: in.Length,
	})
}

// Room is the whole matrix.
func (w Worker) Room() []Block { return w.room }

// Kept returns the workers that are kept, the one used last behind.
func (a *Argon2) Kept() []Worker {
	a.pool.mu.Lock()
	defer a.pool.mu.Unlock()
	var all []Worker
	for _, k := range a.pool.free {
		all = append(all, Worker{k.worker})
	}
	return all
}

// Remains tells where something is left of a hash, or "".
func (w Worker) Remains() string {
	for _, b := range w.room {
		if b != (block{}) {
			return "matrix"
		}
	}
	for _, s := range w.scratch {
		if s != (scratch{}) {
			return "scratch"
		}
	}
	p := w.parameters
	switch fresh := newWorker(0); {
	case p.password != nil || p.salt != nil || p.passes != 0:
		return "parameters"
	case w.first != fresh.first || w.v != fresh.v || w.bytes != fresh.bytes:
		return "buffers"
	}
	for _, h := range []hash.Hash{w.long, w.short} {
		h.Reset()
		state, err := h.(encoding.BinaryMarshaler).MarshalBinary()
		if err != nil {
			return err.Error()
		}
		for _, b := range state[3+8*8+2*8+1:] { // behind name, chain, counters and size: the buffer
			if b != 0 {
				return "BLAKE2b"
			}
		}
	}
	return ""
}
