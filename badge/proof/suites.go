package proof

import (
	"laurel/badge/canon"
)

// Suites is every securing mechanism that is verified here, each name once.
// They take contexts written inline: where none may stand, the verifier has
// refused them before.
func Suites(c *canon.Canonicalizer) []Suite {
	var list []Suite
	for _, s := range Securers(c, true) {
		list = append(list, s)
	}
	return append(list,
		ECDSASD2023{Canon: c, InlineContexts: true},
		Ed25519Signature2020{Canon: c, InlineContexts: true},
		formerEdDSARDFC2022{EdDSARDFC2022{Canon: c, InlineContexts: true}},
	)
}

// Securers is every mechanism that credentials can be secured with here, the
// usual one first. Badges never take contexts written inline, the generic
// VC-API does.
func Securers(c *canon.Canonicalizer, inlineContexts bool) []Securer {
	return []Securer{
		EdDSARDFC2022{Canon: c, InlineContexts: inlineContexts},
		EdDSAJCS2022{},
		ECDSARDFC2019{Canon: c, InlineContexts: inlineContexts},
		ECDSAJCS2019{},
		VCJWT{},
	}
}

// formerEdDSARDFC2022 verifies proofs that bear the name that eddsa-rdfc-2022
// had in drafts: the algorithm is the same, and badges were issued under it.
type formerEdDSARDFC2022 struct{ FormVerifier }

// Name implements Suite.
func (formerEdDSARDFC2022) Name() string { return "eddsa-2022" }
