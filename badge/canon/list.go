package canon

import (
	"laurel/badge/canon/rdfc"
	"laurel/internal/strictjson"
)

// listMember says the value of a @list container: one list (section 5.1.2 step
// 13.11), unless it is written as a list object already.
func (w *walker) listMember(v strictjson.Value, at place) error {
	head, err := w.listHead(v, at)
	if err == nil {
		w.data.Add(rdfc.Quad{Subject: at.subject, Predicate: at.predicate, Object: head, Graph: at.graph})
	}
	return err
}

func (w *walker) listHead(v strictjson.Value, at place) (rdfc.Term, error) {
	if v.Kind() == strictjson.Object && v.Get("@list").Exists() {
		return w.object(v, at.table, at.property, at.graph)
	}
	return w.list(v, at.table, at.property, at.graph)
}

// listObject says {"@list": ...}.
func (w *walker) listObject(v strictjson.Value, members []member, t *table, p *definition, graph rdfc.Term) (rdfc.Term, error) {
	for i := range members {
		if m := &members[i]; m.name != "@list" && m.name != "@context" {
			return 0, w.fail(DataLoss, m.value, "beside @list this would not be signed")
		}
	}
	if p == nil {
		return 0, w.fail(DataLoss, v, "a list that belongs to nothing would not be signed")
	}
	return w.list(v.Get("@list"), t, t.property(p), graph)
}

// list says a list as cells (List to RDF Conversion, section 8.3), and returns
// its head.
func (w *walker) list(v strictjson.Value, t *table, p *definition, graph rdfc.Term) (rdfc.Term, error) {
	head := w.data.IRI(rdf + "nil")
	if v.Kind() == strictjson.Array && v.Len() == 0 {
		return head, nil
	}
	first, rest, end := w.data.IRI(rdf+"first"), w.data.IRI(rdf+"rest"), head
	var last rdfc.Term
	for _, e := range v.Each() {
		item, err := w.listItem(e, t, p, graph)
		if err != nil {
			return 0, err
		}
		cell := w.data.Blank()
		if last == 0 {
			head = cell
		} else {
			w.data.Add(rdfc.Quad{Subject: last, Predicate: rest, Object: cell, Graph: graph})
		}
		w.data.Add(rdfc.Quad{Subject: cell, Predicate: first, Object: item, Graph: graph})
		last = cell
	}
	w.data.Add(rdfc.Quad{Subject: last, Predicate: rest, Object: end, Graph: graph})
	return head, nil
}

// listItem returns the term of an item; an array is a list within the list, if
// the term says that its values are lists.
func (w *walker) listItem(v strictjson.Value, t *table, p *definition, graph rdfc.Term) (rdfc.Term, error) {
	if v.Kind() != strictjson.Array {
		return w.term(v, t, p, graph)
	}
	if p.container != "@list" {
		return 0, w.fail(Unsupported, v, "a list within a list is not handled here")
	}
	if err := w.descend(v); err != nil {
		return 0, err
	}
	head, err := w.list(v, t, p, graph)
	w.depth--
	return head, err
}
