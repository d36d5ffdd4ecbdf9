package pages

import (
	"bytes"
	"html/template"
	"regexp"

	"github.com/microcosm-cc/bluemonday"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// maxMarkdown bounds what is laid out on one page, in bytes: hostile Markdown
// takes time that grows with the square of its length. What is beyond is shown
// as it stands.
const maxMarkdown = 20 << 10

// linkRel stands on every link that is not ours.
const linkRel = "nofollow noopener ugc"

// markdown turns the Markdown of strangers into HTML that is safe to show.
type markdown struct {
	convert goldmark.Markdown
	policy  *bluemonday.Policy
}

func newMarkdown() *markdown {
	return &markdown{
		convert: goldmark.New(goldmark.WithParserOptions(parser.WithASTTransformers(util.Prioritized(subordinate{}, 100)))),
		policy:  narrativePolicy(),
	}
}

// narrativePolicy lists all that may stand in a narrative. goldmark leaves raw
// HTML out already; this is the second lock, and it drops pictures, which
// would be requests to strangers.
func narrativePolicy() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.AllowElements("p", "br", "hr", "ul", "ol", "li", "strong", "em", "code", "pre", "blockquote", "h4", "h5", "h6")
	p.AllowAttrs("href").OnElements("a")
	p.AllowAttrs("rel").Matching(regexp.MustCompile("^" + linkRel + "$")).OnElements("a")
	p.AllowURLSchemes("http", "https", "mailto")
	p.AllowRelativeURLs(false)
	p.RequireParseableURLs(true)
	p.RequireNoFollowOnLinks(true)
	return p
}

// subordinate fits a narrative into a page: its headings below those of the
// page, its links marked as a stranger's, and those that may not be followed
// no links.
type subordinate struct{}

// Transform implements parser.ASTTransformer.
func (subordinate) Transform(doc *ast.Document, reader text.Reader, _ parser.Context) {
	var unsafe []ast.Node
	link := func(n ast.Node, address string) {
		if safeLink(address) == "" {
			unsafe = append(unsafe, n)
			return
		}
		n.SetAttributeString("rel", linkRel)
	}
	// The walker never returns an error.
	_ = ast.Walk(doc, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.Heading:
			n.Level = min(n.Level+3, 6)
		case *ast.Link:
			link(n, string(n.Destination))
		case *ast.AutoLink:
			link(n, autoAddress(n, reader.Source()))
		}
		return ast.WalkContinue, nil
	})
	for _, n := range unsafe {
		unlink(n, reader.Source())
	}
}

func autoAddress(n *ast.AutoLink, source []byte) string {
	if n.AutoLinkType == ast.AutoLinkEmail {
		return "mailto:" + string(n.URL(source))
	}
	return string(n.URL(source))
}

// unlink leaves of a link what it says.
func unlink(n ast.Node, source []byte) {
	parent := n.Parent()
	if auto, ok := n.(*ast.AutoLink); ok {
		parent.ReplaceChild(parent, n, ast.NewString(auto.Label(source)))
		return
	}
	for c := n.FirstChild(); c != nil; c = n.FirstChild() {
		parent.InsertBefore(parent, n, c)
	}
	parent.RemoveChild(parent, n)
}

// maxNesting bounds how deep lists and quotations stand in each other; readers
// do not follow deeper, and browsers give up.
const maxNesting = 16

// layout lays out the narratives of one page, as long as there is room.
type layout struct {
	*markdown
	room int // bytes
}

func (m *markdown) page() *layout { return &layout{m, maxMarkdown} }

// render returns the narrative as HTML; ok is false for one that is too long
// or too entangled to be laid out.
func (m *layout) render(source string) (_ template.HTML, ok bool) {
	if len(source) > m.room {
		return "", false
	}
	m.room -= len(source)
	doc := m.convert.Parser().Parse(text.NewReader([]byte(source)))
	if deeper(doc, maxNesting) {
		return "", false
	}
	var b bytes.Buffer
	if err := m.convert.Renderer().Render(&b, []byte(source), doc); err != nil {
		return "", false
	}
	return template.HTML(m.policy.SanitizeBytes(b.Bytes())), true //nolint:gosec // sanitised on this line
}

func deeper(n ast.Node, levels int) bool {
	if levels < 0 {
		return true
	}
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		if deeper(c, levels-1) {
			return true
		}
	}
	return false
}
