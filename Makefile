# What CI runs is .ci/run; these are the same things by hand, and the long ones.

FUZZTIME ?= 10m
BENCH ?= .
FROM ?= $(shell date +%s)
COUNT ?= 10000
ORDERS ?= 3000
CLIENTS ?= 4000
SECONDS ?= 60
SOAK ?= 20m
WARM ?= 9m
KILLS ?= 200
MOVES ?= 48
MUTATIONS ?= 400
AWARDS ?= 1000000
FAULTS ?= 5

help: ## list the targets
	@sed -n 's/^\([a-z0-9-]*\):.*## /\1\t/p' Makefile | expand -t 12

build: ## the program, static
	CGO_ENABLED=0 go build -trimpath -buildvcs=false -o dist/laurel ./cmd/laurel

demo: ## a service with invented badges
	go run ./cmd/laurel demo

test: ## the tests
	go test ./...

race: ## the tests with the race detector, in another order each time
	go test -race -count=1 -shuffle=on ./...

lint: ## linters and the layers of the house
	.ci/run lint

interop: ## other people's verifiers, zbar and Chromium
	.ci/run packages interop

ci: ## everything that has to hold before a change lands
	.ci/run

fuzz-long: ## every fuzz target for FUZZTIME
	FUZZTIME=$(FUZZTIME) .ci/run fuzz

canon-long: ## COUNT generated documents of each sort, twice as many with contexts inline, from seed FROM, against npm jsonld and rdf-canonize
	npm ci --prefix interop --loglevel=error
	mkdir -p artifacts
	go run ./interop/canon/lines -count $(COUNT) -inline $$((2 * $(COUNT))) -tangled $$(($(COUNT) / 2)) -from $(FROM) > artifacts/lines
	node interop/canon/compare.mjs artifacts/lines

rdf-canon: ## the W3C tests of RDFC-1.0, in the folder that RDF_CANON_TESTS names
	go test -count=1 -tags rdfcanon -run W3C -v ./badge/canon/rdfc

w3c-suites: build ## the suites of the W3C and the CCG over HTTP, in the folder that W3C_SUITES names
	node interop/w3c/run.mjs dist/laurel $(W3C_SUITES)

wycheproof: ## C2SP's vectors for signatures, in the folder that WYCHEPROOF names
	go test -count=1 -tags wycheproof -run Wycheproof -v ./keys ./badge/proof

json-ld: ## the W3C tests of JSON-LD to RDF, in the folder that JSON_LD_TESTS names
	go test -count=1 -tags jsonldtests -run '^TestW3C$$' -v ./badge/canon

json-bodies: ## JSONTestSuite, in the folder that JSON_TEST_SUITE names, read and sent to a demo
	go test -count=1 -tags jsontestsuite -run JSONTestSuite -v ./internal/strictjson ./cmd/laurel

order-long: ## ORDERS shuffles of the course's events by one and by eight clients, half of them on a store that fails now and then, and of corrections
	ORDER_ROUNDS=$(ORDERS) go test -count=1 -timeout 2h -run '^TestOrder(OfCorrections)?$$' -v ./programme

crash-long: ## KILLS times kill -9 under load, MUTATIONS of a store's file at rest, syncs that fail, kills at syncs and other steps, in compactions and backups, stops, lists and key changes, often
	CRASH_KILLS=$(KILLS) CRASH_MUTATIONS=$(MUTATIONS) CRASH_FAULTS=57 CRASH_STEPS=60 CRASH_STOPS=20 CRASH_LIST_KILLS=20 CRASH_ROTATIONS=20 \
		CRASH_ANSWERS=20 CRASH_COMPACTIONS=20 CRASH_BACKUPS=40 CRASH_LEAVINGS=20 \
		go test -count=1 -timeout 3h -v -skip '^Test(Release|Move|Hostile)$$' ./crash

hostile-long: ## all that strangers could send, nine rounds, eight at a time, to a service that is to live with 200 MiB: its memory and times
	HOSTILE_ROUNDS=9 go test -count=1 -timeout 1h -v -run '^TestHostile$$' ./crash

move-long: ## the store of a service at work moved into PostgreSQL, MOVES times with SIGKILL or the database away in the middle
	CRASH_MOVES=$(MOVES) go test -count=1 -timeout 2h -v -run '^TestMove$$' ./crash

release-long: ## an edition of AWARDS released, killed half-way ten times
	RELEASE_AWARDS=$(AWARDS) RELEASE_KILLS=10 go test -count=1 -timeout 6h -v -run '^TestRelease$$' ./crash

replicas-long: ## two services on one PostgreSQL: promises, contention, and FAULTS rounds of kills, restarts, locks, no connections, then a failover
	REPLICAS_FSYNC=on REPLICAS_FAULTS=$(FAULTS) REPLICAS_CLIENTS=8 REPLICAS_QUIET=2000 REPLICAS_LOCKED=5000 REPLICAS_LONGEST=15000 REPLICAS_ROUNDS=20 REPLICAS_SHOWN=1000 REPLICAS_TAKEN=15000 \
		go test -count=1 -timeout 1h -v -run '^Test(Faults|Promises|Contention)$$' ./bench/replicas

network-long: ## two services behind a network that delays, loses and resets, to one PostgreSQL; needs root, /dev/net/tun and ip
	REPLICAS_FSYNC=on NETWORK_SECONDS=15 NETWORK_ROUNDS=$(FAULTS) REPLICAS_CLIENTS=8 \
		go test -count=1 -timeout 1h -tags network -run '^TestNetwork$$' -v ./bench/replicas

bench-replicas: ## two services with half a processor each against one, on one PostgreSQL; needs control groups of version 1 to write to
	go test -count=1 -timeout 1h -run '^$$' -bench '^BenchmarkReplicas$$' -benchtime 1x -v ./bench/replicas

soak: build ## a service at work for WARM in haste and for SOAK: does memory, goroutines, files or the store's file grow
	go run ./bench/soak -warm $(WARM) -warm-rate 800 -for $(SOAK)

bars: build ## issuing and verifying over HTTP, beside Node, beside a store in memory, beside the floor
	npm ci --prefix interop --loglevel=error
	go run ./bench/bars


overload: ## CLIENTS at once against the real program for SECONDS in each of four ways, beside a few who ask for little
	LIMIT_ADDRESSES=1000000 go test -count=1 -run '^TestMemoryIsBounded$$' -v ./api/limit
	OVERLOAD_CLIENTS=$(CLIENTS) OVERLOAD_SECONDS=$(SECONDS) go test -count=1 -timeout 1h -run '^TestOverload$$' -v ./cmd/laurel

bench: ## the benchmarks that match BENCH
	go test -run '^$$' -bench '$(BENCH)' -benchmem ./...

bench-fair: build ## a few who issue beside 200 who verify, and the other way round
	go run ./bench/fair

bench-serve: build ## public answers against nginx serving the same bytes; needs nginx and wrk
	go run ./bench/serve dist/laurel

.PHONY: help build demo test race lint interop ci fuzz-long canon-long rdf-canon json-ld w3c-suites wycheproof json-bodies order-long crash-long hostile-long move-long release-long replicas-long network-long bench-replicas soak bars overload bench bench-fair bench-serve
