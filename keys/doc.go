// Package keys holds the public halves of signing keys, as their controllers
// publish them, and the interfaces to the private ones.
//
// It reads and writes the published forms: Multikey, JSON Web Key, JWK Set,
// controller documents (Controlled Identifiers 1.0, DID Core), did:key and
// did:jwk. It fixes the algorithm by the key, never by what a message says of
// itself, and refuses keys that prove nothing: short RSA moduli, small-order
// Ed25519 points, keys whose private half stands beside them.
//
// It makes no request and holds no private key: keys/resolve finds what others
// publish, keys/keyring keeps our own.
//
// Start at VerificationMethod; Signer, KeyRing and Resolver are the seams.
package keys
