package edwards_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"slices"
	"testing"
	"time"

	"filippo.io/edwards25519"
	"pgregory.net/rapid"

	"laurel/keys/edwards"
)

// TestVerifySaysWhatGoSays signs, changes what was signed in a way, and asks both.
func TestVerifySaysWhatGoSays(t *testing.T) {
	said := map[bool]int{}
	rapid.Check(t, func(t *rapid.T) {
		private := ed25519.NewKeyFromSeed(rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "seed"))
		public := private.Public().(ed25519.PublicKey)
		message := rapid.SliceOfN(rapid.Byte(), 0, 200).Draw(t, "message")
		signature := ed25519.Sign(private, message)
		switch rapid.IntRange(0, 5).Draw(t, "change") {
		case 1:
			signature[rapid.IntRange(0, 63).Draw(t, "at")] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		case 2:
			message = append(message, rapid.Byte().Draw(t, "more"))
		case 3:
			signature = rapid.SliceOfN(rapid.Byte(), 0, 100).Draw(t, "signature")
		case 4:
			copy(signature[32:], orderAbove(signature[32:]))
		}
		said[newPair(t, public).agree(t, message, signature)]++
	})
	if said[true] == 0 || said[false] == 0 {
		t.Errorf("%d are right and %d wrong", said[true], said[false])
	}
}

// orderAbove adds the order of the group to a scalar, little-endian: the same
// multiple, in a spelling that must not be taken.
func orderAbove(s []byte) []byte {
	order, _ := hex.DecodeString("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010")
	out, carry := make([]byte, 32), 0
	for i := range out {
		sum := int(s[i]) + int(order[i]) + carry
		out[i], carry = byte(sum), sum>>8
	}
	return out
}

// pair is a key as both know it.
type pair struct {
	public ed25519.PublicKey
	key    *edwards.Key // nil if it is no point
}

func newPair(t interface{ Fatalf(string, ...any) }, public ed25519.PublicKey) pair {
	key, err := edwards.NewKey(public)
	if err != nil && !errors.Is(err, edwards.ErrNoPoint) {
		t.Fatalf("key %x: %v", public, err)
	}
	return pair{public, key}
}

// agree asks both, and returns what they say.
func (p pair) agree(t interface{ Fatalf(string, ...any) }, message, signature []byte) bool {
	want := len(signature) == ed25519.SignatureSize && ed25519.Verify(p.public, message, signature)
	if got := p.key != nil && p.key.Verify(message, signature); got != want {
		t.Fatalf("key %x, message %x, signature %x: %t, crypto/ed25519 says %t", p.public, message, signature, got, want)
	}
	return want
}

// odd are encodings of points where implementations differ: those whose order divides
// eight, with both signs of x, and those whose y is not below 2^255-19.
func odd() [][]byte {
	var all [][]byte
	for _, digits := range []string{
		"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
		"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
		"0000000000000000000000000000000000000000000000000000000000000000",
		"0100000000000000000000000000000000000000000000000000000000000000",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	} {
		plain, _ := hex.DecodeString(digits)
		signed := bytes.Clone(plain)
		signed[31] |= 0x80
		all = append(all, plain, signed)
	}
	return all
}

// TestVerifyAtTheEdges pairs odd keys with odd R, where the equation without a
// cofactor holds now and then: k is other for each message.
func TestVerifyAtTheEdges(t *testing.T) {
	scalars := [][]byte{make([]byte, 32), orderAbove(make([]byte, 32)), bytes.Repeat([]byte{0xff}, 32), append([]byte{1}, make([]byte, 31)...)}
	said := map[bool]int{}
	for _, public := range odd() {
		p := newPair(t, public)
		for _, r := range odd() {
			for _, s := range scalars {
				for message := range byte(20) {
					said[p.agree(t, []byte{message}, append(bytes.Clone(r), s...))]++
				}
			}
		}
	}
	t.Logf("%d hold, %d do not", said[true], said[false])
	if said[true] < 100 || said[false] < 1000 {
		t.Error("too little was tried")
	}
}

// TestVerifyMixedOrder takes a key with a part of small order beside its own, for
// which signatures hold or not depending on k.
func TestVerifyMixedOrder(t *testing.T) {
	seed := bytes.Repeat([]byte{7}, 32)
	private := ed25519.NewKeyFromSeed(seed)
	whole, err := new(edwards25519.Point).SetBytes(private.Public().(ed25519.PublicKey))
	if err != nil {
		t.Fatal(err)
	}
	small, err := new(edwards25519.Point).SetBytes(odd()[0])
	if err != nil {
		t.Fatal(err)
	}
	mixed := new(edwards25519.Point).Add(whole, small).Bytes()
	p := newPair(t, mixed)
	// crypto/ed25519 hashes the public half as it stands beside the private one.
	forged := append(bytes.Clone(seed), mixed...)
	said := map[bool]int{}
	for message := range byte(200) {
		said[p.agree(t, []byte{message}, ed25519.Sign(forged, []byte{message}))]++
	}
	t.Logf("%d hold, %d do not", said[true], said[false])
	if said[true] == 0 || said[false] == 0 {
		t.Error("too little was tried")
	}
}

func FuzzVerify(f *testing.F) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte(public), []byte("message"), ed25519.Sign(private, []byte("message")))
	for _, p := range odd() {
		f.Add(p, []byte{}, append(bytes.Clone(p), make([]byte, 32)...))
	}
	f.Fuzz(func(t *testing.T, public, message, signature []byte) {
		if len(public) != ed25519.PublicKeySize {
			return
		}
		newPair(t, public).agree(t, message, signature)
	})
}

// BenchmarkVerify measures against crypto/ed25519, in turn: x_crypto is the median
// time over that of crypto/ed25519.
func BenchmarkVerify(b *testing.B) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	message := make([]byte, 64)
	signature := ed25519.Sign(private, message)
	key, err := edwards.NewKey(public)
	if err != nil {
		b.Fatal(err)
	}
	var ours, theirs []time.Duration
	for b.Loop() {
		start := time.Now()
		good := key.Verify(message, signature)
		ours = append(ours, time.Since(start))
		start = time.Now()
		known := ed25519.Verify(public, message, signature)
		theirs = append(theirs, time.Since(start))
		if !good || !known {
			b.Fatal("a right signature is refused")
		}
	}
	b.ReportMetric(float64(median(ours))/float64(median(theirs)), "x_crypto")
}

// BenchmarkNewKey is what readying a key takes.
func BenchmarkNewKey(b *testing.B) {
	public, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := edwards.NewKey(public); err != nil {
			b.Fatal(err)
		}
	}
}

func median(d []time.Duration) time.Duration {
	slices.Sort(d)
	return d[len(d)/2]
}
