package keys

// Readied tells whether the method verifies with what a Familiar has readied.
func (m VerificationMethod) Readied() bool { return m.readied != nil }

// Seen is how many keys are known.
func (f *Familiar) Seen() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.seen)
}
