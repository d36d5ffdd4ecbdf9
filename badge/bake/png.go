package bake

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
)

var pngSignature = []byte("\x89PNG\r\n\x1a\n")

// The keywords of text chunks (OB 3.0 section 5.3.1; Open Badges baking 2.0; CLR
// 2.0).
const (
	keyword3   = "openbadgecredential"
	keyword2   = "openbadges"
	keywordCLR = "clrcredential"
)

// chunk is one chunk of a PNG (PNG section 5.3), as offsets into the picture.
type chunk struct {
	name string
	end  int // with length, name and checksum
	data []byte
}

// maxChunkLength is the largest length that PNG section 5.3 allows.
const maxChunkLength = 1<<31 - 1

// chunkFrame is what stands around the data of a chunk, in bytes.
const chunkFrame = 12

type pngFrame struct {
	picture []byte
	header  chunk // IHDR
	found   []find
}

// openPNG walks over the chunks once and checks that the file is whole.
func openPNG(picture []byte) (*pngFrame, error) {
	if !bytes.HasPrefix(picture, pngSignature) {
		return nil, fmt.Errorf("%w: its first eight bytes are not those of a PNG", ErrDamaged)
	}
	f := &pngFrame{picture: picture}
	at := len(pngSignature)
	for n := 0; ; n++ {
		if n == maxChunks {
			return nil, fmt.Errorf("%w: it has more than %d chunks", ErrTooLarge, maxChunks)
		}
		c, err := readChunk(picture, at)
		if err != nil {
			return nil, err
		}
		if (n == 0) != (c.name == "IHDR") {
			return nil, fmt.Errorf("%w: IHDR is the first chunk and no other", ErrDamaged)
		}
		if n == 0 {
			f.header = c
		}
		if c.name == "IEND" {
			return f, ended(c, len(picture))
		}
		if found, ok := inChunk(c); ok {
			f.found = append(f.found, found)
		}
		at = c.end
	}
}

// ended: nothing follows the end. Readers that only search would take it for a
// part of the picture.
func ended(c chunk, size int) error {
	if len(c.data) != 0 || c.end != size {
		return fmt.Errorf("%w: something follows its end", ErrDamaged)
	}
	return nil
}

func readChunk(picture []byte, at int) (chunk, error) {
	rest := picture[at:]
	if len(rest) < chunkFrame {
		return chunk{}, fmt.Errorf("%w: it breaks off at byte %d", ErrDamaged, at)
	}
	length := binary.BigEndian.Uint32(rest)
	if length > maxChunkLength || int(length) > len(rest)-chunkFrame {
		return chunk{}, fmt.Errorf("%w: the chunk at byte %d is longer than what is left", ErrDamaged, at)
	}
	named := rest[4 : 8+length]
	for _, b := range named[:4] {
		if (b|0x20) < 'a' || (b|0x20) > 'z' {
			return chunk{}, fmt.Errorf("%w: the chunk at byte %d has no name", ErrDamaged, at)
		}
	}
	if crc32.ChecksumIEEE(named) != binary.BigEndian.Uint32(rest[8+length:]) {
		return chunk{}, fmt.Errorf("%w: the checksum of the chunk at byte %d is wrong", ErrDamaged, at)
	}
	return chunk{name: string(named[:4]), end: at + chunkFrame + int(length), data: named[4:]}, nil
}

// inChunk reads a text chunk with one of the keywords. Compressed ones are
// counted and told, but never inflated: compression is forbidden.
func inChunk(c chunk) (find, bool) {
	if c.name != "iTXt" && c.name != "tEXt" && c.name != "zTXt" {
		return find{}, false
	}
	keyword, rest, _ := bytes.Cut(c.data, []byte{0})
	var f find
	switch string(keyword) {
	case keyword3:
		f.Edition = OpenBadges3
	case keyword2:
		f.Edition = OpenBadges2
	case keywordCLR:
		f.Edition = CLR2
	default:
		return find{}, false
	}
	switch {
	case c.name == "iTXt":
		f.Text, f.wrong = internationalText(rest)
	case c.name == "zTXt":
		f.wrong = "it is compressed"
	case f.Edition == OpenBadges2:
		f.Text = rest // editions before 2.0 wrote tEXt
	default:
		f.wrong = "it stands in a tEXt chunk, not in iTXt"
	}
	return f, true
}

// internationalText is what follows the keyword of an iTXt chunk (PNG section
// 11.3.3.4): flag, method, language tag, translated keyword, text.
func internationalText(rest []byte) (text []byte, wrong string) {
	if len(rest) < 2 {
		return nil, "its chunk is too short"
	}
	if rest[0] != 0 {
		return nil, "it is compressed"
	}
	_, rest, language := bytes.Cut(rest[2:], []byte{0})
	_, text, translated := bytes.Cut(rest, []byte{0})
	if !language || !translated {
		return nil, "its chunk is too short"
	}
	return text, ""
}

func (f *pngFrame) finds() []find { return f.found }

func (f *pngFrame) only() (Baked, error) { return single(f.found) }

// with puts the chunk behind IHDR, where a reader comes upon it first.
func (f *pngFrame) with(text []byte, _ bool) ([]byte, error) {
	out := make([]byte, 0, len(f.picture)+len(text)+len(keyword3)+chunkFrame+5)
	out = append(out, f.picture[:f.header.end]...)
	return append(appendChunk(out, text), f.picture[f.header.end:]...), nil
}

// appendChunk writes an iTXt chunk: not compressed, without language and
// translated keyword.
func appendChunk(out, text []byte) []byte {
	head := keyword3 + "\x00\x00\x00\x00\x00"
	out = binary.BigEndian.AppendUint32(out, uint32(len(head)+len(text)))
	named := len(out)
	out = append(append(append(out, "iTXt"...), head...), text...)
	return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(out[named:]))
}
