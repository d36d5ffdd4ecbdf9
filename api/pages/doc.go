// Package pages writes the HTML that people see: a badge and its verdict, the
// start page, what can be earned, who issues, and what went wrong.
//
// It knows no HTTP and decides nothing: it is given a report and addresses, and
// writes to an io.Writer. Every text of a stranger is escaped by html/template;
// the only markup that is let through is Markdown that was cleaned against a
// list of what is allowed. The pages have no inline script, no inline style and no
// foreign resource, so that the strictest content security policy fits; the
// start page has one script of ours, which it works without. A page
// shows every signed member of a badge, and says of a document whose proof did
// not hold that nothing in it is proven.
//
// Start at New and Verification.
package pages
