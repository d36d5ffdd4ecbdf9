// Package certificate puts a badge on paper: a PDF of one page, A4 or Letter, with
// the signed badge attached to it.
//
// It shows what is signed, how the badge stands, and where that is checked: a QR
// code, and a printed code for people without a camera. Paper cannot be taken
// back, so what must not pass for good is not put on it at all (ErrOutOfForce);
// what is over, has not begun, is under review or but a trial says so across the
// page. The attached badge is the stored bytes as they are, so that the file can be
// checked itself.
//
// Equal cards give equal bytes within one build, and however long the texts of a
// badge are, the page is one and the work is bounded.
//
// Start at Write.
package certificate
