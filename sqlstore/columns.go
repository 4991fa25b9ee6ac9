package sqlstore

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// kind is what a column of the host's holds, as far as it matters to a mapping.
type kind int

const (
	otherKind kind = iota
	anyKind        // declared without a type
	textKind
	enumKind
	integerKind
	boolKind
	timeKind // a date, with or without a time
)

// unfit says what is wrong with a column that is neither an id nor a login nor the hash.
// Values of a kind that is not read would fail the call for the accounts that have one,
// and for them alone: that would tell that they are there.
func unfit(field string, c column) string {
	if strings.HasPrefix(field, "Columns[") {
		return "" // every kind is read
	}
	switch field {
	case "EmailConfirmed", "MobileConfirmed", "Active", "Disabled", "NoPassword":
		if !slices.Contains([]kind{anyKind, boolKind, integerKind, timeKind}, c.kind) {
			return fmt.Sprintf("is of type %s; it has to be a boolean, an integer, or a time, which says yes unless it is NULL; "+
				"a status is for Users.Where, with the values of those who may sign in", c.declared)
		}
	case "Locale":
		if !slices.Contains([]kind{anyKind, textKind, enumKind}, c.kind) {
			return fmt.Sprintf("is of type %s; it has to be a text, with language tags such as %q", c.declared, "pt-BR")
		}
	default: // Personal
		if !slices.Contains([]kind{anyKind, textKind, enumKind, integerKind}, c.kind) {
			return fmt.Sprintf("is of type %s; what a password must not resemble has to be a text", c.declared)
		}
	}
	return ""
}

// unmet says which values of a condition its column cannot have.
func (s *Store) unmet(ctx context.Context, values []string, c column) (string, error) {
	var never []string
	for _, value := range values {
		lacks, err := s.lacks(ctx, c, value)
		if err != nil {
			return "", err
		}
		if lacks {
			never = append(never, strconv.Quote(value))
		}
	}
	if never == nil {
		return "", nil
	}
	has := ""
	if c.labels != nil {
		has = "; it has " + strings.Join(quoteAll(c.labels), ", ")
	}
	return fmt.Sprintf("is of type %s, which has no value %s%s", c.declared, strings.Join(never, ", "), has), nil
}

func quoteAll(list []string) []string {
	quoted := make([]string, len(list))
	for i, text := range list {
		quoted[i] = strconv.Quote(text)
	}
	return quoted
}

func (s *Store) lacks(ctx context.Context, c column, value string) (bool, error) {
	switch c.kind {
	case enumKind:
		ignoresCase := strings.HasSuffix(c.collation, "_ci")
		return !slices.ContainsFunc(c.labels, func(label string) bool {
			return label == value || ignoresCase && strings.EqualFold(label, value)
		}), nil
	case integerKind:
		_, err := strconv.ParseInt(value, 10, 64)
		return err != nil, nil
	case timeKind:
		return true, nil // it can be NULL, and that needs no values
	}
	if s.dialect.lacks != nil {
		return s.dialect.lacks(ctx, s.db, c, value)
	}
	if c.kind == boolKind { // kept as a number
		return value != "0" && value != "1", nil
	}
	return c.width > 0 && int64(len(value)) > c.width, nil
}
