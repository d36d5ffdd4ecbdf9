package strictjson

import "strings"

// Facts tell of a whole text what somebody would go through all of it for. They
// are noted while it is parsed, and all but the depth are zero for most texts.
type Facts struct {
	Depth       int  // of the deepest array or object, the whole value being at 1
	Nulls       bool // there is a null
	EmptyArrays bool // there is an array without elements
	LongNumbers bool // there is a number of more than 15 characters or with an exponent
	Zeros       bool // there is a U+0000 in a string or a name
	BlankTexts  bool // there is a string that begins with "_:"
	// Of the names of members: those that begin with an at sign are counted.
	AtNames         int
	UnderscoreNames bool // one begins with an underscore
	ColonNames      bool // one has a colon in it
}

// shortNumber: no number of so few characters, without an exponent, is beyond
// the safe integers.
const shortNumber = 15

// mind notes what a member name begins with, and whether it has a colon.
func (f *Facts) mind(name string) {
	if name == "" {
		return
	}
	f.ColonNames = f.ColonNames || strings.IndexByte(name, ':') >= 0
	switch name[0] {
	case '@':
		f.AtNames++
	case '_':
		f.UnderscoreNames = true
	}
}

// Facts returns those of the whole text that the value was parsed from.
func (v Value) Facts() Facts {
	if v.t == nil {
		return Facts{}
	}
	return v.t.facts
}
