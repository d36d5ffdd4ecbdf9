package pdf

import (
	"encoding/binary"
	"math"
)

// colourProfile is an ICC profile (version 2.1) of the colours of sRGB: its
// primaries as seen under D50, and a gamma of 2.2, which is what sRGB is to the
// eye. It is made here because it is a few numbers, and the usual file is not
// ours.
func colourProfile() []byte {
	curve := append(tagged("curv"), 0, 0, 0, 1, 2, 0x33, 0, 0) // u8Fixed8 2.2
	tags := []struct {
		name string
		data []byte
	}{
		{"desc", description("sRGB")},
		{"cprt", append(tagged("text"), "none\x00"...)},
		{"wtpt", xyz(0.9642, 1, 0.8249)},
		{"rXYZ", xyz(0.4361, 0.2225, 0.0139)},
		{"gXYZ", xyz(0.3851, 0.7169, 0.0971)},
		{"bXYZ", xyz(0.1431, 0.0606, 0.7141)},
		{"rTRC", curve[:14]}, {"gTRC", curve[:14]}, {"bTRC", curve[:14]},
	}
	at := 128 + 4 + 12*len(tags)
	table := binary.BigEndian.AppendUint32(nil, uint32(len(tags)))
	var data []byte
	for _, t := range tags {
		table = append(table, t.name...)
		table = binary.BigEndian.AppendUint32(table, uint32(at+len(data)))
		table = binary.BigEndian.AppendUint32(table, uint32(len(t.data)))
		data = append(data, t.data...)
		for len(data)%4 != 0 {
			data = append(data, 0)
		}
	}
	head := make([]byte, 128)
	binary.BigEndian.PutUint32(head, uint32(at+len(data)))
	binary.BigEndian.PutUint32(head[8:], 0x02100000)
	copy(head[12:], "mntrRGB XYZ ")
	copy(head[24:], []byte{0x07, 0xE8, 0, 1, 0, 1}) // a date, as one has to stand here
	copy(head[36:], "acsp")
	copy(head[68:], xyz(0.9642, 1, 0.8249)[8:])
	return append(append(head, table...), data...)
}

func tagged(kind string) []byte { return append([]byte(kind), 0, 0, 0, 0) }

func xyz(x, y, z float64) []byte {
	out := tagged("XYZ ")
	for _, v := range []float64{x, y, z} {
		out = binary.BigEndian.AppendUint32(out, uint32(math.Round(v*65536)))
	}
	return out
}

// description is a textDescriptionType: a name in ASCII, and none in other codes.
func description(name string) []byte {
	out := binary.BigEndian.AppendUint32(tagged("desc"), uint32(len(name)+1))
	out = append(append(out, name...), 0)
	return append(out, make([]byte, 4+4+2+1+67)...)
}
