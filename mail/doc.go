// Package mail tells people of their badges by e-mail: of one that they have
// earned, and of all of them when they have lost the links.
//
// What is to be told is written down in the Update of what causes it, and sent at
// least once afterwards: what a crash interrupts is sent again, under the same
// Message-ID. An address lies in the store sealed, until its letter is delivered
// or given up, or the person is erased; nothing else is kept of it, and no log
// has it. What a letter says is read from the register when it is sent.
//
// Start at New; letter.go has what is written.
package mail
