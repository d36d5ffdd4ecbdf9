package fetch

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"time"
)

// Check tells whether an address may be asked, as far as its spelling tells: a
// *Error of the kind Blocked. What its name leads to is judged when it is
// dialled.
func (c *Client) Check(url string) error {
	if _, err := c.gate.parse(url); err != nil {
		return &Error{URL: url, Kind: Blocked, Err: err}
	}
	return nil
}

// Post sends a body, once, under the same checks as every fetch, and returns the
// status of the answer, whatever it is: a redirect is not followed. The answer's
// body is not read, and nothing is kept. Config.Timeout begins when it is this
// request's turn, and it is Busy where ctx leaves less. Errors are of type
// *Error; Busy stands for a request that was not sent, and Canceled may.
func (c *Client) Post(ctx context.Context, url string, header map[string]string, body []byte) (status int, err error) {
	status, err = c.post(ctx, url, header, body)
	c.counters.asked(err)
	return status, err
}

func (c *Client) post(ctx context.Context, url string, header map[string]string, body []byte) (status int, err error) {
	u, err := c.gate.parse(url)
	if err != nil {
		return 0, &Error{URL: url, Kind: Blocked, Err: err}
	}
	release, err := c.slots.Take(ctx, c.gate.hostPort(u), 1)
	if err != nil {
		return 0, &Error{URL: url, Kind: Busy, Err: err}
	}
	defer release()
	if end, ends := ctx.Deadline(); ends && time.Until(end) < c.cfg.Timeout {
		return 0, &Error{URL: url, Kind: Busy, Err: errors.New("the turn came too late")}
	}
	ctx, cancel := context.WithTimeout(ctx, c.cfg.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), bytes.NewReader(body))
	if err != nil {
		return 0, &Error{URL: url, Kind: Blocked, Err: errors.New("malformed address")}
	}
	req.Header.Set("User-Agent", "laurel")
	req.Header.Set("Accept-Encoding", "identity")
	for name, value := range header {
		req.Header.Set(name, value)
	}
	resp, err := c.lane(u).RoundTrip(req)
	if err != nil {
		return 0, &Error{URL: url, Kind: kindOf(err), Err: err}
	}
	_ = resp.Body.Close()
	return resp.StatusCode, nil
}
