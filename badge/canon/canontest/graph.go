package canontest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// Graph returns a small dataset, as N-Quads, of blank nodes that look alike as
// a rule: rings, cliques, bipartite graphs, stars and copies of one shape, in
// the default graph, in one with a name or in one that is a blank node itself.
// Some nodes are marked, so that not all are alike.
func Graph(seed uint64) []byte {
	g := &tangle{generator: generator{Rand: rand.New(rand.NewPCG(seed, 5))}}
	for range 1 + g.IntN(2) {
		g.shape()
	}
	if g.chance(50) {
		g.add(g.node(), "urn:mark", pick(&g.generator, `"x"`, `"y"@en`, "<urn:x>"), "")
	}
	g.Shuffle(len(g.quads), func(i, j int) { g.quads[i], g.quads[j] = g.quads[j], g.quads[i] })
	return []byte(strings.Join(g.quads, ""))
}

// tangle makes a dataset.
type tangle struct {
	generator
	quads []string
	names []string
}

// fresh makes n nodes; their names tell nothing of their order.
func (g *tangle) fresh(n int) []string {
	var nodes []string
	for len(nodes) < n {
		name := fmt.Sprintf("_:%c%d", 'a'+rune(g.IntN(26)), g.IntN(100))
		if !slices.Contains(g.names, name) {
			g.names, nodes = append(g.names, name), append(nodes, name)
		}
	}
	return nodes
}

func (g *tangle) node() string { return g.names[g.IntN(len(g.names))] }

// add says something once.
func (g *tangle) add(subject, predicate, object, graph string) {
	if graph != "" {
		graph = " " + graph
	}
	quad := fmt.Sprintf("%s <%s> %s%s .\n", subject, predicate, object, graph)
	if !slices.Contains(g.quads, quad) {
		g.quads = append(g.quads, quad)
	}
}

// shape adds nodes that stand to each other in some way, once or in copies.
func (g *tangle) shape() {
	n := 2 + g.IntN(4)
	edges := g.edges(n)
	graph := ""
	switch g.IntN(5) {
	case 0:
		graph = "<urn:graph>"
	case 1:
		graph = g.fresh(1)[0]
	}
	for range pick(&g.generator, 1, 1, 2, 3) {
		nodes := g.fresh(n)
		for _, e := range edges {
			g.add(nodes[e.from], e.predicate, nodes[e.to], graph)
		}
		if graph != "" && g.chance(10) {
			graph = nodes[0]
		}
	}
}

type edge struct {
	from, to  int
	predicate string
}

func (g *tangle) edges(n int) (edges []edge) {
	kind := g.IntN(6)
	for i := range n {
		for j := range n {
			linked := false
			switch kind {
			case 0: // a ring
				linked = j == (i+1)%n
			case 1: // a ring both ways
				linked = j == (i+1)%n || i == (j+1)%n
			case 2: // a clique
				linked = i != j
			case 3: // two sides
				linked = i%2 == 0 && j%2 == 1
			case 4: // a star
				linked = i == 0 && j > 0
			default:
				linked = g.chance(35)
			}
			if linked {
				edges = append(edges, edge{i, j, "urn:p"})
			}
		}
	}
	if g.chance(30) && len(edges) > 0 { // one of them another way
		edges[g.IntN(len(edges))].predicate = "urn:q"
	}
	return edges
}
