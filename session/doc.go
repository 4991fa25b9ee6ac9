// Package session keeps who is signed in: opaque access and refresh tokens, one
// pair for each account, client and device, ended by the change of the password.
//
// Use it where clients of an API hold tokens: apps, partners, command lines; and for
// browsers, by passwdhttp.CookieSessions. A host with its own sessions does not need it:
// it stamps them with passwd.SignedIn.Epoch and asks passwd.Service.Live on each request.
// Where other services must verify a token without asking, see package session/jwt; its
// tokens cannot be listed, and one alone cannot be revoked.
//
//	manager, err := session.New(session.Config{Store: store, Keys: keys, Observe: svc.Observe})
//
//	in, err := svc.SignIn(ctx, …)                                // the password
//	pair, err := manager.Start(ctx, in, session.Info{Client: "app", Device: id}) // its first tokens
//	s, err := manager.Check(ctx, bearer)                         // on each request
//	pair, err = manager.Refresh(ctx, refreshToken, client)       // each hour
//	all, err := manager.List(ctx, s.Account)                     // "your devices"
//	err = manager.End(ctx, s.Account, id)
//
// # What holds
//
// The store keeps keyed digests, never a token: whoever reads the database or a
// backup of it can use nothing in it.
//
// Every session is stamped with the epoch of its account. A password write and
// passwd.Service.Revoke raise the epoch and end all sessions in the same step, but
// for passwd.Change.KeepSession, which takes [Session.ID]. Each check compares the
// epochs again, in the lookup that finds the session, so that a sign-in which
// races a reset does not survive it.
//
// A refresh token works once. If it comes a second time, both a thief and the
// owner have it, and the session ends: see [Manager.Refresh].
//
// A session ends after Config.MaxAge at the latest, and after Config.IdleTTL
// without use. A sign-in always opens a new one, with an ID of its own.
//
// # What does not
//
// Whoever holds a token is the client: there is no proof of possession, and
// refresh tokens are not bound to a client secret. Send them only over TLS, and
// keep them out of URLs and logs; the type [Token] redacts itself when printed.
package session
