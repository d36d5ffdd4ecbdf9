// Package origin tells who asks: the address that a connection comes from, or
// what a proxy that is trusted says of it.
//
// It knows nothing of HTTP but the form of one header. Start at Parse and Of.
package origin

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// maxForwarded bounds how many addresses of a header are looked at: nobody has
// more proxies of their own.
const maxForwarded = 32

// Proxies are those whose word on addresses is taken. The zero value trusts none.
type Proxies []netip.Prefix

// Parse reads addresses and networks (192.0.2.1, 192.0.2.0/24, 2001:db8::/32). The
// error names the one that is neither, or that is everybody.
func Parse(list []string) (Proxies, error) {
	var out Proxies
	for _, text := range list {
		prefix, err := netip.ParsePrefix(text)
		if err != nil {
			addr, err := netip.ParseAddr(text)
			if err != nil || addr.Zone() != "" {
				return nil, fmt.Errorf("%q is no address and no network such as 10.0.0.0/8", text)
			}
			addr = addr.Unmap()
			prefix = netip.PrefixFrom(addr, addr.BitLen())
		}
		if prefix != prefix.Masked() {
			return nil, fmt.Errorf("%q is an address within the network %s; write either that or the address alone", text, prefix.Masked())
		}
		if prefix.Bits() == 0 {
			return nil, fmt.Errorf("%q is everybody, and so anybody could say to come from anywhere; name the proxies alone", text)
		}
		out = append(out, prefix)
	}
	return out, nil
}

// Trusts tells whether an address is that of a trusted proxy.
func (p Proxies) Trusts(addr netip.Addr) bool {
	addr = addr.Unmap().WithZone("")
	return slices.ContainsFunc(p, func(prefix netip.Prefix) bool { return prefix.Contains(addr) })
}

// Client is the address of who asks: that of the connection (host:port, as
// net/http gives it), unless a trusted proxy speaks there. Then it is the last
// address of its X-Forwarded-For, all lines of it, that is no trusted proxy
// itself: what stands before that one, a stranger may have written. Where there is
// none, or what stands there is no address, it is the proxy's own.
func (p Proxies) Client(remote string, forwarded []string) string {
	addr, ok := parse(remote)
	if !ok || !p.Trusts(addr) {
		return remote
	}
	hops := strings.Split(strings.Join(forwarded, ","), ",")
	for n := len(hops) - 1; n >= max(0, len(hops)-maxForwarded); n-- {
		hop, ok := parse(strings.TrimSpace(hops[n]))
		if !ok {
			break
		}
		if addr = hop; !p.Trusts(hop) {
			break
		}
	}
	return addr.String()
}

// parse reads an address as it stands on a connection and in headers: alone, in
// brackets, or with a port.
func parse(text string) (netip.Addr, bool) {
	if at, err := netip.ParseAddrPort(text); err == nil {
		return at.Addr().Unmap(), true
	}
	addr, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(text, "["), "]"))
	return addr.Unmap(), err == nil
}

// Of is whom an address counts for: an IPv4 address, or the /64 that one
// subscriber has of IPv6. What is no address at all counts as one.
func Of(remote string) netip.Addr {
	addr, ok := parse(remote)
	if !ok {
		return netip.Addr{}
	}
	addr = addr.WithZone("")
	if addr.Is6() {
		return netip.PrefixFrom(addr, 64).Masked().Addr()
	}
	return addr
}
