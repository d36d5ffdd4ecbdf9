package verifier

import (
	"slices"

	"laurel/badge"
)

// Proofs of a set can rest on others of it (Data Integrity section 2.1.2): such
// a proof names those that were there when it was made, and signs them too,
// which is its suite's business.

// checkPrevious: a proof that names others must find each of them once (Data
// Integrity section 4.5), and cannot have been there before itself.
func checkPrevious(set []badge.Proof, p badge.Proof) Finding {
	previous := p.Object.Get("previousProof")
	if !previous.Exists() {
		return passed(OK)
	}
	ptr := p.Pointer + "/previousProof"
	for _, v := range previous.Each() {
		switch n := len(named(set, v.Text())); {
		case v.Text() == "" || n == 0:
			return failed(ProofInvalid, ptr, "The proof names one before it that is not there.")
		case n > 1:
			return failed(ProofInvalid, ptr, "The proof names one before it by an id that several have.")
		}
	}
	if slices.Contains(before(set, p), p.Pointer) {
		return failed(ProofInvalid, ptr, "The proofs name each other as the one before.")
	}
	return passed(OK)
}

// named are the proofs of a set that have an id.
func named(set []badge.Proof, id string) []badge.Proof {
	var found []badge.Proof
	for _, p := range set {
		if p.ID == id {
			found = append(found, p)
		}
	}
	return found
}

// before are the proofs that one rests on, and those that they rest on, by
// where they stand. One in a circle rests on itself.
func before(set []badge.Proof, p badge.Proof) []string {
	var pointers []string
	next := []badge.Proof{p}
	for len(next) > 0 {
		p, next = next[0], next[1:]
		for _, id := range p.PreviousProof {
			for _, q := range named(set, id) {
				if !slices.Contains(pointers, q.Pointer) {
					pointers, next = append(pointers, q.Pointer), append(next, q)
				}
			}
		}
	}
	return pointers
}

// restOnOthers opens the question of every proof that holds by itself and rests
// on one that could not be told to hold: it counts as verified only where they
// do (Data Integrity section 4.5).
func restOnOthers(set []badge.Proof, all []authentication) {
	if len(set) == 1 {
		return // it cannot rest on itself: see checkPrevious
	}
	open := map[string]bool{}
	for i, p := range set {
		open[p.Pointer] = all[i].proof.Outcome != Passed && all[i].proof.Outcome != Warned
	}
	for i, p := range set {
		rests := slices.ContainsFunc(before(set, p), func(pointer string) bool { return open[pointer] })
		if rests && all[i].proof.Outcome == Passed {
			all[i].proof = unknown(UnsupportedSuite, p.Pointer+"/previousProof", "The proof rests on one that could not be verified.")
		}
	}
}
