package platform

import (
	"strings"
	"time"

	"laurel/internal/strictjson"
	"laurel/issuer"
	"laurel/programme/completion"
	"laurel/programme/facts"
)

const (
	xapiVerbs  = "http://adlnet.gov/expapi/verbs/"
	xapiCourse = "http://adlnet.gov/expapi/activities/course"
)

// xapi reads a statement of the Experience API (also of cmi5), as a learning
// record store forwards it. One about an activity within another is about a
// part of that other: its facts are the part's, and that it was passed says
// nothing of the whole.
func xapi(n *native) {
	n.ID = n.Required("/id", maxID)
	verb, known := strings.CutPrefix(n.Text("/verb/id", maxIRI), xapiVerbs)
	switch kind := n.Text("/object/objectType", maxWord); {
	case !known || verb != "passed" && verb != "failed" && verb != "completed", kind != "" && kind != "Activity":
		n.ignored = OtherEvent
		return
	case n.Text("/actor/objectType", maxWord) == "Group":
		n.ignored = NotAPerson
		return
	}
	n.OccurredAt = n.xapiTime()
	n.xapiActor()
	n.Activity = n.Required("/object/id", maxIRI)
	if course := n.xapiParent(); course != "" && n.Text("/object/definition/type", maxIRI) != xapiCourse {
		n.Activity, n.Part = course, n.Activity
	}
	var all *facts.Share // of what there is to go through; a score is never that
	if verb == "completed" || n.At("/result/completion").Bool() {
		all = &facts.Share{Got: facts.Whole(1), Of: facts.Whole(1), At: n.OccurredAt}
	}
	points := n.xapiScore()
	if n.Part != "" {
		if all != nil || points != nil {
			n.Facts.Parts = map[string]facts.Part{n.Part: {Visits: all, Points: points}}
		}
		return
	}
	n.Facts.Visits, n.Facts.Points = all, points
	if verb == "passed" || verb == "completed" && n.At("/result/success").Bool() {
		n.pass()
	}
}

// xapiTime is when it happened, or else when a store was told.
func (n *native) xapiTime() time.Time {
	if n.At("/timestamp").Exists() {
		return n.Time("/timestamp")
	}
	return n.Time("/stored")
}

func (n *native) xapiActor() {
	n.Learner.Name = n.Name("/actor/name")
	if mailbox, ok := strings.CutPrefix(n.Text("/actor/mbox", maxIRI), "mailto:"); ok {
		email, err := issuer.CheckEmail(mailbox)
		if err != nil || email == "" {
			n.Fault("email_invalid", "/actor/mbox", "Give one e-mail address, such as mailto:ana@example.org.")
		}
		n.Learner.Email = email
	}
	if sum := n.Text("/actor/mbox_sha1sum", maxID); sum != "" {
		n.Learner.ID = "mbox_sha1sum:" + sum
	}
	for _, at := range []string{"/actor/openid", "/actor/account/name"} {
		if id := n.Text(at, maxID); id != "" {
			n.Learner.ID = id
		}
	}
	if n.Learner.ID == "" && n.Learner.Email == "" && n.Err() == nil {
		n.Fault("required", "/actor", "Say who it is: by mbox, mbox_sha1sum, openid or account.")
	}
	// The language of a statement is a hint; one that is none is no reason to refuse it.
	n.Learner.Language, _ = completion.Language(n.At("/context/language").Text())
}

func (n *native) xapiParent() string {
	const parent = "/context/contextActivities/parent"
	if n.At(parent).Kind() == strictjson.Array {
		return n.Text(parent+"/0/id", maxIRI)
	}
	return n.Text(parent+"/id", maxIRI) // as version 1.0.0 allowed
}

// xapiScore is raw of max, exactly; or scaled, where the lowest score is not 0.
// A score below nothing is none.
func (n *native) xapiScore() *facts.Share {
	const score = "/result/score/"
	least, _ := facts.ParseNumber(n.At(score + "min").Raw())
	fromZero := !n.At(score+"min").Exists() || least.Cmp(facts.Number{}) == 0 && !strings.HasPrefix(n.At(score+"min").Raw(), "-")
	at := score + "scaled"
	if fromZero && n.At(score+"raw").Exists() && n.At(score+"max").Exists() {
		at = score + "raw"
	}
	if strings.HasPrefix(n.At(at).Raw(), "-") {
		return nil
	}
	if at == score+"raw" {
		return n.share(at, score+"max")
	}
	if scaled, ok := n.number(at); ok {
		return &facts.Share{Got: scaled, Of: facts.Whole(1), At: n.OccurredAt}
	}
	return nil
}
