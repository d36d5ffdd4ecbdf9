package rdfc

import (
	"bytes"
	"slices"
	"strconv"
)

// issueShared labels the nodes that first-degree hashes do not tell apart
// (section 4.4.3 step 5): those of one hash at a time, in the order of what
// Hash N-Degree Quads says about each.
func (d *Dataset) issueShared() error {
	d.mapQuads()
	n := nDegree{d: d, number: make([]uint32, d.blank)}
	for rest := d.byHash; len(rest) > 0; {
		alike := 1
		for alike < len(rest) && d.first[rest[alike]] == d.first[rest[0]] {
			alike++
		}
		if alike > 1 {
			if err := n.issueAlike(rest[:alike]); err != nil {
				return err
			}
		}
		rest = rest[alike:]
	}
	return nil
}

// nDegree is Hash N-Degree Quads (section 4.8) with its identifier issuer.
//
// The algorithm copies the issuer for each path it tries. Issuers only ever
// grow, so one is enough here: order is the list of what it issued, a path
// appends to it, and a path given up is cut off again.
type nDegree struct {
	d      *Dataset
	order  []uint32 // blank nodes in the order of issue
	number []uint32 // blank node -> 1 + its place in order
}

// result is one entry of the hash path list.
type result struct {
	hash   digest
	issued []uint32
}

func (n *nDegree) issueAlike(nodes []uint32) error {
	results := make([]result, 0, len(nodes))
	for _, b := range nodes {
		if n.d.issued[b] != 0 {
			continue
		}
		n.cut(0)
		n.issue(b)
		hash, err := n.hash(b)
		if err != nil {
			return err
		}
		results = append(results, result{hash, slices.Clone(n.order)})
		// What is kept costs as well.
		if err := n.spend(len(n.order)); err != nil {
			return err
		}
	}
	slices.SortStableFunc(results, func(a, b result) int { return bytes.Compare(a.hash[:], b.hash[:]) })
	for _, r := range results {
		for _, b := range r.issued {
			n.d.issue(b)
		}
	}
	n.cut(0)
	return nil
}

func (n *nDegree) issue(b uint32) {
	n.order = append(n.order, b)
	n.number[b] = uint32(len(n.order))
}

// cut takes back what was issued after the first k.
func (n *nDegree) cut(k int) {
	for _, b := range n.order[k:] {
		n.number[b] = 0
	}
	n.order = n.order[:k]
}

func (n *nDegree) spend(steps int) error {
	if n.d.work += steps; n.d.work > n.d.maxWork {
		return ErrBudget
	}
	return nil
}

// group is an entry of the map Hn: blank nodes that relate to another alike.
type group struct {
	hash  digest
	nodes []uint32
}

// hash is Hash N-Degree Quads for one node.
func (n *nDegree) hash(b uint32) (digest, error) {
	groups, err := n.related(b)
	if err != nil {
		return digest{}, err
	}
	var data []byte
	for _, g := range groups {
		data = n.d.hex(data, &g.hash)
		path, err := n.shortestPath(g.nodes)
		if err != nil {
			return digest{}, err
		}
		data = append(data, path...)
	}
	return n.d.sum(data), nil
}

// related groups the other blank nodes of the quads around b by how they
// relate to it (step 3).
func (n *nDegree) related(b uint32) ([]group, error) {
	quads := n.d.quadsOf(b)
	if err := n.spend(1 + len(quads)); err != nil {
		return nil, err
	}
	var groups []group
	place := map[digest]int{}
	for _, i := range quads {
		q := n.d.quads[i]
		for _, c := range [...]struct {
			term     Term
			position byte
		}{{q.Subject, 's'}, {q.Object, 'o'}, {q.Graph, 'g'}} {
			if !c.term.IsBlank() || c.term.number() == b {
				continue
			}
			hash := n.relatedHash(c.term.number(), q.Predicate, c.position)
			at, ok := place[hash]
			if !ok {
				at = len(groups)
				place[hash] = at
				groups = append(groups, group{hash: hash})
			}
			groups[at].nodes = append(groups[at].nodes, c.term.number())
		}
	}
	slices.SortFunc(groups, func(a, b group) int { return bytes.Compare(a.hash[:], b.hash[:]) })
	return groups, nil
}

// relatedHash is Hash Related Blank Node (section 4.7).
func (n *nDegree) relatedHash(b uint32, predicate Term, position byte) digest {
	in := append(n.d.scratch[:0], position)
	if position != 'g' {
		in = append(in, n.d.textOf(predicate)...)
	}
	if n.d.issued[b] != 0 || n.number[b] != 0 {
		in = n.appendLabel(in, b)
	} else {
		in = n.d.hex(in, &n.d.first[b])
	}
	n.d.scratch = in
	return n.d.sum(in)
}

// appendLabel writes the identifier that b has, the canonical one first.
func (n *nDegree) appendLabel(dst []byte, b uint32) []byte {
	if k := n.d.issued[b]; k != 0 {
		return strconv.AppendInt(append(dst, "_:c14n"...), int64(k)-1, 10)
	}
	return strconv.AppendInt(append(dst, "_:b"...), int64(n.number[b])-1, 10)
}

// shortestPath tries every order of alike nodes (step 5), leaves the issuer as
// the best path left it, and returns that path.
func (n *nDegree) shortestPath(nodes []uint32) ([]byte, error) {
	base := len(n.order)
	var path, chosen []byte
	var issued []uint32 // by the chosen path, after base
	slices.Sort(nodes)
	if err := n.afford(nodes); err != nil {
		return nil, err
	}
	for {
		n.cut(base)
		var err error
		if path, err = n.path(path[:0], nodes, chosen); err != nil {
			return nil, err
		}
		if path != nil && (chosen == nil || bytes.Compare(path, chosen) < 0) {
			chosen, issued = append(chosen[:0], path...), append(issued[:0], n.order[base:]...)
		}
		if !nextPermutation(nodes) {
			break
		}
	}
	n.cut(base)
	for _, b := range issued {
		n.issue(b)
	}
	return chosen, nil
}

// path walks one order of the nodes. It returns nil as soon as the path is no
// better than the chosen one.
func (n *nDegree) path(path []byte, nodes []uint32, chosen []byte) ([]byte, error) {
	if err := n.spend(len(nodes)); err != nil {
		return nil, err
	}
	base := len(n.order)
	for _, b := range nodes {
		if n.d.issued[b] == 0 && n.number[b] == 0 {
			n.issue(b)
		}
		path = n.appendLabel(path, b)
		if worse(path, chosen) {
			return nil, nil
		}
	}
	// The nodes issued just now are those to go on from, in their order.
	fresh := slices.Clone(n.order[base:])
	for _, b := range fresh {
		hash, err := n.hash(b)
		if err != nil {
			return nil, err
		}
		path = n.appendLabel(path, b)
		path = append(path, '<')
		path = n.d.hex(path, &hash)
		path = append(path, '>')
		if worse(path, chosen) {
			return nil, nil
		}
	}
	return path, nil
}

// afford looks ahead: each order of a sorted list will be tried and cost its
// length, so that what is hopeless is given up before it is begun.
func (n *nDegree) afford(nodes []uint32) error {
	left := n.d.maxWork - n.d.work
	orders, equal := 1, 1
	for i := range nodes {
		if equal++; i == 0 || nodes[i] != nodes[i-1] {
			equal = 1
		}
		// Exact: this counts the orders of the members so far.
		if orders = orders * (i + 1) / equal; orders*len(nodes) > left {
			return ErrBudget
		}
	}
	return nil
}

func worse(path, chosen []byte) bool {
	return chosen != nil && len(path) >= len(chosen) && bytes.Compare(path, chosen) > 0
}

// nextPermutation steps to the next order of a list in lexicographic order;
// equal members are not exchanged. It reports false after the last.
func nextPermutation(s []uint32) bool {
	i := len(s) - 2
	for i >= 0 && s[i] >= s[i+1] {
		i--
	}
	if i < 0 {
		return false
	}
	j := len(s) - 1
	for s[j] <= s[i] {
		j--
	}
	s[i], s[j] = s[j], s[i]
	slices.Reverse(s[i+1:])
	return true
}
