package badges_test

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"laurel/api/badges"
	"laurel/api/wire"
	"laurel/badge"
	"laurel/issuer"
)

func TestParseAward(t *testing.T) {
	a, err := badges.ParseAward([]byte(`{"achievement":"healthy-city","edition":"-","recipient":{"name":"Ana","email":"ana@learner.example","did":null},
		"awardedAt":"2025-07-11","activity":{"start":"2025-07-01","end":"2025-07-10T12:00:00Z"},"creditsEarned":1.5,"onDuplicate":"reject"}`))
	if err != nil {
		t.Fatal(err)
	}
	if a.Achievement != "healthy-city" || a.Edition != "" || a.Recipient.Name != "Ana" || a.Recipient.DID != "" || *a.CreditsEarned != 1.5 ||
		a.OnDuplicate != issuer.RejectDuplicate || !a.AwardedAt.Equal(time.Date(2025, 7, 11, 0, 0, 0, 0, time.UTC)) ||
		!a.ActivityEnd.Equal(time.Date(2025, 7, 10, 12, 0, 0, 0, time.UTC)) || a.Idempotency != nil || a.Actor != "" {
		t.Errorf("%+v", a)
	}
	for body, code := range map[string]wire.Code{
		`{"achievement":"x","achievement":"y"}`: wire.DuplicateMember, `{"idempotencyKey":"k"}`: wire.UnknownMember, `nonsense`: wire.MalformedJSON, `{"achievement":{"name":1}}`: wire.WrongType,
	} {
		var f *wire.Fault
		if _, err := badges.ParseAward([]byte(body)); !errors.As(err, &f) || f.Code != code {
			t.Errorf("%s: %v, want %s", body, err, code)
		}
	}
	var faults badge.Errors
	if _, err := badges.ParseAward([]byte(`{"awardedAt":"1 July","validUntil":"2 July"}`)); !errors.As(err, &faults) || len(faults) != 2 {
		t.Errorf("%v", err)
	}
}

func TestAnswer(t *testing.T) {
	at := time.Date(2025, 7, 11, 0, 0, 0, 0, time.UTC)
	raw, err := badges.Answer("https://badges.example", &issuer.Issued{Existing: true, Record: &issuer.Record{ID: "0123456789012345678901", Status: issuer.Active,
		AwardedAt: at, IssuedAt: at, Document: []byte(`{"a":"<b>"}`)}}, "claim")
	if err != nil {
		t.Fatal(err)
	}
	var b struct {
		ID, VerifyURL, ClaimURL string
		Duplicate               bool
		Credential              json.RawMessage
		Code                    string
	}
	if err := json.Unmarshal(raw, &b); err != nil {
		t.Fatal(err)
	}
	if b.VerifyURL != "https://badges.example/v/0123456789012345678901" || !b.Duplicate || string(b.Credential) != `{"a":"<b>"}` || b.Code != issuer.PrintedCode(b.ID) || b.ClaimURL != "https://badges.example/c/claim" {
		t.Errorf("%s", raw)
	}
}
