package issuer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"laurel/badge"
	"laurel/badge/card"
	"laurel/keys"
)

// makeCard makes the offline card of a badge, beside its JWT: by the Ed25519 key,
// whose signatures are short and which every issuer has.
func (i *Issuer) makeCard(ctx context.Context, q queued, rec *Record, doc *badge.Document) (queued, error) {
	facts, err := card.Of(doc, rec.Issuer, rec.ID)
	if errors.Is(err, card.ErrUnfit) {
		return q, nil
	}
	signer, err := i.signer(ctx, q.issuer, keys.EdDSA)
	if err != nil {
		return q, err
	}
	text, err := card.Sign(ctx, facts, signer)
	if errors.Is(err, card.ErrUnfit) {
		return q, nil
	} else if err != nil {
		return q, err
	}
	// As badges are, it is read back by its published key before it counts.
	back, err := card.Parse(text)
	if err == nil {
		err = back.Verify(signer.Method())
	}
	if err != nil || back.Card != facts {
		return q, i.selfCheckFailed(ctx, q.issuer, fmt.Errorf("the card of %s: %w", rec.ID, errors.Join(err, errOtherCard)))
	}
	q.card, q.signers = text, append(q.signers, signer.Method().ID)
	return q, nil
}

var errOtherCard = errors.New("it was read back as another")

// Card returns the offline card of a badge in force. It is made after the badge,
// once for each edition, and waited for as a JWT is. StateError for a badge that
// is not in force: a card cannot say so, and none is handed out any more. ErrNoCard
// where the texts of the badge are too long for one. Reads never sign.
func (i *Issuer) Card(ctx context.Context, rec *Record) (string, error) {
	inForce, err := i.inForce(rec)
	if err != nil {
		return "", err
	}
	if !inForce {
		return "", &StateError{"card_not_in_force", "This badge is not in force, and a card could not say so. Its page does."}
	}
	made, err := i.afterwards(ctx, rec, cardKey(rec.Issuer, rec.seq), "card")
	if err == nil && len(made) == 0 {
		err = ErrNoCard
	}
	return string(made), err
}

// inForce tells whether a badge is neither withdrawn nor over.
func (i *Issuer) inForce(rec *Record) (bool, error) {
	if rec.Status != Active {
		return false, nil
	}
	d, err := rec.View()
	if err != nil || d.ValidUntil() == "" {
		return err == nil, err
	}
	until, err := time.Parse(time.RFC3339, d.ValidUntil())
	return err == nil && i.Now().Before(until), err
}

// CardMade is Card for who does not wait: ErrNoCard also where it is yet to be made.
func (i *Issuer) CardMade(ctx context.Context, rec *Record) (string, error) {
	if inForce, err := i.inForce(rec); err != nil || !inForce {
		return "", errors.Join(err, ErrNoCard)
	}
	made, err := i.madeAfterwards(ctx, cardKey(rec.Issuer, rec.seq), "card")
	if errors.Is(err, ErrNotFound) || err == nil && len(made) == 0 {
		return "", ErrNoCard
	}
	return string(made), err
}
