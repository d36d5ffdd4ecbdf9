//go:build !race

package draw

const slower = 1
