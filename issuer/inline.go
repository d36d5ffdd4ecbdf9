package issuer

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"laurel/badge"
	"laurel/store"
)

// inlineSlug is the form of slugs that adopt gives; no other achievement may
// have one, or it could stand at the address that a badge was signed with.
var inlineSlug = regexp.MustCompile(`^x-[a-z2-7]{24}$`)

// adopt gives an achievement that came along with an award a slug of its own,
// made from its content: the same text is the same achievement, and its signed
// addresses resolve like every other.
func (i *Issuer) adopt(ach *Achievement, issuer string, test bool) error {
	if ach.Issuer == "" {
		ach.Issuer = issuer
	}
	if ach.Requires != nil {
		return fault("requires_invalid", "/achievement/requires", "What comes along with an award rests on nothing. PUT the achievement first, and award it by its slug.")
	}
	ach.Slug = ""
	ach.complete()
	content, err := json.Marshal(ach)
	if err != nil {
		return fmt.Errorf("reading the achievement: %w", err)
	}
	sum := sha256.Sum256(content)
	ach.Slug = "x-" + strings.ToLower(base32.StdEncoding.EncodeToString(sum[:15]))
	if test {
		ach.Slug = badge.TestPrefix + ach.Slug
	}
	ach.address(i.achievementAddress(ach.Slug))
	return under("/achievement", ach.validate())
}

// under moves the pointers of faults below a member.
func under(prefix string, err error) error {
	var list badge.Errors
	if errors.As(err, &list) {
		for _, f := range list {
			f.Pointer = prefix + f.Pointer
		}
	}
	return err
}

// keepInline stores the achievement with the first badge that brings it.
func (i *Issuer) keepInline(tx store.Tx, d *draft) error {
	known, err := exists(tx, versionKey(d.ach.Slug, d.ach.Version))
	if err != nil || known {
		return err
	}
	d.ach.CreatedAt, d.ach.ChangedAt = d.record.ChangedAt, d.record.ChangedAt
	if err := store.PutJSON(tx, achievementKey(d.ach.Slug), d.ach); err != nil {
		return err
	}
	if err := store.PutJSON(tx, versionKey(d.ach.Slug, d.ach.Version), d.ach); err != nil {
		return err
	}
	return markUsed(tx, d.ach)
}
