//go:build !race

package structure_test

const raceEnabled = false
