// Package api is the HTTP face of the service: the routes, who may use them,
// and how every error looks from outside. It is the only importer of gin, and
// nothing of gin goes further down: handlers are plain functions of net/http
// that return an error.
//
// It decides nothing about badges. It refuses callers that come under another
// host name, without a token where one is needed, too often or with too much,
// and it says nothing of our insides to anybody.
//
// Start at New and the route table in routes.go; problem.go has the one table
// of errors.
package api
