package load

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// achievement and award make a badge of the size and the parts of the badge that
// the other benchmarks use.
const achievement = `{"issuer":"academy","achievementType":"Certificate","inLanguage":"en","version":"2026.2",
"name":"Data Engineering Foundations","description":%q,
"criteria":"Complete twelve modules, score at least **70%%** on each lab, and present a capstone reviewed by two instructors.",
"fieldOfStudy":"Computer Science","humanCode":"CS-DE-101","tag":["data","engineering","pipelines","sql"],"creditsAvailable":4.5,"results":"score",
"alignment":[{"targetName":"Data pipelines","targetUrl":"https://credentialfinder.example/competency/ce-97b2a1d0-pipelines","targetFramework":"National Data Skills Framework","targetCode":"NDSF-3.2","targetType":"ceasn:Competency"},
{"targetName":"Database design","targetUrl":"https://credentialfinder.example/competency/ce-0c33f6a2-design","targetType":"CTDL","targetDescription":"Designs normalised relational schemas"}],
"resultDescription":[{"id":"score","name":"Final score","resultType":"Percent","valueMin":"0","valueMax":"100","requiredValue":"70"},
{"id":"status","name":"Status","resultType":"Status","allowedValue":["Enrolled","InProgress","Completed"]}]}`

const award = `{"achievement":"data-engineering-foundations","edition":"Fall 2026","awardedAt":"2026-06-30T12:00:00Z","validUntil":"2036-06-30T12:00:00Z","role":"Learner",
"recipient":{"name":"Participant 01","email":"participant.%[1]s.%[2]d@learner.example","externalId":"%[1]s-%[2]d"},
"activity":{"start":"2026-03-30T12:00:00Z","end":"2026-06-30T12:00:00Z"},
"narrative":"Completed all twelve modules, four graded labs and a capstone project with distinction.",
"evidence":[{"id":"https://badges.example.edu/evidence/capstone-9981","name":"Capstone project","narrative":"A streaming pipeline for campus transit data.","genre":"Project","audience":"Instructors"}],
"results":[{"resultDescription":"score","value":"94"},{"resultDescription":"status","status":"Completed"}]}`

// Define puts the achievement of Award into a Laurel.
func (p *Process) Define() error {
	text := "Design, build and operate batch and streaming data pipelines. " + strings.Repeat("Twelve weeks, four graded labs, one capstone. ", 6)
	_, err := p.Ask(Request{Method: "PUT", Path: "/v1/achievements/data-engineering-foundations", Token: p.Token, Body: fmt.Appendf(nil, achievement, text)})
	return err
}

// Award asks for a badge for the n-th person of a round.
func (p *Process) Award(round string, n int) Request {
	return Request{Method: "POST", Path: "/v1/credentials", Token: p.Token, Body: fmt.Appendf(nil, award, round, n)}
}

// Verify asks about a badge.
func Verify(badge []byte) Request {
	return Request{Method: "POST", Path: "/v1/verify", Body: badge}
}

// Issue makes one badge and returns its id and its signed bytes.
func (p *Process) Issue(round string, n int) (id string, badge []byte, err error) {
	body, err := p.Ask(p.Award(round, n))
	if err != nil {
		return "", nil, err
	}
	return Issued(body)
}

// Issued is the id and the signed bytes out of the answer to an Award.
func Issued(answer []byte) (id string, badge []byte, err error) {
	var issued struct {
		ID         string          `json:"id"`
		Credential json.RawMessage `json:"credential"`
	}
	err = json.Unmarshal(answer, &issued)
	return issued.ID, issued.Credential, err
}

// Ask sends one request on a connection of its own.
func (p *Process) Ask(r Request) (body []byte, err error) {
	conn, err := Dial(p.Address)
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close() }() // the answer is there
	a, err := conn.Do(r)
	if err != nil {
		return nil, err
	}
	if a.Status/100 != 2 {
		return nil, fmt.Errorf("%s %s: %d %s", r.Method, r.Path, a.Status, a.Body)
	}
	return bytes.Clone(a.Body), nil
}

// Unsigned takes the proof out of a badge, for services that sign what they get.
func Unsigned(badge []byte) ([]byte, error) {
	var m map[string]json.RawMessage
	if err := json.Unmarshal(badge, &m); err != nil {
		return nil, err
	}
	delete(m, "proof")
	return json.Marshal(m)
}
