package smtp_test

import (
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"strings"
	"testing"
	"time"

	"laurel/internal/porttest"
	"laurel/internal/smtp"
	"laurel/internal/smtp/smtptest"
)

const from = `"Example School" <badges@school.example>`

func message() smtp.Message {
	return smtp.Message{To: "ana@learner.example", Subject: "You have earned: Santé – 健康", Text: "Grüße\n.\nhttps://badges.example/c/" + strings.Repeat("x", 80) + "\n",
		HTML: "<p>Grüße</p>", ID: "0001@badges.example", Language: "fr", At: time.Now()}
}

func sender(t *testing.T, scheme string, s *smtptest.Server, roots *x509.CertPool) *smtp.Sender {
	t.Helper()
	user := smtptest.User + "@"
	if scheme == "smtp" {
		user = ""
	}
	out, err := smtp.New(smtp.Config{URL: scheme + "://" + user + s.Address, Password: smtptest.Password, From: from, RootCAs: roots, Timeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// A message arrives as it was written, encrypted but on the same machine, by each
// of the ways.
func TestDelivery(t *testing.T) {
	for scheme, options := range map[string]smtptest.Options{"smtps": {Implicit: true}, "smtp+starttls": {}, "smtp": {Plain: true}} {
		server := smtptest.New(t, options)
		if err := sender(t, scheme, server, server.Roots).Send(t.Context(), message()); err != nil {
			t.Fatalf("%s: %v", scheme, err)
		}
		got := server.Got()
		if len(got) != 1 || got[0].Encrypted != (scheme != "smtp") || (got[0].User != "") != (scheme != "smtp") || got[0].From != "badges@school.example" || got[0].To != "ana@learner.example" {
			t.Fatalf("%s: %+v", scheme, got)
		}
		read, err := mail.ReadMessage(strings.NewReader(got[0].Data))
		if err != nil {
			t.Fatal(err)
		}
		subject, err := new(mime.WordDecoder).DecodeHeader(read.Header.Get("Subject"))
		if err != nil || subject != message().Subject {
			t.Errorf("%q %v", subject, err)
		}
		for name, want := range map[string]string{"Auto-Submitted": "auto-generated", "Message-Id": "<0001@badges.example>", "Content-Language": "fr", "From": from, "To": "<ana@learner.example>"} {
			if got := read.Header.Get(name); got != want {
				t.Errorf("%s: %s is %q", scheme, name, got)
			}
		}
		if read.Header.Get("List-Unsubscribe") != "" || read.Header.Get("User-Agent")+read.Header.Get("X-Mailer") != "" {
			t.Errorf("%v", read.Header)
		}
		forms := parts(t, read)
		if forms["text/plain"] != message().Text || forms["text/html"] != message().HTML {
			t.Errorf("%q", forms)
		}
	}
}

func parts(t *testing.T, m *mail.Message) map[string]string {
	t.Helper()
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		t.Fatalf("%s %v", kind, err)
	}
	all := map[string]string{}
	for r := multipart.NewReader(m.Body, params["boundary"]); ; {
		part, err := r.NextRawPart()
		if errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		kind, _, _ := mime.ParseMediaType(part.Header.Get("Content-Type"))
		raw, err := io.ReadAll(quotedprintable.NewReader(part))
		if err != nil {
			t.Fatal(err)
		}
		all[kind] = strings.ReplaceAll(string(raw), "\r\n", "\n")
	}
}

// A server that is not the one it should be, or that does not encrypt, is told
// nothing, the password least of all.
func TestServersThatAreNotTrusted(t *testing.T) {
	for name, c := range map[string]struct {
		scheme  string
		options smtptest.Options
		roots   bool
		said    string
	}{
		"unknown root":            {"smtps", smtptest.Options{Implicit: true}, false, "its certificate is not trusted: x509: certificate signed by unknown authority"},
		"unknown root, STARTTLS":  {"smtp+starttls", smtptest.Options{}, false, "its certificate is not trusted: x509: certificate signed by unknown authority"},
		"another name":            {"smtps", smtptest.Options{Implicit: true, Name: "other.example"}, true, "its certificate is not trusted: x509: cannot validate certificate for 127.0.0.1"},
		"another name, STARTTLS":  {"smtp+starttls", smtptest.Options{Name: "other.example"}, true, "its certificate is not trusted: x509: cannot validate certificate for 127.0.0.1"},
		"no encryption":           {"smtp+starttls", smtptest.Options{Plain: true}, true, "it speaks no SMTP that is encrypted"},
		"no encryption, implicit": {"smtps", smtptest.Options{Plain: true}, true, "it does not speak TLS at once"},
	} {
		server := smtptest.New(t, c.options)
		roots := x509.NewCertPool()
		if c.roots {
			roots = server.Roots
		}
		if err := sender(t, c.scheme, server, roots).Send(t.Context(), message()); !errors.Is(err, smtp.ErrUnreachable) || !strings.Contains(err.Error(), c.said) || len(server.Got()) != 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What a server says is told by its kind and its number alone.
func TestRefusals(t *testing.T) {
	server := smtptest.New(t, smtptest.Options{Implicit: true})
	out := sender(t, "smtps", server, server.Roots)
	for code, want := range map[int]error{550: smtp.ErrRefused, 553: smtp.ErrRefused, 450: smtp.ErrLater, 452: smtp.ErrLater} {
		server.Refuse(func(to string) error { return smtptest.Said(code, "<"+to+"> is unknown here") })
		err := out.Send(t.Context(), message())
		if !errors.Is(err, want) || strings.Contains(err.Error(), "learner") || strings.Contains(err.Error(), "ana@") {
			t.Errorf("%d: %v", code, err)
		}
	}
	server.Refuse(nil)
	if err := out.Send(t.Context(), message()); err != nil {
		t.Errorf("afterwards: %v", err)
	}
	wrong, err := smtp.New(smtp.Config{URL: "smtps://" + smtptest.User + "@" + server.Address, Password: "guess", From: from, RootCAs: server.Roots})
	if err != nil {
		t.Fatal(err)
	}
	if err := wrong.Send(t.Context(), message()); !errors.Is(err, smtp.ErrUnreachable) || !strings.Contains(err.Error(), "does not take this user and password") || strings.Contains(err.Error(), "guess") || strings.Contains(err.Error(), smtptest.User) {
		t.Errorf("wrong password: %v", err)
	}
}

// Nothing that is written into a message makes another header, command or
// recipient of itself.
func TestInjection(t *testing.T) {
	server := smtptest.New(t, smtptest.Options{Implicit: true})
	out := sender(t, "smtps", server, server.Roots)
	for _, to := range []string{"", "ana", "ana@learner.example\r\nBcc: eve@evil.example", "ana@learner.example\nRCPT TO:<eve@evil.example>", "ana@learner.example, eve@evil.example",
		"Ana <ana@learner.example>", "<ana@learner.example>", "ana@learner.example\x00", " ana@learner.example", "ana@learner.example\u2028x", strings.Repeat("a", 250) + "@learner.example"} {
		m := message()
		m.To = to
		if err := out.Send(t.Context(), m); !errors.Is(err, smtp.ErrRefused) || smtp.CheckAddress(to) == nil {
			t.Errorf("%q: %v", to, err)
		}
	}
	for _, line := range []string{"Hello\r\nBcc: eve@evil.example", "Hello\nX: y", "\x00"} {
		m := message()
		m.Subject = line
		if err := out.Send(t.Context(), m); !errors.Is(err, smtp.ErrRefused) {
			t.Errorf("%q: %v", line, err)
		}
	}
	if n := len(server.Got()); n != 0 {
		t.Errorf("%d were sent", n)
	}
}

func TestSettings(t *testing.T) {
	for _, c := range []smtp.Config{
		{URL: "", From: from}, {URL: "smtps://", From: from}, {URL: "http://mail.example", From: from}, {URL: "smtp://mail.example", From: from},
		{URL: "smtp://laurel@127.0.0.1", From: from}, {URL: "smtps://laurel:secret@mail.example", From: from}, {URL: "smtps://mail.example/x", From: from},
		{URL: "smtps://mail.example?x=1", From: from}, {URL: "smtps://mail.example", From: ""}, {URL: "smtps://mail.example", From: "x"},
		{URL: "smtps://mail.example", From: "a@b.example, c@d.example"}, {URL: "smtps://mail.example", From: "\"A\nB\" <a@b.example>"}, {URL: "smtps://mail.example:99999", From: from},
	} {
		if _, err := smtp.New(c); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%+v: %v", c, err)
		}
	}
	for _, u := range []string{"smtps://mail.example", "smtp+starttls://laurel@mail.example", "smtps://badges%40school.example@mail.example:4465", "smtp://127.0.0.1:25", "smtp://[::1]"} {
		if _, err := smtp.New(smtp.Config{URL: u, From: from}); err != nil {
			t.Errorf("%s: %v", u, err)
		}
	}
}

// What is in the way of a session is told, since somebody can do something about it.
func TestWhatIsInTheWay(t *testing.T) {
	for _, c := range []struct {
		at, scheme string
		timeout    time.Duration
		said       string
	}{
		{porttest.Address(t), "smtps", time.Minute, "no connection: connect: connection refused"},
		{listen(t, nil), "smtps", time.Second, "it did not answer in time"},
		{listen(t, func(c net.Conn) { c.Close() }), "smtp+starttls", time.Minute, "it broke the connection off"},
		{listen(t, func(c net.Conn) { fmt.Fprint(c, "554 not for "+smtptest.User+"\r\n"); c.Close() }), "smtp+starttls", time.Minute, "it takes no session (554)"},
	} {
		out, err := smtp.New(smtp.Config{URL: c.scheme + "://" + c.at, From: from, Timeout: c.timeout})
		if err != nil {
			t.Fatal(err)
		}
		if err := out.Send(t.Context(), message()); !errors.Is(err, smtp.ErrUnreachable) || !strings.HasSuffix(err.Error(), c.said) {
			t.Errorf("%s: %v", c.said, err)
		}
	}
}

// listen takes connections and does that with each.
func listen(t *testing.T, each func(net.Conn)) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	if each != nil {
		go func() {
			for {
				conn, err := l.Accept()
				if err != nil {
					return
				}
				each(conn)
			}
		}()
	}
	return l.Addr().String()
}
