// Package smtp hands single messages to a mail server (RFC 5321, RFC 8314).
//
// It encrypts and checks the server's certificate always, but for a server on
// this machine; it puts each message to one person, and it tells no error that
// could have an address in it. It keeps nothing and tries nothing twice.
//
// Start at New.
package smtp

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	netmail "net/mail"
	"net/textproto"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"

	gomail "github.com/wneessen/go-mail"
)

// The conditions that callers tell apart, by errors.Is.
var (
	// ErrRefused: the server does not take this message, today or tomorrow.
	ErrRefused = errors.New("smtp: refused for good")
	// ErrLater: the server does not take this message now.
	ErrLater = errors.New("smtp: not taken now")
	// ErrUnreachable: nothing can be handed over; it is not about the message.
	ErrUnreachable = errors.New("smtp: the server cannot be used")
)

// Config says where messages go and from whom they come.
type Config struct {
	// URL is smtps://user@host:465, or smtp+starttls://user@host:587; without a
	// user nobody logs in. smtp://host:25 is not encrypted, and is for servers on
	// loopback addresses.
	URL      string
	Password string
	From     string         // one address, with a name or without
	RootCAs  *x509.CertPool // nil: those of the system
	Timeout  time.Duration  // of all that is done for one message; default 30 s
}

// Sender hands messages over. It is safe for concurrent use.
type Sender struct {
	host    string
	options []gomail.Option
	from    *netmail.Address
	timeout time.Duration
}

// Message is one message to one person.
type Message struct {
	To         string // bare address
	Subject    string
	Text, HTML string    // the same in both forms
	ID         string    // without angle brackets; the same each time that it is tried
	Language   string    // BCP 47
	At         time.Time // when it was written
}

// New makes a Sender. The error says what is wrong in cfg.
func New(cfg Config) (*Sender, error) {
	from, err := netmail.ParseAddress(cfg.From)
	if err != nil || CheckAddress(from.Address) != nil || strings.ContainsFunc(from.Name, unicode.IsControl) {
		return nil, fmt.Errorf("%q is no address that mail can come from, such as \"Example School <badges@example.org>\"", cfg.From)
	}
	u, err := url.Parse(cfg.URL)
	if err != nil || u.Hostname() == "" || strings.TrimPrefix(u.Path, "/") != "" || u.RawQuery != "" {
		return nil, errors.New("the mail server is written smtps://user@host:465 or smtp+starttls://user@host:587")
	}
	if _, inside := u.User.Password(); inside {
		return nil, errors.New("the password of the mail server does not stand in its address; give a file with it")
	}
	if cfg.Timeout <= 0 {
		cfg.Timeout = 30 * time.Second
	}
	options, err := options(u, cfg)
	if err != nil {
		return nil, err
	}
	if _, err := gomail.NewClient(u.Hostname(), options...); err != nil {
		return nil, fmt.Errorf("the mail server: %w", err)
	}
	return &Sender{host: u.Hostname(), options: options, from: from, timeout: cfg.Timeout}, nil
}

// ports are those of the schemes (RFC 8314 section 3).
var ports = map[string]int{"smtps": 465, "smtp+starttls": 587, "smtp": 25}

func options(u *url.URL, cfg Config) ([]gomail.Option, error) {
	port, known := ports[u.Scheme]
	if !known {
		return nil, fmt.Errorf("the mail server is reached by smtps or smtp+starttls, not by %q", u.Scheme)
	}
	if u.Port() != "" {
		port, _ = strconv.Atoi(u.Port()) // url.Parse lets digits through alone
	}
	list := []gomail.Option{gomail.WithPort(port), gomail.WithTimeout(cfg.Timeout),
		gomail.WithTLSConfig(&tls.Config{ServerName: u.Hostname(), RootCAs: cfg.RootCAs, MinVersion: tls.VersionTLS12})}
	switch u.Scheme {
	case "smtps":
		list = append(list, gomail.WithSSL())
	case "smtp":
		if ip := net.ParseIP(u.Hostname()); ip == nil || !ip.IsLoopback() || u.User != nil {
			return nil, errors.New("smtp without encryption is for a server at a loopback address such as 127.0.0.1, and without a user")
		}
		return append(list, gomail.WithTLSPolicy(gomail.NoTLS)), nil
	}
	if user := u.User.Username(); user != "" {
		list = append(list, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover), gomail.WithUsername(user), gomail.WithPassword(cfg.Password))
	}
	return append(list, gomail.WithTLSPolicy(gomail.TLSMandatory)), nil
}

// CheckAddress refuses what is not one bare address in one line.
func CheckAddress(address string) error {
	parsed, err := netmail.ParseAddress(address)
	if err != nil || parsed.Address != address || parsed.Name != "" || len(address) > 254 ||
		strings.ContainsFunc(address, func(r rune) bool { return unicode.IsControl(r) || unicode.IsSpace(r) || !unicode.IsPrint(r) }) {
		return errors.New("smtp: not one e-mail address")
	}
	return nil
}

// Send hands a message over, once. Without an error the server has it. The errors
// are ErrRefused, ErrLater and ErrUnreachable, with the number that the server
// gave and nothing else of what it said, which may hold the address; one of
// ErrUnreachable says what is in the way, since somebody can act on it.
func (s *Sender) Send(ctx context.Context, m Message) error {
	msg, err := s.compose(m)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	client, err := gomail.NewClient(s.host, s.options...)
	if err != nil {
		return ErrUnreachable
	}
	if err := client.DialWithContext(ctx); err != nil {
		return fmt.Errorf("%w: %s", ErrUnreachable, inTheWay(err))
	}
	defer client.Close() // that the server has not said goodbye changes nothing
	if err := client.Send(msg); err != nil {
		return told(err)
	}
	return nil
}

// inTheWay says why there is no session with the server, in words of our own, of Go's
// network, and for a certificate of the names in it: what a server says may repeat the
// user that it was told.
func inTheWay(err error) string {
	var (
		name        *net.DNSError
		certificate *tls.CertificateVerificationError
		notTLS      tls.RecordHeaderError
		said        *textproto.Error
		network     *net.OpError
		timeout     net.Error
	)
	switch {
	case errors.As(err, &name) && name.IsNotFound:
		return "its name is not found"
	case errors.As(err, &name):
		return "its name could not be looked up"
	case errors.As(err, &certificate):
		return fmt.Sprintf("its certificate is not trusted: %.200s", certificate.Err)
	case errors.As(err, &notTLS):
		return "it does not speak TLS at once; smtp+starttls:// may be meant"
	case errors.As(err, &said) && said.Code == authenticationFailed:
		return "it does not take this user and password (535)"
	case errors.As(err, &said):
		return fmt.Sprintf("it takes no session (%d)", said.Code)
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return "it did not answer in time"
	case errors.As(err, &network) && network.Op == "dial":
		return "no connection: " + network.Err.Error()
	case errors.Is(err, context.Canceled):
		return "there was no more time to ask"
	case errors.As(err, &network), errors.Is(err, io.EOF):
		return "it broke the connection off"
	default: // go-mail's own errors: no STARTTLS, no AUTH, a greeting that is none
		return "it speaks no SMTP that is encrypted and takes a password"
	}
}

// authenticationFailed is the number of RFC 4954 section 6 for a wrong user or password.
const authenticationFailed = 535

// told keeps the number of what a server said.
func told(err error) error {
	var e *gomail.SendError
	if !errors.As(err, &e) {
		return ErrLater
	}
	switch code := e.ErrorCode(); {
	case e.Reason == gomail.ErrConnCheck || e.Reason == gomail.ErrSMTPMailFrom:
		return fmt.Errorf("%w: %d", ErrUnreachable, code)
	case code >= 500 && code <= 599 && !e.IsTemp():
		return fmt.Errorf("%w: %d", ErrRefused, code)
	default:
		return fmt.Errorf("%w: %d", ErrLater, code)
	}
}

func (s *Sender) compose(m Message) (*gomail.Msg, error) {
	if err := CheckAddress(m.To); err != nil {
		return nil, fmt.Errorf("%w: its address is none", ErrRefused)
	}
	if strings.ContainsFunc(m.Subject+m.ID+m.Language, unicode.IsControl) {
		return nil, fmt.Errorf("%w: a header has several lines", ErrRefused)
	}
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	msg.FromMailAddress(s.from)
	msg.ToMailAddress(&netmail.Address{Address: m.To})
	msg.Subject(m.Subject)
	msg.SetMessageIDWithValue(m.ID)
	msg.SetDateWithValue(m.At)
	msg.SetGenHeader(gomail.Header("Auto-Submitted"), "auto-generated") // RFC 3834: nobody answers it by a program
	msg.SetGenHeader(gomail.Header("Content-Language"), m.Language)
	msg.SetBodyString(gomail.TypeTextPlain, m.Text)
	msg.AddAlternativeString(gomail.TypeTextHTML, m.HTML)
	return msg, nil
}
