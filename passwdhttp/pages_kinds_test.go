package passwdhttp_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/locale"
	"github.com/passwd-go/passwd/memstore"
	"github.com/passwd-go/passwd/passwdhttp"
)

// mapped is a store whose users have some kinds of login only.
type mapped struct {
	*memstore.Store
	kinds []passwd.LoginKind
}

func (m mapped) LoginKinds() []passwd.LoginKind { return m.kinds }

// Channels are those of the columns, as sqlstore has them.
func (m mapped) Channels() (channels []passwd.Channel) {
	if slices.Contains(m.kinds, passwd.Email) {
		channels = append(channels, passwd.EmailChannel)
	}
	if slices.Contains(m.kinds, passwd.Mobile) {
		channels = append(channels, passwd.SMSChannel)
	}
	return channels
}

// Pages ask for what the host's users have, in every language.
func TestPagesFollowTheKinds(t *testing.T) {
	for name, tc := range map[string]struct {
		kinds                      []passwd.LoginKind
		own                        passwd.LoginKind
		label, required, typ, sent string
	}{
		"all":             {[]passwd.LoginKind{passwd.Username, passwd.Email, passwd.Mobile}, "", "login", "required_login", "text", "sent_title"},
		"email":           {[]passwd.LoginKind{passwd.Email}, "", "email", "required_email", "email", "sent_title_email"},
		"mobile":          {[]passwd.LoginKind{passwd.Mobile}, "", "mobile", "required_mobile", "tel", "sent_title_mobile"},
		"username, email": {[]passwd.LoginKind{passwd.Username, passwd.Email}, "", "login_username_email", "required_login_username_email", "text", "sent_title_email"},
		"email, mobile":   {[]passwd.LoginKind{passwd.Email, passwd.Mobile}, "", "login_email_mobile", "required_login_email_mobile", "text", "sent_title"},
		"the host's word": {[]passwd.LoginKind{passwd.Username, passwd.Email}, passwd.Email, "email", "required_email", "email", "sent_title_email"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newPages(t, passwd.Config{Store: mapped{memstore.New(), tc.kinds}}, passwdhttp.Config{LoginKind: tc.own})
			b := s.browser()
			for _, words := range locale.Printers() {
				b.language = words.Language()
				for _, path := range []string{"forgot", "forgot/code"} {
					p := b.get(t, path)
					if in := p.input(t, "login"); in["type"] != tc.typ || !strings.Contains(p.Body.String(), ">"+words.Label(tc.label)+"</label>") {
						t.Errorf("%s: no %q of type %s: %s", words.Language(), words.Label(tc.label), in["type"], p.Body)
					}
					if p = b.post(t, path, nil); p.summary(t)["login"] != words.Text(tc.required) || words.Text(tc.required) == "" {
						t.Errorf("%s: %v, want %q", words.Language(), p.summary(t), words.Text(tc.required))
					}
				}
				if got := b.get(t, "forgot/sent").text("h1"); got != words.Label(tc.sent) || got == "" {
					t.Errorf("%s: sent: %q", words.Language(), got)
				}
			}
		})
	}
}

// Where no account has an address, nothing is offered that would have to be sent.
func TestPagesOfferWhatCanBeSent(t *testing.T) {
	for name, tc := range map[string]struct {
		store          passwd.Store
		forgot, signIn []string
	}{
		"a store that does not tell": {memstore.New(), []string{"forgot/code", "signin"}, []string{"forgot", "forgot/code"}},
		"email":                      {mapped{memstore.New(), []passwd.LoginKind{passwd.Email}}, []string{"forgot/code", "signin"}, []string{"forgot", "forgot/code"}},
		"mobile":                     {mapped{memstore.New(), []passwd.LoginKind{passwd.Mobile}}, []string{"forgot/code", "signin"}, []string{"forgot", "forgot/code"}},
		"username":                   {mapped{memstore.New(), []passwd.LoginKind{passwd.Username}}, nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			s := newPages(t, passwd.Config{Store: tc.store}, passwdhttp.Config{
				SignedIn: func(http.ResponseWriter, *http.Request, passwd.SignedIn) error { return nil },
			})
			b := s.browser()
			for path, want := range map[string][]string{"forgot": tc.forgot, "signin": tc.signIn} {
				if path == "forgot" && want == nil {
					title, detail := locale.Printer{}.Problem(passwd.CodeUndeliverable)
					for _, at := range []string{"forgot", "forgot/code"} {
						if p := b.get(t, at).want(t, 409, title); !strings.Contains(p.Body.String(), detail) {
							t.Errorf("%s: %s", at, p.Body)
						}
						b.post(t, at, map[string]string{"login": "ada"}).want(t, 409, title)
						s.post(t, at, map[string]string{"login": "ada"}).want(t, 409, "undeliverable")
					}
					continue
				}
				var got []string
				for _, to := range b.get(t, path).links() {
					got = append(got, strings.TrimPrefix(to, base+"/"))
				}
				equal(t, path, got, want)
			}
		})
	}
}
