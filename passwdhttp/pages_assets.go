package passwdhttp

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"net/http"
	"path"
	"strconv"
	"strings"
)

//go:embed assets
var assetFiles embed.FS

// asset is a file whose name has the hash of its content in it, so that browsers
// may keep it for good.
type asset struct {
	path, contentType string
	data              []byte
}

// assets returns the files by their names.
func assets() map[string]asset {
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
		data = compact(data)
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
