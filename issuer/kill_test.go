package issuer_test

const childEnv = "ISSUER_TEST_CHILD"

func childIssues() error { return nil }
