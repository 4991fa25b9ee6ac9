package passwd

import (
	"reflect"
	"strings"
	"testing"
	"time"
)

// Jobs that an earlier release has sealed, in its form of one struct for all tasks,
// open as what they were.
func TestJobsOfAnEarlierReleaseOpen(t *testing.T) {
	keys, err := newKeyring(RandomKeys())
	if err != nil {
		t.Fatal(err)
	}
	s := &Service{keys: keys}
	const (
		at   = `"At":"2026-11-29T12:00:00Z","Seed":[` // 32 numbers follow
		rest = `],"Client":{"Addr":"192.0.2.1","UserAgent":"ua","RequestID":"r"}`
	)
	seedJSON := strings.TrimSuffix(strings.Repeat("7,", seedSize), ",")
	var sd seed
	for i := range sd {
		sd[i] = 7
	}
	when := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	head := func(k taskKind) taskHead { return taskHead{Kind: k, At: when, Seed: sd} }
	for _, tt := range []struct {
		form string
		want task
	}{
		{`"Kind":"link",` + at + seedJSON + rest + `,"Login":{"Tenant":"t","Kind":"","Value":"ada"},"Channel":"email","Form":"user","TTL":3600000000000,"TellShared":true`,
			&requestTask{taskHead: head(taskLink), Login: Login{Tenant: "t", Value: "ada"}, Channel: EmailChannel, Form: userKeyLink, TTL: time.Hour, TellShared: true}},
		{`"Kind":"code",` + at + seedJSON + rest + `,"Login":{"Tenant":"","Kind":"mobile","Value":"1555"},"TTL":600000000000`,
			&requestTask{taskHead: head(taskCode), Login: Login{Kind: Mobile, Value: "1555"}, TTL: 10 * time.Minute}},
		{`"Kind":"notice",` + at + seedJSON + rest + `,"Message":"password_changed","Account":{"Tenant":"t","ID":"1"},"To":{"Channel":"email","Value":"a@example.com"},"Username":"ada","Locale":"de","Cancel":true`,
			&noticeTask{taskHead: head(taskNotice), Message: MessagePasswordChanged, Account: Ref{"t", "1"}, To: Address{EmailChannel, "a@example.com"}, Username: "ada", Locale: "de", Cancel: true}},
		{`"Kind":"after_write",` + at + seedJSON + rest + `,"Written":{"Account":{"Tenant":"","ID":"1"},"Epoch":5,"Method":"reset","At":"2026-11-29T12:00:00Z"}`,
			&afterWriteTask{taskHead: head(taskAfterWrite), Written: Written{Account: Ref{ID: "1"}, Epoch: 5, Method: MethodReset, At: when}}},
	} {
		got, err := s.openTask(Job{ID: "id", Sealed: keys.seal("id", []byte("{"+tt.form+"}"))})
		if err != nil {
			t.Errorf("%s: %v", tt.form[:20], err)
			continue
		}
		h := got.head()
		if h.Client.Addr.String() != "192.0.2.1" || h.Client.RequestID != "r" {
			t.Errorf("%s: client %+v", h.Kind, h.Client)
		}
		h.Client, h.keys = Client{}, nil
		if !reflect.DeepEqual(got, tt.want) {
			t.Errorf("got  %+v\nwant %+v", got, tt.want)
		}
	}
	if _, err := s.openTask(Job{ID: "id", Sealed: keys.seal("id", []byte(`{"Kind":"later"}`))}); err == nil {
		t.Error("a job of an unknown kind was opened")
	}
}
