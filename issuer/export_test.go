package issuer

// IdentityHash is the hash of an address under a given salt.
var IdentityHash = identityHash

// Reserved is how many places in status lists prepared badges hold.
func (i *Issuer) Reserved() int {
	i.reserved.mu.Lock()
	defer i.reserved.mu.Unlock()
	return len(i.reserved.taken)
}
