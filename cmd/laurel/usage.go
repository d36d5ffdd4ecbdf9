package main

const usage = `Laurel issues and verifies Open Badges 3.0 credentials.

Usage: laurel COMMAND [flags]

  demo        start a service with invented courses, people and badges
  init        make a data folder: store, keys and the first issuer
  serve       run the service on a data folder
  config      check the settings that serve would start with
  issue       issue one badge from a JSON request
  revoke      withdraw a badge for good
  verify      check a badge in a file, at an address, or on standard input (-)
  bundle      keep a badge with all that verifying it takes, for verify --offline
  keys        list, create, rotate, activate, retire, revoke and export-public signing keys; test makes a test issuer
  token       create, list and revoke API tokens
  programme   load and list courses and workshops, take in lists of people or take
              them back, release what was earned
  backup      copy store and keys into one file, also while the service runs
  archive     write all that is public into a folder, for any web server
  restore     make a data folder of a backup
  migrate     move the store from its file to PostgreSQL while the service runs, or back
  compact     take out of the store's file what was erased
  check       hold the store against itself: every badge, index and list
  clock       hold the clock against what is on record, or say that it is right
  audit       list the audit records, and verify the log that they form
  canon       print the canonical form of a document, or the member that has none
  health      ask the service on this machine whether it is ready
  version     print the version; --sbom: what the program is made of (CycloneDX)

` + "`laurel COMMAND --help`" + ` lists the flags of a command. Those that set up the
service can be given in the environment too: --base-url as LAUREL_BASE_URL, and
so on.

verify exits 0 for a badge that is valid, 1 for one that is not, 2 when it could
not tell, and 3 when it was called wrongly.
`
