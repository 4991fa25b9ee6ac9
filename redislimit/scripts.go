package redislimit

import (
	"crypto/sha1"
	_ "embed"
	"encoding/hex"
)

// script is a Lua script and the name that Redis gives it.
type script struct {
	text   string
	digest string // SHA-1 in hex, as EVALSHA has it
}

func newScript(parts ...string) script {
	var text string
	for _, part := range parts {
		text += part
	}
	sum := sha1.Sum([]byte(text))
	return script{text, hex.EncodeToString(sum[:])}
}

//go:embed lua/tries.lua
var triesLua string

//go:embed lua/do.lua
var doLua string

//go:embed lua/undo.lua
var undoLua string

var (
	doScript   = newScript(triesLua, doLua)
	undoScript = newScript(triesLua, undoLua)
)
