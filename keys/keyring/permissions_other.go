//go:build !unix

package keyring

import "io/fs"

// closedToOthers has nothing to look at: there are no mode bits here, and
// access lists are the operator's matter.
func closedToOthers(fs.FileInfo, string, fs.FileMode) error { return nil }

// syncFolder has nothing to do: folders cannot be synchronised here.
func syncFolder(string) error { return nil }

// lock has nothing to hold here: that no two processes change the folder at
// once is the operator's matter.
func (folder) lock() (unlock func(), err error) { return func() {}, nil }
