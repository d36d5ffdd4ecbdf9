package status

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// Lists packed by another gzip (CPython's): the first has the bits 0, 23 and
// 131071 set, the second every 40009th from 5 on.
const (
	foreignThree = "H4sIAAAAAAAC/+3BMQEAAAwCIG2+6MbYA1waAAAAAAAAAAAAAAAAAAAA4FUHGoa9JwBAAAA="
	foreignMany  = "H4sIAAAAAAAC/+3QMREAMAgEsNJDONJR8UyJhPQDAAAAAOK+AgAAAADIKwUAAAAAcGAUAMQs2qiD4ABAAAA="
)

func urlSafe(std string) string {
	return strings.NewReplacer("+", "-", "/", "_", "=", "").Replace(std)
}

func TestDecodeForeign(t *testing.T) {
	three := map[int]bool{0: true, 23: true, 131071: true}
	many := map[int]bool{}
	for i := 5; i < MinimumBits; i += 40009 {
		many[i] = true
	}
	for text, want := range map[string]map[int]bool{foreignThree: three, foreignMany: many} {
		l, err := Decode("u"+urlSafe(text), DefaultMaxBytes)
		if err != nil {
			t.Fatal(err)
		}
		if l.Len() != MinimumBits {
			t.Fatalf("length %d", l.Len())
		}
		for i := range MinimumBits {
			if on, err := l.Bit(i); on != want[i] || err != nil {
				t.Fatalf("Bit(%d) = %v, %v", i, on, err)
			}
		}
	}
}

// The specification's own examples are read from the published files, which are
// not part of this repository.
func TestDecodeSpecificationExamples(t *testing.T) {
	for _, name := range []string{"spec-example-2.json", "spec-example-4.json"} {
		raw, err := os.ReadFile(filepath.Join(specFiles(t), "vectors", "w3c-bitstring", name))
		if err != nil {
			t.Fatal(err)
		}
		var list struct {
			CredentialSubject struct{ EncodedList string }
		}
		if err := json.Unmarshal(raw, &list); err != nil {
			t.Fatal(err)
		}
		l, err := Decode(list.CredentialSubject.EncodedList, MinimumBits/8)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if l.Len() != MinimumBits || countOnes(l) != 0 {
			t.Errorf("%s: %d bits, %d set, want %d and none", name, l.Len(), countOnes(l), MinimumBits)
		}
	}
}

func specFiles(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("SPEC_FILES")
	if dir == "" {
		root, err := filepath.Abs(".")
		if err != nil {
			t.Fatal(err)
		}
		for !exists(filepath.Join(root, "go.mod")) && root != filepath.Dir(root) {
			root = filepath.Dir(root)
		}
		dir = filepath.Join(root, "..", "shared", "spec", "files")
	}
	if !exists(dir) {
		if os.Getenv("CI") == "true" {
			t.Fatalf("PUBLISHED FILES MISSING: set SPEC_FILES (looked at %s)", dir)
		}
		t.Skipf("PUBLISHED FILES MISSING, NOTHING IS COMPARED WITH THEM: set SPEC_FILES (looked at %s)", dir)
	}
	return dir
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func TestEncodeIsDeterministic(t *testing.T) {
	l := New(0)
	for i := 0; i < MinimumBits; i += 97 {
		if err := l.SetBit(i, true); err != nil {
			t.Fatal(err)
		}
	}
	first := l.Encode()
	if second := l.Clone().Encode(); first != second {
		t.Error("equal lists have different texts")
	}
	if !strings.HasPrefix(first, "uH4sIAAAAAAA") {
		t.Errorf("text begins %.16q: want multibase u, gzip, no time", first)
	}
	if strings.ContainsAny(first, "=+/") {
		t.Error("text is not base64url without padding")
	}
}

func TestDecodeBare(t *testing.T) {
	bare := urlSafe(foreignThree)
	padded := strings.NewReplacer("+", "-", "/", "_").Replace(foreignThree)
	for name, s := range map[string]string{
		"base64url": bare, "base64url padded": padded,
		"base64": strings.TrimRight(foreignThree, "="), "base64 padded": foreignThree,
	} {
		l, err := DecodeBare(s, DefaultMaxBytes)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if on, err := l.Bit(23); !on || err != nil || countOnes(l) != 3 {
			t.Errorf("%s: Bit(23) = %v, %v, %d set", name, on, err, countOnes(l))
		}
	}
	for name, s := range map[string]string{
		"multibase": "u" + bare, "both alphabets": "H4sI-+AA", "padding inside": "H4=sIAA", "too much padding": bare + "===",
	} {
		if _, err := DecodeBare(s, DefaultMaxBytes); !errors.Is(err, ErrEncoding) {
			t.Errorf("%s: got %v, want ErrEncoding", name, err)
		}
	}
}

func pack(t testing.TB, contents []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, gzip.BestSpeed)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(contents); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func text(packed []byte) string { return "u" + base64.RawURLEncoding.EncodeToString(packed) }

func TestDecodeRefuses(t *testing.T) {
	whole := pack(t, make([]byte, MinimumBits/8))
	badCRC := bytes.Clone(whole)
	badCRC[len(badCRC)-8] ^= 1
	badSize := bytes.Clone(whole)
	badSize[len(badSize)-1] ^= 1
	for _, c := range []struct {
		name, in string
		want     error
	}{
		{"empty", "", ErrEncoding},
		{"prefix alone", "u", ErrEncoding},
		{"no prefix", text(whole)[1:], ErrEncoding},
		{"base58 prefix", "z" + text(whole)[1:], ErrEncoding},
		{"upper-case prefix", "U" + text(whole)[1:], ErrEncoding},
		{"padding", text(whole) + "==", ErrEncoding},
		{"plain base64", "u" + base64.StdEncoding.EncodeToString(whole), ErrEncoding},
		{"line break", text(whole)[:20] + "\n" + text(whole)[20:], ErrEncoding},
		{"blank", " " + text(whole), ErrEncoding},
		{"not gzip", text([]byte("a list without compression")), ErrEncoding},
		{"uncompressed bits", text(make([]byte, MinimumBits/8)), ErrEncoding},
		{"wrong checksum", text(badCRC), ErrEncoding},
		{"wrong length trailer", text(badSize), ErrEncoding},
		{"trailing byte", text(append(bytes.Clone(whole), 0)), ErrEncoding},
		{"second member", text(append(bytes.Clone(whole), whole...)), ErrEncoding},
		{"one byte short of the minimum", text(pack(t, make([]byte, MinimumBits/8-1))), ErrLength},
		{"empty contents", text(pack(t, nil)), ErrLength},
		{"nested gzip", text(pack(t, whole)), ErrLength},
		{"one byte too large", text(pack(t, make([]byte, DefaultMaxBytes+1))), ErrTooLarge},
		{"bomb", text(pack(t, make([]byte, 64<<20))), ErrTooLarge},
		{"long text", "u" + strings.Repeat("A", 8<<20), ErrTooLarge},
	} {
		if l, err := Decode(c.in, DefaultMaxBytes); !errors.Is(err, c.want) || l != nil {
			t.Errorf("%s: got %v, %v, want %v", c.name, l, err, c.want)
		}
	}
	if _, err := Decode(text(pack(t, make([]byte, DefaultMaxBytes))), DefaultMaxBytes); err != nil {
		t.Errorf("a list of exactly the bound: %v", err)
	}
	if _, err := Decode(text(whole), -1); !errors.Is(err, ErrTooLarge) {
		t.Errorf("negative bound: got %v, want ErrTooLarge", err)
	}
}

// A text of base64 whose last character has spare bits could be written in
// several ways; only the one with zeros there is read.
func TestDecodeRefusesStrayBits(t *testing.T) {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	l := New(0)
	packed := pack(t, l.bits)
	for i := 0; len(packed)%3 == 0; i += 1000 {
		if err := l.SetBit(i, true); err != nil {
			t.Fatal(err)
		}
		packed = pack(t, l.bits)
	}
	good := text(packed)
	last := strings.IndexByte(alphabet, good[len(good)-1])
	stray := good[:len(good)-1] + alphabet[last+1:last+2]
	lax, err := base64.RawURLEncoding.DecodeString(stray[1:])
	if err != nil || !bytes.Equal(lax, packed) {
		t.Fatalf("the altered text should mean the same to a lax reader: %v", err)
	}
	if _, err := Decode(good, DefaultMaxBytes); err != nil {
		t.Errorf("unaltered: %v", err)
	}
	if _, err := Decode(stray, DefaultMaxBytes); !errors.Is(err, ErrEncoding) {
		t.Errorf("got %v, want ErrEncoding", err)
	}
}

// Whatever is missing at the end, the list is refused and never read in part.
func TestDecodeTruncated(t *testing.T) {
	l := New(0)
	for i := 0; i < MinimumBits; i += 1013 {
		if err := l.SetBit(i, true); err != nil {
			t.Fatal(err)
		}
	}
	whole := pack(t, l.bits)
	for n := range whole {
		if _, err := Decode(text(whole[:n]), DefaultMaxBytes); !errors.Is(err, ErrEncoding) {
			t.Fatalf("first %d of %d bytes: got %v, want ErrEncoding", n, len(whole), err)
		}
	}
}

// A bomb must not cost more memory than a few times the bound.
func TestBombStaysSmall(t *testing.T) {
	bomb := text(pack(t, make([]byte, 64<<20)))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := Decode(bomb, DefaultMaxBytes)
	runtime.ReadMemStats(&after)
	if !errors.Is(err, ErrTooLarge) {
		t.Errorf("got %v, want ErrTooLarge", err)
	}
	if got := after.TotalAlloc - before.TotalAlloc; got > 32<<20 {
		t.Errorf("%d bytes allocated for a bomb, want at most 32 MiB", got)
	}
}

func FuzzDecode(f *testing.F) {
	whole := pack(f, make([]byte, MinimumBits/8))
	seeds := map[string]bool{ // text: readable by Decode
		"u" + urlSafe(foreignThree):            true,
		"u" + urlSafe(foreignMany):             true,
		New(1 << 18).Encode():                  true,
		urlSafe(foreignThree):                  false,
		foreignThree:                           false,
		text(whole[:len(whole)-1]):             false,
		text(append(bytes.Clone(whole), 0x1f)): false,
		"u":                                    false,
		"":                                     false,
	}
	for s, readable := range seeds {
		if _, err := Decode(s, DefaultMaxBytes); (err == nil) != readable {
			f.Fatalf("seed %.20q: %v", s, err)
		}
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, decode := range []func(string, int) (*List, error){Decode, DecodeBare} {
			l, err := decode(s, 1<<16)
			if err != nil {
				if !errors.Is(err, ErrEncoding) && !errors.Is(err, ErrTooLarge) && !errors.Is(err, ErrLength) {
					t.Fatalf("untyped error %v", err)
				}
				continue
			}
			if l.Len() < MinimumBits || l.Len() > 8<<16 {
				t.Fatalf("%d bits", l.Len())
			}
			again, err := Decode(l.Encode(), 1<<16)
			if err != nil || !bytes.Equal(again.bits, l.bits) {
				t.Fatalf("written and read again: %v", err)
			}
		}
	})
}

func BenchmarkEncode(b *testing.B) {
	l := New(0)
	for i := 0; i < MinimumBits; i += 100 {
		if err := l.SetBit(i, true); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		_ = l.Encode()
	}
}
