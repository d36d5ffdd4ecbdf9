package mail

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"laurel/internal/i18n"
	"laurel/internal/smtp"
	"laurel/internal/tally"
	"laurel/issuer"
	"laurel/store"
)

// Sender hands one message over; smtp.Sender is one. Its errors are those of
// package smtp.
type Sender interface {
	Send(ctx context.Context, m smtp.Message) error
}

// Seal keeps addresses from who reads the store; keyring.Ring is one.
type Seal interface {
	SealSecret(plain []byte) (string, error)
	OpenSecret(sealed string) ([]byte, error)
}

// Config is what an Outbox works with. All but Now and Log is required.
type Config struct {
	Store   store.Store
	Issuer  *issuer.Issuer
	Seal    Seal
	Sender  Sender
	Catalog *i18n.Catalog
	BaseURL string
	Now     func() time.Time // default time.Now
	Log     *slog.Logger     // default discards
}

// Outbox is the letters of one store that wait to be sent. It is safe for
// concurrent use, and several may run on one store.
type Outbox struct {
	cfg  Config
	host string
	page *letterPage
	kick chan struct{}

	counts tally.Counts // of attempts
}

// New opens the outbox of a store.
func New(cfg Config) (*Outbox, error) {
	if cfg.Store == nil || cfg.Issuer == nil || cfg.Seal == nil || cfg.Sender == nil || cfg.Catalog == nil || cfg.BaseURL == "" {
		return nil, errors.New("mail: Store, Issuer, Seal, Sender, Catalog and BaseURL are required")
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	page, err := newLetterPage()
	if err != nil {
		return nil, err
	}
	_, host, _ := strings.Cut(cfg.BaseURL, "://")
	return &Outbox{cfg: cfg, host: host, page: page, kick: make(chan struct{}, 1), counts: newCounts()}, nil
}

func (o *Outbox) now() time.Time { return o.cfg.Now().UTC() }

// Observe is an issuer.Observer: whose badge is issued, or found to be theirs when
// the address is corrected, by an issuer that wants it so, is told of it. Trials
// are told to nobody.
func (o *Outbox) Observe(tx store.Tx, c issuer.Changed) error {
	address := c.Address
	if c.Issued() && c.Award != nil {
		address = c.Award.Recipient.Email
	}
	if address == "" || c.Record.Status != issuer.Active || issuer.IsTest(c.Record.Issuer) {
		return nil
	}
	profile, err := o.cfg.Issuer.ProfileIn(tx, c.Record.Issuer)
	if err != nil || profile.Notify != issuer.NotifyHolder {
		return err
	}
	if smtp.CheckAddress(address) != nil {
		return nil //nolint:nilerr // nothing can be sent there, and the badge is issued all the same
	}
	if err := o.put(tx, earned, c.Record.ID, address, c.Record.Language); err != nil {
		return fmt.Errorf("telling the holder of %s: %w", c.Record.ID, err)
	}
	o.hurry()
	return nil
}

// maxAsked bounds how many letters wait that strangers have asked for.
const maxAsked = 2000

// Ask has the badges that are found by an address sent there. What it does is the
// same whether there are any: that is looked up when the letter is written. The
// errors are store.ErrBusy where too many wait, and those of the store.
func (o *Outbox) Ask(ctx context.Context, address, lang string) error {
	if err := smtp.CheckAddress(address); err != nil {
		return err
	}
	err := o.cfg.Store.Update(ctx, func(tx store.Tx) error {
		waiting := 0
		err := tx.Scan([]byte(prefix(asked)), nil, func(_, _ []byte) error {
			if waiting++; waiting >= maxAsked {
				return fmt.Errorf("mail: %d letters wait: %w", waiting, store.ErrBusy)
			}
			return nil
		})
		if err != nil {
			return err
		}
		return o.put(tx, asked, "", address, lang)
	})
	if err == nil {
		o.hurry()
	}
	return err
}

// put writes down what is to be sent.
func (o *Outbox) put(tx store.Tx, kind kind, credential, address, lang string) error {
	sealed, err := o.cfg.Seal.SealSecret([]byte(address))
	if err != nil {
		return err
	}
	seq, err := o.cfg.Issuer.NewSeq()
	if err != nil {
		return err
	}
	now := o.now()
	return store.PutJSON(tx, key(kind, now, seq), letter{Credential: credential, To: sealed, Language: lang, At: now})
}

// Forget is an issuer.Observer, whether mail is sent or not: what waits to be told
// to a person goes when they are erased.
func Forget(tx store.Tx, c issuer.Changed) error {
	if !c.Erased() {
		return nil
	}
	var gone [][]byte
	err := tx.Scan([]byte(prefix(earned)), nil, func(k, v []byte) error {
		var l letter
		if err := store.UnsealJSON(k, v, &l); err != nil {
			return err
		}
		if l.Credential == c.Record.ID {
			gone = append(gone, bytes.Clone(k))
		}
		return nil
	})
	for _, k := range gone {
		if err == nil {
			err = tx.Delete(k)
		}
	}
	return err
}

// hurry lets what is due be looked for now.
func (o *Outbox) hurry() {
	select {
	case o.kick <- struct{}{}:
	default:
	}
}
