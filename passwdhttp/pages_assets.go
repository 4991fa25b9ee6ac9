package passwdhttp

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"net/http"
	"path"
	"strconv"
	"strings"

	"github.com/passwd-go/passwd/internal/accent"
)

//go:embed assets
var assetFiles embed.FS

// asset is a file whose name has the hash of its content in it, so that browsers
// may keep it for good.
type asset struct {
	path, contentType string
	data              []byte
}

// assets returns the files by their names, with the host's colour in the style sheet.
func (c Config) assets() map[string]asset {
	entries, err := assetFiles.ReadDir("assets")
	if err != nil {
		panic(err) // unreachable: they are embedded
	}
	all := map[string]asset{}
	for _, e := range entries {
		data, err := assetFiles.ReadFile("assets/" + e.Name())
		if err != nil {
			panic(err) // unreachable
		}
		if data = compact(data); path.Ext(e.Name()) == ".css" {
			data = append(data, c.brand()...)
		}
		sum := sha256.Sum256(data)
		ext := path.Ext(e.Name())
		all[e.Name()] = asset{
			path:        "assets/" + strings.TrimSuffix(e.Name(), ext) + "." + hex.EncodeToString(sum[:8]) + ext,
			contentType: contentType(ext),
			data:        data,
		}
	}
	return all
}

// The backgrounds of the two schemes that a link is hardest to read on, as in style.css.
var onLight, onDark = accent.Colour{0xf1, 0xf2, 0xf6}, accent.Colour{0x17, 0x17, 0x1b}

// brand is the host's colour, as far as it can be read; "" if there is none.
func (c Config) brand() string {
	own, err := accent.Parse(c.Accent)
	if err != nil {
		return "" // Pages has said so
	}
	const rule = ":root { --passwd-accent: %s; --passwd-on-accent: %s; }"
	light, dark := own.ReadableOn(onLight), own.ReadableOn(onDark)
	return fmt.Sprintf(rule+"\n@media (prefers-color-scheme: dark) { "+rule+" }\n@media (forced-colors: active) { :root { --passwd-on-accent: ButtonText; } }\n",
		light, light.On(), dark, dark.On())
}

// compact leaves out of a style sheet or script what only its readers need: lines that
// are comments, empty ones, and the space that others begin with.
func compact(data []byte) []byte {
	var short []byte
	for line := range bytes.Lines(data) {
		if line = bytes.TrimLeft(line, " \n"); len(line) > 0 && !bytes.HasPrefix(line, []byte("//")) {
			short = append(short, line...)
		}
	}
	return short
}

// contentType does not ask the system, whose tables differ.
func contentType(ext string) string {
	if ext == ".js" {
		return "text/javascript; charset=utf-8"
	}
	return "text/css; charset=utf-8"
}

func (a asset) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	h := w.Header()
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("Content-Type", a.contentType)
	h.Set("Content-Length", strconv.Itoa(len(a.data)))
	w.Write(a.data)
}
