package bolt

import "go.etcd.io/bbolt"

// WithBolt lets a test alter what bbolt is opened with.
func (o Options) WithBolt(tune func(*bbolt.Options)) Options {
	o.tune = tune
	return o
}
