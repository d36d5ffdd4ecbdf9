package strictjson

// Plain renders a value as maps, slices, strings, booleans and nil, for
// libraries that know nothing of our tree. A number becomes what number makes
// of its text: a library that calculates exactly would choke on 1e999999999.
func Plain(v Value, number func(raw string) any) any {
	switch v.Kind() {
	case Object:
		m := make(map[string]any, v.Len())
		for name, e := range v.Members() {
			m[name] = Plain(e, number)
		}
		return m
	case Array:
		a := make([]any, 0, v.Len())
		for _, e := range v.Elements() {
			a = append(a, Plain(e, number))
		}
		return a
	case String:
		return v.Text()
	case Number:
		return number(v.Raw())
	case True, False:
		return v.Bool()
	}
	return nil
}
