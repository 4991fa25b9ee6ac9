package passwdhttp

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/passwd-go/passwd/internal/endpoint"
)

// TrustedProxies returns a Config.ClientAddr for a host behind proxies, each of
// which appends to X-Forwarded-For the address that the request came from. The
// header is read from its right end, as long as the writer of the entry is within
// one of the prefixes; the first address outside them is the client (ASVS 4.1.3).
// Anything further left may have been made up by the client.
//
// Ports and IPv6 zones are ignored, and IPv4-mapped addresses are IPv4. The
// address of the connection is the answer if it is outside the prefixes itself,
// if there is no header, and if an entry that counts is not an address. If all
// are within, the leftmost is the answer. A connection without an address, as on
// a Unix socket, is never trusted.
func TrustedProxies(prefixes ...netip.Prefix) func(*http.Request) netip.Addr {
	trusted := make([]netip.Prefix, len(prefixes))
	for i, p := range prefixes {
		if p.Addr().Is4In6() && p.Bits() >= 96 {
			p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
		}
		trusted[i] = p.Masked()
	}
	within := func(a netip.Addr) bool {
		return slices.ContainsFunc(trusted, func(p netip.Prefix) bool { return p.Contains(a) })
	}
	return func(r *http.Request) netip.Addr {
		connection := endpoint.RemoteAddr(r)
		if !within(connection) {
			return connection
		}
		client := connection
		for _, line := range slices.Backward(r.Header.Values("X-Forwarded-For")) {
			for more := true; more; {
				var entry string
				line, entry, more = cutLast(line)
				addr, ok := parseForwarded(entry)
				if !ok {
					return connection
				}
				if client = addr; !within(client) {
					return client
				}
			}
		}
		return client
	}
}

// cutLast splits a list before its last comma.
func cutLast(list string) (before, last string, more bool) {
	i := strings.LastIndexByte(list, ',')
	if i < 0 {
		return "", list, false
	}
	return list[:i], list[i+1:], true
}

// parseForwarded reads "192.0.2.1", "2001:db8::1", and both with a port.
func parseForwarded(entry string) (netip.Addr, bool) {
	entry = strings.TrimSpace(entry)
	if peer, err := netip.ParseAddrPort(entry); err == nil {
		return peer.Addr().Unmap().WithZone(""), true
	}
	if strings.HasPrefix(entry, "[") && strings.HasSuffix(entry, "]") {
		entry = entry[1 : len(entry)-1]
	}
	addr, err := netip.ParseAddr(entry)
	return addr.Unmap().WithZone(""), err == nil
}
