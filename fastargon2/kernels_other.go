//go:build !amd64 || purego

package fastargon2

func kernels() []kernel { return nil }
