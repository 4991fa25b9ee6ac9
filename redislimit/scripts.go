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

//go:embed lua/take.lua
var takeLua string

//go:embed lua/refund.lua
var refundLua string

//go:embed lua/clear.lua
var clearLua string

//go:embed lua/count.lua
var countLua string

var (
	takeScript   = newScript(triesLua, takeLua)
	refundScript = newScript(triesLua, refundLua)
	clearScript  = newScript(clearLua)
	countScript  = newScript(triesLua, countLua)
)
