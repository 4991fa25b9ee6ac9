package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path"
	"path/filepath"
	"strings"
	"unicode/utf8"
)

// source is a package of npm and what is taken of it.
type source struct {
	name, integrity string
	words           string // its list of words, by frequency
	names           []string
}

var sources = []source{
	{"language-de-3.0.2", "CPl2314qWtnJl4EkeEqFbL4unP6yEAHO976ER+df8CQcKsF4FxdZYEahkleWU66dhNI2VKnmJKNMzq8QtHQKcw==", "commonWords", []string{"firstnames", "lastnames"}},
	{"language-es-es-4.1.2", "zFCgmyqi/VBsn1KWoM/SqZU1g+mNwgLHq5LRunw6zrsEjn6ZnhSC/wopxdSFgIIhsQyqoanExrZyJci6Z2rlHg==", "commonWords", []string{"firstnames", "lastnames"}},
	{"language-fr-4.1.2", "xEex2n4J9UBhkASw6Vt2lUp9+eJgP0KquNiyh/D3IAP/HbnqRdd1oBkAiynSsRhJ9olmRnZVfYghaU5N6UKNjw==", "commonWords", nil},
	{"language-it-3.0.2", "VMC7JJZ855wPhklADB43kxRVWpbWIsVWjvrC8EACBoNqcFyk2DLD+WeoAtazM08ovM0wi/mN+wc0Sa5iFtOtvQ==", "commonWords", nil},
	{"language-nl-be-3.0.2", "TxMA71FRSjxpS6KzdVp2k20Ct2fxokK/cdn5h7xgLpFvDZMyM1qT8j46Sk+cvk16hYAzU2kS7NXiVG5E8NCvVw==", "commonWords", []string{"boysFirstnames", "girlsFirstnames", "lastnames"}},
	{"language-pt-br-4.1.1", "v5F/rtlbh+81MgonI3xRcwn4QVz60YBImrdBoUlYkofvuVNlF/YoLTJNfQcNGqnO9DYdiivDx8NGyYGfebPHOw==", "commonWords", []string{"firstnames"}},
	{"language-pl-3.0.2", "PtH5PomFDP5XHQrMb9JSOyklOfhKbgU0WcQHxIU7fr3H4/WagGzCoeakGtBD4irA2ucrBNn9qpK2YIGIvpqkAA==", "commonWords", []string{"femaleFirstnames", "maleFirstnames", "maleLastnames"}},
	{"language-ja-3.0.2", "YjQyt+eMe3EdpeJiSt81AMF8HfEXXCary/VRoG+0erZBzRjfJ1U3JdSiu9wFFxiEF8Cb5FEmTQ6nQPyraezH6Q==", "commonWords", []string{"firstnames", "lastnames"}},
	{"language-cs-3.0.1", "GXUFxEAwYUCFzYdArP5MpEGX7NftmwIWNZxiRwanUa/ZiLWCML9l2zlTDb+BIUqCwfAfEue1Ar5iru4iWWBXaQ==", "commonWords", []string{"firstnames"}},
	{"language-id-4.1.1", "c2u8+tgR6GV4HpovPs3jv7nS2+U3+lfoFACHdQ0LzrzBKjCln8TbQv6Mw3Xb58UEyMofDpOBpQlo/67iXN+0IA==", "commonWords", nil},
	{"language-ar-3.1.0", "NIEmM9hOrG+RC8DaZi96ynRvaADjmPCQMrQSdNXvDdLs17DHzYgSD3LYnorHkY2+w0U1TjAX4LdlJEIvIurk1A==", "", []string{"firstnames", "lastnames"}},
	{"language-common-4.1.3", "g2bg4skmlJG9aJqC/nWziZzgYpSe/f3rKeGobrkdFiOrfZVFqqzUgC6BUQWuX54Sua9j0Jxxt+1bf4f/Mal1Kg==", "passwords", nil},
}

// packages adds the commonest words, names and passwords of the packages.
func (b *builder) packages(dir string) error {
	for _, s := range sources {
		file := filepath.Join(dir, "zxcvbn-ts-"+s.name+".tgz")
		data, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		found, err := unpack(data, s.integrity)
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		kind, most := byte(kindWord), commonWords
		if s.words == "passwords" {
			kind, most = kindPassword, passwordCount
		}
		for i, w := range found[s.words][:min(len(found[s.words]), most)] {
			if utf8.RuneCountInString(w) >= leastLetters {
				b.common(kind, math.Log2(float64(i+16)), w)
			}
		}
		for _, list := range s.names {
			for _, w := range found[list][:min(len(found[list]), commonNames)] {
				if utf8.RuneCountInString(w) >= leastLetters {
					b.add(kindName, math.Log2(commonNames), w)
				}
			}
		}
	}
	return nil
}

// common adds a word of a list. Passwords may have symbols in them.
func (b *builder) common(kind byte, bits float64, word string) {
	if kind == kindPassword {
		b.one(kind, bits, strings.ToLower(word))
		return
	}
	b.add(kind, bits, word)
}

// unpack returns the lists of an archive by their names.
func unpack(archive []byte, integrity string) (map[string][]string, error) {
	if sum := sha512.Sum512(archive); base64.StdEncoding.EncodeToString(sum[:]) != integrity {
		return nil, errors.New("another archive than that of the version")
	}
	unzipped, err := gzip.NewReader(bytes.NewReader(archive))
	if err != nil {
		return nil, err
	}
	found := make(map[string][]string)
	files := tar.NewReader(unzipped)
	for {
		header, err := files.Next()
		if errors.Is(err, io.EOF) {
			return found, nil
		}
		if err != nil {
			return nil, err
		}
		name, ok := strings.CutSuffix(path.Base(header.Name), ".json")
		if !ok || path.Dir(header.Name) != "package/src" {
			continue
		}
		var list []string
		if json.NewDecoder(files).Decode(&list) == nil {
			found[name] = list
		}
	}
}
