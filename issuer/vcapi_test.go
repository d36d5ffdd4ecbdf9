package issuer_test

import "testing"

func vcAPI(t *testing.T, p *place) {}
