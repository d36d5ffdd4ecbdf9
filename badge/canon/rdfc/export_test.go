package rdfc

// Work returns the steps that the last canonicalisation took, and had.
func (d *Dataset) Work() (taken, allowed int) { return d.work, d.maxWork }
