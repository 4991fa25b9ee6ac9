package sqlstore

import (
	"encoding/hex"
	"errors"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// IDType is the type of an id column. Ids are strings to the library; a typed
// codec turns them into values of the column, so that no database gets to guess
// what "2abc" is as a number. A string that is no id of the type is ErrNotFound,
// without a query.
type IDType int

// The types of id columns; the zero IDType is none, as a guess that is wrong would show
// only when the library's tables are made. BigInt takes a 64-bit integer in its plain decimal form
// ("7", not "07"), UUID and BinaryUUID the 36-character form in either case and
// return it in lower case, which is how a UUID column has to hold it where it is
// text; BinaryUUID is 16 bytes. Text takes 1 to 255 bytes of UTF-8 without NUL,
// compared byte by byte whatever the collation of the column; as the type of a
// tenant it takes the empty string too.
const (
	Text IDType = iota + 1
	BigInt
	UUID
	BinaryUUID
)

const maxTextID = 255

var errID = errors.New("id column holds a value that is not of its declared IDType")

func (t IDType) known() bool { return Text <= t && t <= BinaryUUID }

// idTypes lists the types; their names are those of the constants.
var idTypes = []IDType{Text, BigInt, UUID, BinaryUUID}

func (t IDType) name() string {
	return [...]string{"none", "Text", "BigInt", "UUID", "BinaryUUID"}[t]
}

// encode returns the column's value for an id.
func (t IDType) encode(id string) (value any, ok bool) {
	switch t {
	case BigInt:
		n, err := strconv.ParseInt(id, 10, 64)
		return n, err == nil && strconv.FormatInt(n, 10) == id
	case UUID:
		b, ok := parseUUID(id)
		return formatUUID(b), ok
	case BinaryUUID:
		b, ok := parseUUID(id)
		return b[:], ok
	}
	return id, validText(id)
}

func validText(id string) bool {
	return len(id) <= maxTextID && utf8.ValidString(id) && strings.IndexByte(id, 0) < 0
}

// decode returns the id for a column's value. Its error does not repeat it.
func (t IDType) decode(value any) (string, error) {
	switch v := value.(type) {
	case int64:
		if t == Text || t == BigInt {
			return strconv.FormatInt(v, 10), nil
		}
	case uint64: // of an unsigned column
		if t == BigInt && v <= math.MaxInt64 {
			return strconv.FormatUint(v, 10), nil
		}
	case string:
		return t.decodeText(v)
	case []byte:
		if t == BinaryUUID && len(v) == 16 {
			return formatUUID([16]byte(v)), nil
		}
		return t.decodeText(string(v))
	}
	return "", errID
}

func (t IDType) decodeText(text string) (string, error) {
	switch t {
	case Text:
		if validText(text) {
			return text, nil
		}
	case BigInt:
		if _, ok := t.encode(text); ok {
			return text, nil
		}
	case UUID:
		if b, ok := parseUUID(text); ok {
			return formatUUID(b), nil
		}
	}
	return "", errID
}

func parseUUID(s string) (b [16]byte, ok bool) {
	if len(s) != 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return b, false
	}
	n, err := hex.Decode(b[:], []byte(s[:8]+s[9:13]+s[14:18]+s[19:23]+s[24:]))
	return b, err == nil && n == len(b)
}

func formatUUID(b [16]byte) string {
	h := hex.EncodeToString(b[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}
