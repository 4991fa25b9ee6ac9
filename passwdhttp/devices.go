package passwdhttp

import (
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/internal/endpoint"
	"github.com/passwd-go/passwd/internal/jsonstrict"
	"github.com/passwd-go/passwd/session"
)

// Sessions are the sessions of accounts: a *session.Manager, or what a host writes
// around those that it has. Called concurrently.
//
// Of a Session the pages and the API need ID, which is printable ASCII without quotes
// and no secret (never the token in a cookie), Account and UsedAt; all else may be left
// out. Those with another Epoch than that which asks are dead, and not shown; 0 is not
// known. Errors of package passwd are answered as such, any other as unavailable.
type Sessions interface {
	// List returns the live sessions of an account, in any order.
	List(ctx context.Context, account passwd.Ref) ([]session.Session, error)
	// End ends one session of an account. If it is unknown, or another account's,
	// nothing ends, and that is no error.
	End(ctx context.Context, account passwd.Ref, id string) error
	// EndOthers ends all sessions of an account but the one whose ID is keep, which is
	// never "", and reports how many.
	EndOthers(ctx context.Context, account passwd.Ref, keep string) (int, error)
}

// sessionsOf lists what is live of an account: that which asks first, then by last use.
func (c Config) sessionsOf(ctx context.Context, who Principal) ([]session.Session, error) {
	all, err := c.Sessions.List(ctx, who.Account)
	if err != nil {
		return nil, c.sessionFault(ctx, who, err)
	}
	all = slices.DeleteFunc(slices.Clone(all), func(s session.Session) bool { return s.Epoch != 0 && s.Epoch != who.Epoch })
	slices.SortFunc(all, func(a, b session.Session) int {
		if own := a.ID == who.Session; own != (b.ID == who.Session) {
			return map[bool]int{true: -1, false: 1}[own]
		}
		return cmp.Or(b.UsedAt.Compare(a.UsedAt), cmp.Compare(a.ID, b.ID))
	})
	return all, nil
}

// endSession ends a session of the account. What is sent as an ID goes no further
// unless it is the ID of one: a form may be sent twice, and the device may have signed
// out meanwhile.
func (c Config) endSession(ctx context.Context, who Principal, id string) error {
	all, err := c.sessionsOf(ctx, who)
	if err != nil || !slices.ContainsFunc(all, func(s session.Session) bool { return s.ID == id }) {
		return err
	}
	return c.sessionFault(ctx, who, c.Sessions.End(ctx, who.Account, id))
}

func (c Config) endOtherSessions(ctx context.Context, who Principal) (int, error) {
	n, err := c.Sessions.EndOthers(ctx, who.Account, who.Session)
	return n, c.sessionFault(ctx, who, err)
}

// sessionFault makes what a host's sessions answer one of the errors of package passwd.
func (c Config) sessionFault(ctx context.Context, who Principal, err error) error {
	if err == nil || passwd.CodeOf(err) != passwd.CodeInternal {
		return err
	}
	c.Service.Observe(ctx, passwd.Event{Name: passwd.EventUnavailable, Account: who.Account, Outcome: "failure", Reason: "sessions", Err: err})
	return fmt.Errorf("%w: %w", passwd.ErrUnavailable, err)
}

// The API. No session goes into a reply but what its owner may see.

type deviceList struct {
	Devices []deviceInfo `json:"devices"` // never null
	Next    string       `json:"next,omitempty"`
}

// deviceInfo is a session as the API shows it; what is not known is left out.
type deviceInfo struct {
	ID        string    `json:"id"`
	This      bool      `json:"this"`
	Name      string    `json:"name"`
	Client    string    `json:"client,omitempty"`
	UserAgent string    `json:"user_agent,omitempty"`
	Address   string    `json:"address,omitempty"`
	CreatedAt time.Time `json:"created_at,omitzero"`
	UsedAt    time.Time `json:"used_at,omitzero"`
	ExpiresAt time.Time `json:"expires_at,omitzero"`
}

const (
	devicesPerPage = 20
	maxDevices     = 100
)

// devicesOwner is who is signed in, and may do more than change their password (F7).
func (a *api) devicesOwner(r *http.Request) (Principal, error) {
	who, must, err := a.signedIn(r)
	if err == nil && must != passwd.NoReason {
		err = passwd.ErrChangeRequired
	}
	return who, err
}

func (a *api) devices(w http.ResponseWriter, r *http.Request) (deviceList, error) {
	who, err := a.devicesOwner(r)
	if err != nil {
		return deviceList{}, err
	}
	limit, after, err := devicePage(r.URL.Query())
	if err != nil {
		return deviceList{}, fmt.Errorf("%w: %w", passwd.ErrInvalidRequest, err)
	}
	all, err := a.sessionsOf(r.Context(), who)
	if err != nil {
		return deviceList{}, err
	}
	if after != nil { // the first page has had that which asks
		all = slices.DeleteFunc(all, func(s session.Session) bool { return s.ID == who.Session || !after.before(s) })
	}
	words, out := a.printer(w, r), deviceList{Devices: []deviceInfo{}}
	for _, s := range all[:min(limit, len(all))] {
		out.Devices = append(out.Devices, deviceOf(s, who, cmp.Or(s.DeviceName, words.Device(s.UserAgent), s.Client, words.Label("unknown_device"))))
	}
	if len(all) > limit {
		out.Next = cursorAt(all[limit-1], who).String()
	}
	return out, nil
}

func deviceOf(s session.Session, who Principal, name string) deviceInfo {
	d := deviceInfo{
		ID: s.ID, This: s.ID == who.Session, Name: name, Client: s.Client, UserAgent: s.UserAgent,
		CreatedAt: s.CreatedAt.UTC().Truncate(time.Second), UsedAt: s.UsedAt.UTC().Truncate(time.Second), ExpiresAt: s.ExpiresAt.UTC().Truncate(time.Second),
	}
	if s.Addr.IsValid() {
		d.Address = s.Addr.Unmap().WithZone("").String()
	}
	return d
}

// cursor is where a page ended: in the order of sessionsOf, so that sessions which come
// and go meanwhile neither repeat others nor hide them.
type cursor struct {
	used int64 // in microseconds
	id   string
}

// cursorAt is after a session. After that which asks, which is first whenever it was
// used, every other is still to come.
func cursorAt(s session.Session, who Principal) cursor {
	if s.ID == who.Session {
		return cursor{used: 1<<63 - 1}
	}
	return cursor{s.UsedAt.UnixMicro(), s.ID}
}

// before reports whether a session comes after the cursor.
func (c cursor) before(s session.Session) bool {
	used := s.UsedAt.UnixMicro()
	return used < c.used || used == c.used && s.ID > c.id
}

func (c cursor) String() string {
	return base64.RawURLEncoding.EncodeToString([]byte(strconv.FormatInt(c.used, 36) + " " + c.id))
}

func devicePage(q url.Values) (limit int, after *cursor, err error) {
	limit = devicesPerPage
	if text := q.Get("limit"); text != "" {
		if limit, err = strconv.Atoi(text); err != nil || limit < 1 || limit > maxDevices {
			return 0, nil, errors.New("limit is not within 1 and 100")
		}
	}
	text := q.Get("after")
	if text == "" {
		return limit, nil, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(text)
	used, id, found := strings.Cut(string(raw), " ")
	at, broken := strconv.ParseInt(used, 36, 64)
	if err != nil || broken != nil || !found {
		return 0, nil, errors.New("after is not from a reply")
	}
	return limit, &cursor{at, id}, nil
}

func decodeDevice(b endpoint.Body) (id string, err error) {
	err = jsonstrict.Decode(b.Data, jsonstrict.String("id", &id))
	return id, err
}

func (a *api) endDevice(_ http.ResponseWriter, r *http.Request, id string) (none, error) {
	who, err := a.devicesOwner(r)
	if err != nil {
		return none{}, err
	}
	return none{}, a.endSession(r.Context(), who, id)
}

func decodeNothing(b endpoint.Body) (none, error) { return none{}, jsonstrict.Decode(b.Data) }

// endedDevices is the answer to ending all the others.
type endedDevices struct {
	Ended int `json:"ended"`
}

func (a *api) endOtherDevices(_ http.ResponseWriter, r *http.Request, _ none) (endedDevices, error) {
	who, err := a.devicesOwner(r)
	if err == nil && who.Session == "" { // which are the others?
		err = passwd.ErrInvalidRequest
	}
	if err != nil {
		return endedDevices{}, err
	}
	n, err := a.endOtherSessions(r.Context(), who)
	return endedDevices{n}, err
}

func (a *api) deviceRoutes() map[string]endpoint.Methods {
	f := a.face
	const json = "application/json"
	return map[string]endpoint.Methods{
		"devices":            {"GET": endpoint.Get(f, a.devices, endpoint.JSON[deviceList](http.StatusOK, json))},
		"devices/end":        {"POST": endpoint.Post(f, decodeDevice, a.endDevice, endpoint.Empty[none](http.StatusNoContent))},
		"devices/end-others": {"POST": endpoint.Post(f, decodeNothing, a.endOtherDevices, endpoint.JSON[endedDevices](http.StatusOK, json))},
	}
}
