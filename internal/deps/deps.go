// Package deps holds no code, only tests: they say what Laurel may be built
// from. Which versions at least, under which licences, which libraries have to
// be in the program, which packages may never meet in one import graph, and
// what its container image promises.
//
// It refuses to be imported for anything. Start with versions_test.go.
package deps
