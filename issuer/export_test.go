package issuer

// IdentityHash is the hash of an address under a given salt.
var IdentityHash = identityHash
