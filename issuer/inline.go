package issuer

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/json"
	"fmt"
	"strings"

	"laurel/badge"
	"laurel/store"
)

// adoptInline gives an achievement that came along with an award a slug of its
// own, made from its content: the same text is the same achievement, and its
// signed addresses resolve like every other.
func (i *Issuer) adoptInline(a *Award) error {
	ach := a.Inline
	if ach.Issuer == "" {
		ach.Issuer = a.Issuer
	}
	ach.Slug, ach.Version = "", ""
	content, err := json.Marshal(ach)
	if err != nil {
		return fmt.Errorf("reading the achievement: %w", err)
	}
	sum := sha256.Sum256(content)
	ach.Slug = "x-" + strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(sum[:15]))
	ach.complete(i.achievementAddress(ach.Slug))
	if err := ach.validate(); err != nil {
		return under("/achievement", err)
	}
	return nil
}

// under moves the pointers of faults below a member.
func under(prefix string, err error) error {
	faults, ok := err.(badge.Errors)
	if !ok {
		return err
	}
	for _, f := range faults {
		f.Pointer = prefix + f.Pointer
	}
	return faults
}

// keepInline stores the achievement with the first badge that brings it.
func (i *Issuer) keepInline(tx store.Tx, d *draft) error {
	known, err := exists(tx, versionKey(d.ach.Slug, d.ach.Version))
	if err != nil || known {
		return err
	}
	d.ach.CreatedAt, d.ach.ChangedAt = d.record.ChangedAt, d.record.ChangedAt
	if err := putJSON(tx, achievementKey(d.ach.Slug), d.ach); err != nil {
		return err
	}
	if err := putJSON(tx, versionKey(d.ach.Slug, d.ach.Version), d.ach); err != nil {
		return err
	}
	return markUsed(tx, d.ach)
}
