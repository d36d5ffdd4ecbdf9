package fetch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// fetch asks for u, and for where it is sent on, until there is an answer.
func (c *Client) fetch(ctx context.Context, r Request, u *url.URL) answer {
	fresh := maxFresh
	for hops := 0; ; hops++ {
		a, next, err := c.ask(ctx, r, u)
		switch {
		case errors.Is(err, Busy), errors.Is(err, Canceled):
			return answer{err: err} // not the address's fault: not kept
		case err == nil && next != nil && hops < c.cfg.MaxRedirects:
			u, fresh = next, min(fresh, a.fresh)
			continue
		case err == nil && next != nil:
			err = &Error{Kind: Redirect, Err: fmt.Errorf("more than %d", c.cfg.MaxRedirects)}
		}
		if err != nil {
			return answer{err: err, fresh: failureFresh}
		}
		a.fresh = min(fresh, a.fresh)
		return a
	}
}

// ask makes one request. It returns an answer, or where to ask next.
func (c *Client) ask(ctx context.Context, r Request, u *url.URL) (answer, *url.URL, error) {
	release, err := c.slots.Take(ctx, c.gate.hostPort(u), 1)
	if err != nil {
		return answer{}, nil, &Error{Kind: Busy, Err: err}
	}
	defer release()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return answer{}, nil, &Error{Kind: Blocked, Err: errors.New("malformed address")}
	}
	req.Header.Set("User-Agent", "laurel")
	req.Header.Set("Accept-Encoding", "identity")
	if r.Accept != "" {
		req.Header.Set("Accept", r.Accept)
	}
	// The transport, not http.Client: no cookie jar, no redirects of its own,
	// no Referer.
	resp, err := c.lane(u).RoundTrip(req)
	if err != nil {
		return answer{}, nil, &Error{Kind: kindOf(err), Err: err}
	}
	defer resp.Body.Close()
	a := answer{contentType: resp.Header.Get("Content-Type"), fresh: freshness(resp.Header)}
	if isRedirect(resp.StatusCode) {
		next, err := c.next(r, u, resp)
		return a, next, err
	}
	a.body, err = readBody(resp, r.MaxBytes)
	return a, nil, err
}

func isRedirect(code int) bool {
	switch code {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther,
		http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return true
	}
	return false
}

// next is where a redirect leads, if we may go there.
func (c *Client) next(r Request, u *url.URL, resp *http.Response) (*url.URL, error) {
	if !r.Follow {
		return nil, &Error{Kind: Redirect, Code: resp.StatusCode}
	}
	to, err := u.Parse(resp.Header.Get("Location"))
	if err != nil || resp.Header.Get("Location") == "" {
		return nil, &Error{Kind: Redirect, Code: resp.StatusCode, Err: errors.New("no usable Location")}
	}
	if to.Scheme != u.Scheme {
		return nil, &Error{Kind: Redirect, Code: resp.StatusCode, Err: fmt.Errorf("to scheme %.20q", to.Scheme)}
	}
	to, err = c.gate.parse(to.String())
	if err != nil {
		return nil, &Error{Kind: Blocked, Err: fmt.Errorf("redirect: %w", err)}
	}
	return to, nil
}

func readBody(resp *http.Response, maxBytes int64) ([]byte, error) {
	if resp.StatusCode != http.StatusOK {
		return nil, &Error{Kind: Status, Code: resp.StatusCode}
	}
	// We asked for no coding; to inflate one all the same would make the bound
	// on the body a bound on something else.
	if coding := resp.Header.Get("Content-Encoding"); coding != "" && !strings.EqualFold(coding, "identity") {
		return nil, &Error{Kind: Unreachable, Err: fmt.Errorf("content coding %.20q that was not asked for", coding)}
	}
	if resp.ContentLength > maxBytes {
		return nil, &Error{Kind: TooLarge, Err: fmt.Errorf("%d bytes announced, %d allowed", resp.ContentLength, maxBytes)}
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBytes+1))
	switch {
	case err != nil:
		return nil, &Error{Kind: kindOf(err), Err: fmt.Errorf("reading body: %w", err)}
	case int64(len(body)) > maxBytes:
		return nil, &Error{Kind: TooLarge, Err: fmt.Errorf("more than %d bytes", maxBytes)}
	}
	return body, nil
}

// freshness is how long the server lets an answer be kept (RFC 9111, 4.2), cut
// to maxFresh, which also stands where it says nothing.
func freshness(h http.Header) time.Duration {
	fresh := maxFresh
	for _, directive := range strings.Split(strings.ToLower(strings.Join(h.Values("Cache-Control"), ",")), ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(directive), "=")
		switch name {
		case "no-store", "no-cache":
			return 0
		case "max-age":
			// Unreadable counts as stale (RFC 9111, 4.2.1).
			seconds, _ := strconv.ParseUint(strings.Trim(value, `"`), 10, 31)
			fresh = min(fresh, time.Duration(seconds)*time.Second)
		}
	}
	age, _ := strconv.ParseUint(h.Get("Age"), 10, 31)
	return max(0, fresh-time.Duration(age)*time.Second)
}
