// Package redislimit is a passwd.Limiter over Redis, for hosts with several
// replicas: they count together, and a restart of one forgets nothing. It is a
// module of its own, so that nobody else depends on go-redis.
//
//	client := redis.NewClient(&redis.Options{
//		Addr: "redis.internal:6379", ContextTimeoutEnabled: true,
//	})
//	limiter, err := redislimit.New(redislimit.Config{Client: client})
//	if err != nil {
//		log.Fatal(err)
//	}
//	svc, err := passwd.New(passwd.Config{Limiter: limiter, …})
//
// The client stays the host's: it is shared with whatever else the host does, and
// closed by it. It can be for a single server, Sentinel, a cluster or a Ring, of Redis 6
// or later, or Valkey. On a single server a call is one script, whatever number of keys
// it has; in a cluster or a Ring each key has a script of its own, sent together.
//
// # What is stored
//
// One key for each key of the limiter, with a value of five numbers. The service
// names keys by keyed digests (HMAC), so neither logins nor addresses nor account
// ids are in Redis; a host with limits of its own has to do the same.
//
// Nothing stays for ever. A key with a window goes a few minutes after its end. A key
// without a window goes after one day for each counted take since its last take, 30
// days at most, as in package sqlstore. The Redis clock alone decides that.
//
// # Which clock
//
// Waits and windows follow the time that the caller passes, not Redis's: as with
// every other limiter, so that all of a service's times agree, and tests can use a
// clock of their own. Replicas have to keep their clocks in step, as NTP does. One
// that is ahead ends waits too early by that much; one that is behind ends them too
// late, and neither forgives nor shortens what the others have counted.
//
// # When Redis fails
//
// A call that Redis does not answer is an error, within Config.Timeout or when the
// caller's context ends, and the service refuses the request (I10). A script is sent
// once: where go-redis would send it again after a broken connection, it could be
// counted twice, or taken back twice. So after an error a take may have been
// counted, but nothing is ever let through uncounted.
//
// After the master of a cluster has died, its keys are refused until a replica has its
// place, which takes the cluster about cluster-node-timeout and a second (and Sentinels
// down-after-milliseconds), and counted again within a second or two after that: a call
// that got no answer has the client of a cluster look where the keys are. Give it a
// DialTimeout and a ReadTimeout of a second, for that look may ask the dead one first.
//
// What Redis itself forgets is a different matter. Give it the memory policy
// noeviction, with which it refuses to count when it is full; any other throws counts
// away. A failover, or a restart without its append-only file, loses the last counts,
// or all.
package redislimit
