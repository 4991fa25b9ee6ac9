//go:build !linux

package fastargon2

func newMatrix(blocks uint32) (matrix []block, free func()) { return make([]block, blocks), func() {} }
