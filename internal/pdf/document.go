package pdf

import (
	"encoding/xml"
	"fmt"
	"strings"
)

// structure tells what is on the page in the order in which it is read (ISO
// 32000-1 section 14.7).
func (p *Page) structure(f *file, tree, page ref) {
	document := f.reserve()
	kids := make([]string, len(p.elements))
	for n, e := range p.elements {
		entries := ""
		if e.lang != "" {
			entries += " /Lang " + text(e.lang)
		}
		if e.alt != "" {
			entries += " /Alt " + text(e.alt)
		}
		if e.kind == "Figure" {
			entries += fmt.Sprintf(" /A << /O /Layout /Placement /Block /BBox [%s %s %s %s] >>",
				number(e.box[0]), number(e.box[1]), number(e.box[2]), number(e.box[3]))
		}
		kids[n] = f.add(fmt.Sprintf("<< /Type /StructElem /S /%s /P %s /Pg %s /K %d%s >>", e.kind, document, page, n, entries)).String()
	}
	all := strings.Join(kids, " ")
	f.set(document, fmt.Sprintf("<< /Type /StructElem /S /Document /P %s /K [%s] >>", tree, all))
	parents := f.add(fmt.Sprintf("<< /Nums [0 [%s]] >>", all))
	f.set(tree, fmt.Sprintf("<< /Type /StructTreeRoot /K %s /ParentTree %s /ParentTreeNextKey 1 >>", document, parents))
}

// attachments are associated with the whole document (ISO 19005-3 section 6.8).
func (p *Page) attachments(f *file) (names, associated string) {
	if len(p.attached) == 0 {
		return "", ""
	}
	list, refs := "", ""
	for _, a := range p.attached { // one or two, given in the order of their names
		embedded := f.stream(fmt.Sprintf("/Type /EmbeddedFile /Subtype %s /Params << /Size %d /ModDate %s >>",
			name(a.MediaType), len(a.Bytes), date(p.about.Created)), a.Bytes)
		spec := f.add(fmt.Sprintf("<< /Type /Filespec /F %s /UF %s /Desc %s /AFRelationship /Data /EF << /F %s /UF %s >> >>",
			text(a.Name), text(a.Name), text(a.Description), embedded, embedded))
		list += " " + text(a.Name) + " " + spec.String()
		refs += " " + spec.String()
	}
	return " /Names << /EmbeddedFiles << /Names [" + list[1:] + "] >> >> /PageMode /UseNone", " /AF [" + refs[1:] + "]"
}

const producer = "Laurel"

func (p *Page) info() string {
	author := ""
	if p.about.Author != "" {
		author = " /Author " + text(p.about.Author)
	}
	return fmt.Sprintf("<< /Title %s%s /Producer %s /CreationDate %s /ModDate %s >>",
		text(p.about.Title), author, text(producer), date(p.about.Created), date(p.about.Created))
}

// metadata is the same in XMP, with what the file claims to be (ISO 19005-3
// section 6.6, ISO 14289-1 section 5).
func (p *Page) metadata() []byte {
	at := p.about.Created.UTC().Format("2006-01-02T15:04:05Z")
	creator := ""
	if p.about.Author != "" {
		creator = "<dc:creator><rdf:Seq><rdf:li>" + escaped(p.about.Author) + "</rdf:li></rdf:Seq></dc:creator>\n"
	}
	return []byte("<?xpacket begin=\"\uFEFF\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\n" +
		`<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">` + "\n" +
		`<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:pdf="http://ns.adobe.com/pdf/1.3/"` +
		` xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/" xmlns:pdfuaid="http://www.aiim.org/pdfua/ns/id/">` + "\n" +
		`<dc:title><rdf:Alt><rdf:li xml:lang="x-default">` + escaped(p.about.Title) + "</rdf:li></rdf:Alt></dc:title>\n" + creator +
		"<dc:language><rdf:Bag><rdf:li>" + escaped(p.about.Lang) + "</rdf:li></rdf:Bag></dc:language>\n" +
		"<dc:format>application/pdf</dc:format>\n<pdf:Producer>" + producer + "</pdf:Producer>\n" +
		"<xmp:CreateDate>" + at + "</xmp:CreateDate><xmp:ModifyDate>" + at + "</xmp:ModifyDate>\n" +
		"<pdfaid:part>3</pdfaid:part><pdfaid:conformance>A</pdfaid:conformance><pdfuaid:part>1</pdfuaid:part>\n" + uaExtension +
		"</rdf:Description></rdf:RDF></x:xmpmeta>\n<?xpacket end=\"w\"?>")
}

// uaExtension describes the one property that PDF/A does not know (ISO 19005-3
// section 6.6.2.3).
const uaExtension = `<pdfaExtension:schemas xmlns:pdfaExtension="http://www.aiim.org/pdfa/ns/extension/" xmlns:pdfaSchema="http://www.aiim.org/pdfa/ns/schema#" xmlns:pdfaProperty="http://www.aiim.org/pdfa/ns/property#">` +
	`<rdf:Bag><rdf:li rdf:parseType="Resource"><pdfaSchema:schema>PDF/UA</pdfaSchema:schema><pdfaSchema:namespaceURI>http://www.aiim.org/pdfua/ns/id/</pdfaSchema:namespaceURI><pdfaSchema:prefix>pdfuaid</pdfaSchema:prefix>` +
	`<pdfaSchema:property><rdf:Seq><rdf:li rdf:parseType="Resource"><pdfaProperty:name>part</pdfaProperty:name><pdfaProperty:valueType>Integer</pdfaProperty:valueType><pdfaProperty:category>internal</pdfaProperty:category><pdfaProperty:description>part of ISO 14289</pdfaProperty:description></rdf:li></rdf:Seq></pdfaSchema:property>` +
	"</rdf:li></rdf:Bag></pdfaExtension:schemas>\n"

func escaped(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(printable(s))) // into memory
	return b.String()
}
