package keyring

import "fmt"

// SealSecret seals a small secret of the service, such as one that it shares
// with a receiver, in the way that the private keys are sealed. What it returns
// is text that may be stored; whoever has a ring on the same folder opens it.
func (r *Ring) SealSecret(plain []byte) (string, error) {
	sealed, err := r.lock.seal(plain)
	if err != nil {
		return "", fmt.Errorf("sealing a secret: %w", err)
	}
	return sealed, nil
}

// OpenSecret opens what SealSecret has sealed.
func (r *Ring) OpenSecret(sealed string) ([]byte, error) {
	plain, err := r.lock.open(sealed)
	if err != nil {
		return nil, fmt.Errorf("opening a sealed secret: %w", err)
	}
	return plain, nil
}
