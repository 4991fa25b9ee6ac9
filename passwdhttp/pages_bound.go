package passwdhttp

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"

	"github.com/passwd-go/passwd"
)

// fieldForm is the hidden field that binds a form to what it was shown for.
const fieldForm = "form"

// bound is what a form was shown for: the token in a cookie or who was signed in. A
// browser has one cookie of each kind, and several tabs: without it, the form of one
// tab would write the account that was opened in another.
type bound struct {
	Page   string `json:"p"`
	Token  string `json:"k,omitempty"` // digest; "" if it was shown to a signed-in user
	Tenant string `json:"t,omitempty"`
	ID     string `json:"i,omitempty"` // "" if nobody knows the account, as of a code
	Epoch  int64  `json:"e,omitempty"`
}

const sealForm = "form"

func (b bound) account() passwd.Ref { return passwd.Ref{Tenant: b.Tenant, ID: b.ID} }

// same reports whether a form was shown for this. The epoch may have moved: that is
// for the service to judge.
func (b bound) same(to bound) bool {
	b.Epoch, to.Epoch = 0, 0
	return b == to
}

// toAccount binds a form to the signed-in user.
func toAccount(page string, who Principal) bound {
	return bound{Page: page, Tenant: who.Account.Tenant, ID: who.Account.ID, Epoch: who.Epoch}
}

// toToken binds a form to a token and to its account, which may be nobody.
func toToken(page string, t passwd.Token, a passwd.Account) bound {
	sum := sha256.Sum256([]byte(t))
	return bound{
		Page: page, Token: base64.RawURLEncoding.EncodeToString(sum[:]),
		Tenant: a.Ref.Tenant, ID: a.Ref.ID, Epoch: a.Epoch,
	}
}

// seal makes the value of the hidden field.
func (p *pages) seal(b bound) string { return p.Service.SealForm(sealForm, marshal(b)) }

// boundTo returns what the form that was sent was shown for; the zero bound, which
// is the same as no other, if it does not say so.
func (p *pages) boundTo(in values) (b bound) {
	plain, ok := p.Service.OpenForm(sealForm, in[fieldForm])
	if !ok || json.Unmarshal(plain, &b) != nil {
		return bound{}
	}
	return b
}

// holds reports whether a form was shown for the token that the browser has now.
func (b bound) holds(page string, t passwd.Token) bool {
	return b.Page == page && b.Token != "" && b.Token == toToken(page, t, passwd.Account{}).Token
}

// repeated reports whether what a form asks for has been done already: it was sent
// twice, as the reply to the first got lost.
func (p *pages) repeated(r *http.Request, b bound, next string) (bool, error) {
	if b.ID == "" || next == "" {
		return false, nil
	}
	return p.service(r).ChangeMade(r.Context(), b.account(), b.Epoch, next, p.face.Client(r))
}

// marshal is for what always has a JSON form.
func marshal(v any) []byte {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err) // unreachable
	}
	return data
}
