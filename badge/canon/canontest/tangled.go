package canontest

import "math/rand/v2"

// Tangled returns a credential of nodes without ids that are hard to tell
// apart: the same evidence, result or endorsement several times, nodes that
// share others, and circles through nodes that have the names of blank nodes.
func Tangled(seed uint64) []byte {
	g := &generator{Rand: rand.New(rand.NewPCG(seed, 6)), unnamed: true}
	doc := g.document()
	for _, o := range places(doc)[1:] {
		if o.has("@value") || o.has("@context") {
			continue
		}
		g.unname(o)
		g.repeat(o)
	}
	subject := g.at(doc)
	subject.set("https://terms.example/ring", g.ring(2+g.IntN(3)))
	return doc.append(nil)
}

// unname takes the name of a node, or gives it one of few.
func (g *generator) unname(o *object) {
	for i, m := range o.members {
		if m.name != "id" {
			continue
		}
		switch {
		case g.chance(20):
			o.members[i].value = "_:n" + g.digit(3)
		case g.chance(70) && len(o.members) > 1:
			o.members = append(o.members[:i:i], o.members[i+1:]...)
		}
		break
	}
	if g.chance(15) && len(o.members) > 0 {
		o.set("https://terms.example/next", newObject("id", "_:n"+g.digit(3)))
	}
}

// repeat has a node several times, where it stands in a list.
func (g *generator) repeat(o *object) {
	for i, m := range o.members {
		list, ok := m.value.([]any)
		if !ok || !g.chance(50) {
			continue
		}
		if node, ok := list[0].(*object); ok && !node.has("@value") {
			for range 1 + g.IntN(2) {
				list = append(list, node)
			}
			o.members[i].value = list
		}
	}
}

// ring makes n nodes that stand to each other alike.
func (g *generator) ring(n int) any {
	var nodes []any
	for i := range n {
		node := newObject("id", "_:ring"+string(rune('0'+i)))
		next := newObject("id", "_:ring"+string(rune('0'+(i+1)%n)))
		node.set("https://terms.example/next", next)
		if g.chance(10) {
			node.set("name", "x")
		}
		nodes = append(nodes, node)
	}
	return nodes
}

func (g *generator) digit(n int) string { return string(rune('0' + g.IntN(n))) }
