//go:build !unix

package examples_test

import "os/exec"

func ownGroup(*exec.Cmd) {}

func interrupt(cmd *exec.Cmd) { cmd.Process.Kill() }
