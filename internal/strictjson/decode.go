package strictjson

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"sync"

	"laurel/internal/names"
)

// MemberError tells that a member is unknown to the target of Decode or has
// the wrong type.
type MemberError struct {
	Pointer string // RFC 6901, to the member
	Unknown bool   // the target has no such member
	Want    string // the JSON type expected, when the type is wrong
	Got     Kind
}

// Error implements error.
func (e *MemberError) Error() string {
	if e.Unknown {
		return fmt.Sprintf("json: %s: no such member is known here", e.Pointer)
	}
	return fmt.Sprintf("json: %s: %s instead of %s", e.Pointer, e.Got, e.Want)
}

// Decode copies an object into a struct by its json tags, matching names
// exactly. Unknown members, nulls for anything but pointers and slices, and
// wrong types are *MemberError: a request that is not understood whole is not
// carried out in part. A field of type Value receives the value as it stands.
func Decode(v Value, into any) error {
	return decoder{strict: true}.decode(v, reflect.ValueOf(into).Elem(), "")
}

// View copies what fits into a struct and passes over everything else: for
// reading a document whose structure other code judges. One value may stand
// for a slice of one (JSON-LD), and a string for a struct that has a field
// tagged "id".
func View(v Value, into any) {
	// Without strict no error is made.
	_ = decoder{}.decode(v, reflect.ValueOf(into).Elem(), "")
}

type decoder struct{ strict bool }

// member and item are pointers to what lies within, for errors: a view makes none.
func (d decoder) member(ptr, name string) string {
	if !d.strict {
		return ""
	}
	return Pointer(ptr, name)
}

func (d decoder) item(ptr string, i int) string {
	if !d.strict {
		return ""
	}
	return ptr + "/" + strconv.Itoa(i)
}

var valueType = reflect.TypeFor[Value]()

func (d decoder) decode(v Value, to reflect.Value, ptr string) error {
	switch to.Kind() {
	case reflect.Pointer:
		return d.pointer(v, to, ptr)
	case reflect.Struct:
		if to.Type() == valueType {
			to.Set(reflect.ValueOf(v))
			return nil
		}
		return d.structure(v, to, ptr)
	case reflect.Slice:
		return d.slice(v, to, ptr)
	case reflect.Map:
		return d.table(v, to, ptr)
	case reflect.String:
		if v.Kind() != String {
			return d.wrong(v, ptr, "string")
		}
		to.SetString(v.Text())
	case reflect.Bool:
		if !v.IsBool() {
			return d.wrong(v, ptr, "boolean")
		}
		to.SetBool(v.Bool())
	case reflect.Float64, reflect.Int, reflect.Int64:
		return d.number(v, to, ptr)
	default:
		panic("strictjson: cannot decode into " + to.Type().String())
	}
	return nil
}

func (d decoder) wrong(v Value, ptr, want string) error {
	if !d.strict {
		return nil
	}
	return &MemberError{Pointer: ptr, Want: want, Got: v.Kind()}
}

func (d decoder) pointer(v Value, to reflect.Value, ptr string) error {
	if v.Kind() == Null {
		return nil
	}
	p := reflect.New(to.Type().Elem())
	if err := d.decode(v, p.Elem(), ptr); err != nil {
		return err
	}
	if d.strict || fits(v, to.Type().Elem()) {
		to.Set(p)
	}
	return nil
}

// fits keeps a view from showing an empty struct or number for a value of
// another kind.
func fits(v Value, t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Struct:
		return v.Kind() == Object || v.Kind() == String
	case reflect.Float64, reflect.Int, reflect.Int64:
		return v.Kind() == Number
	case reflect.Bool:
		return v.IsBool()
	}
	return v.Kind() == String
}

func (d decoder) number(v Value, to reflect.Value, ptr string) error {
	if v.Kind() != Number {
		return d.wrong(v, ptr, "number")
	}
	if to.Kind() == reflect.Float64 {
		f, err := strconv.ParseFloat(v.Raw(), 64)
		if err != nil {
			return d.wrong(v, ptr, "number of ordinary size")
		}
		to.SetFloat(f)
		return nil
	}
	n, err := strconv.ParseInt(v.Raw(), 10, 64)
	if err != nil || to.OverflowInt(n) {
		return d.wrong(v, ptr, "whole number")
	}
	to.SetInt(n)
	return nil
}

func (d decoder) slice(v Value, to reflect.Value, ptr string) error {
	if v.Kind() == Null || !v.Exists() {
		return nil
	}
	if d.strict && v.Kind() != Array {
		return d.wrong(v, ptr, "array")
	}
	most, filled := max(v.Len(), 1), 0
	if list, ok := to.Addr().Interface().(*[]string); ok && !d.strict {
		*list = texts(v, most)
		return nil
	}
	to.SetZero()
	to.Grow(most)
	to.SetLen(most)
	for i, e := range v.Each() {
		item := to.Index(filled)
		if err := d.decode(e, item, d.item(ptr, i)); err != nil {
			return err
		}
		if d.strict || item.Kind() == reflect.Pointer || fits(e, item.Type()) {
			filled++
		} else {
			item.SetZero()
		}
	}
	to.SetLen(filled)
	return nil
}

// texts are the strings of a list, which most lists in a credential are made of.
func texts(v Value, most int) []string {
	list := make([]string, 0, most)
	for _, e := range v.Each() {
		if e.Kind() == String {
			list = append(list, e.Text())
		}
	}
	return list
}

func (d decoder) table(v Value, to reflect.Value, ptr string) error {
	if v.Kind() == Null {
		return nil
	}
	if v.Kind() != Object {
		return d.wrong(v, ptr, "object")
	}
	out := reflect.MakeMapWithSize(to.Type(), v.Len())
	for name, e := range v.Members() {
		item := reflect.New(to.Type().Elem()).Elem()
		if err := d.decode(e, item, d.member(ptr, name)); err != nil {
			return err
		}
		out.SetMapIndex(reflect.ValueOf(name), item)
	}
	to.Set(out)
	return nil
}

func (d decoder) structure(v Value, to reflect.Value, ptr string) error {
	fields := fieldsOf(to.Type())
	if v.Kind() == String && !d.strict {
		if i := fields.Find("id"); i > 0 {
			to.Field(i - 1).SetString(v.Text())
		}
		return nil
	}
	if v.Kind() != Object {
		return d.wrong(v, ptr, "object")
	}
	for name, e := range v.Members() {
		i := fields.Find(name)
		if i == 0 {
			if d.strict {
				return &MemberError{Pointer: Pointer(ptr, name), Unknown: true, Got: e.Kind()}
			}
			continue
		}
		if err := d.decode(e, to.Field(i-1), d.member(ptr, name)); err != nil {
			return err
		}
	}
	return nil
}

// plans holds the member names of struct types already met; it only saves
// reading the tags again.
var plans sync.Map // reflect.Type -> *names.Index[int]

// fieldsOf finds the fields of a struct by the names of their members; the first
// is 1.
func fieldsOf(t reflect.Type) *names.Index[int] {
	if x, ok := plans.Load(t); ok {
		return x.(*names.Index[int])
	}
	m := make(map[string]int, t.NumField())
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		if name != "" && name != "-" {
			m[name] = i + 1
		}
	}
	x := names.NewIndex(m)
	plans.Store(t, &x)
	return &x
}
