//go:build !race

package draw

const slower = 1

// previewed is for how many of the people previews are compared.
const previewed = 6
