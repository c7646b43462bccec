# SPDX-License-Identifier: Apache-2.0
#
#   make              the module, build/mod_managed_session.so, and the tool, build/managed-sessionctl
#   make demo         a private httpd with two users and an application (make demo-stop ends it)
#   make test         make check and all tests (make test-unit, make test-http: parts of them)
#   make test-fast    unit tests and the quick half of the others, in about five minutes
#   make test-databases  the tests on PostgreSQL and MariaDB
#   make test-browser  the pages in a real browser, with pictures of them in build/screenshots
#   make test-apps    real applications behind the module, as conf/examples has them
#   make stress       the look-up cache and revocation, long and with everything at once
#   make model        the protocol of the look-up cache and the feed in the model checker spin
#   make soak         clients and faults at random for SECONDS=60, and a model that knows who must be let in (SEED, DATABASE)
#   make stress-feed  several hosts and sessions that end at random, while children and databases are killed
#   make test-asan    the tests with the module under AddressSanitizer and UBSan
#   make fuzz         each parser of what comes from outside with inputs at random, SECONDS=60 each
#   make fuzz-http    requests at random for a whole httpd under AddressSanitizer and UBSan, SECONDS=60 in all
#   make coverage     which lines the tests reach (build/coverage/coverage.html) and which not (tests/uncovered.txt)
#   make mutants      the module with one small mistake after another, which tests must notice (MUTANTS: options)
#   make test-tsan    the tests with many threads with httpd and the module under ThreadSanitizer (half an hour)
#   make test-valgrind  the main story with httpd under valgrind
#   make bench        requests per second beside the unprotected file and beside other modules (BENCH: options)
#   make bench-db     what a look-up costs in tables of a thousand to five million sessions (BENCH: options)
#   make bench-instructions  instructions of one request, protected and not
#   make bench-signin  how long sign-ins wait for each other on SQLite, also beside another build (BENCH: options)
#   make bench-fleet  how many queries a fleet of hosts sends, simulated
#   make bench-memory  whether httpd's children grow in ten million requests
#   make bench-forward  nginx that queries managed-session-check for each request, beside nginx alone (BENCH: options)
#   make bench-open   what idle WebSockets cost that are cut when their session ends (BENCH: options)
#   make bench-descriptors  whether descriptors are given back in 100,000 requests
#   make bench-cleanup  what visitors notice of a clean-up
#   make check        formatting, layers, clang-tidy, cppcheck, flake8, the documents that are compared with the code
#   make check-quick  the part of it that needs a few seconds
#   make compile_commands.json  for clangd and other tools that must know how each file is compiled
#   make install      module, header and configuration where apxs says; the rest in PREFIX/share (make uninstall removes them)
#   make manual       README.md and docs/ as HTML, in build/manual
#   make deb          the Debian package, in build/deb; make dist: the sources as an archive; make rpm: see packaging/
#   make test-deb     the package, README and the Dockerfile in fresh Debian systems (root, the network, half an hour)

PYTHON   := /usr/bin/python3
APXS     := $(shell command -v apxs 2>/dev/null || command -v apxs2 2>/dev/null || echo apxs)
CC       ?= gcc
BUILD    ?= build
OPTIMIZE ?= -O2 -g
WERROR   ?= -Werror
WARN     := -Wall -Wextra $(WERROR) -Wformat=2 -Wshadow -Wstrict-prototypes -Wmissing-prototypes

# Asked only when something is compiled: on a new machine apxs comes with the first target below.
httpd_cflags = $(shell $(APXS) -q CFLAGS EXTRA_CPPFLAGS 2>/dev/null | tr ';' ' ' | sed 's/-O[0-9s]//g; s/-flto[^ ]*//g; s/-fdebug-prefix-map=[^ ]*//g; s/-ffile-prefix-map=[^ ]*//g; s/-pipe//; s/-g //')
httpd_inc    = -isystem $(shell $(APXS) -q INCLUDEDIR 2>/dev/null) -isystem $(shell $(APXS) -q APR_INCLUDEDIR 2>/dev/null) -isystem $(shell $(APXS) -q APU_INCLUDEDIR 2>/dev/null)
# src/exports.map keeps all names but the module's own inside: so a function may be inlined where it is called. All symbols of
# httpd are found when the module is loaded (-z now), so that calls need no stubs.
MS_CFLAGS    = -std=gnu11 $(WARN) $(OPTIMIZE) -fPIC -fno-semantic-interposition -fno-plt $(httpd_cflags) $(httpd_inc) -Iinclude -Isrc -I. $(SANITIZE) $(CPPFLAGS) $(CFLAGS)

# src/core and the files named here know apr only, and are linked into the unit tests as they are.
PURE  := $(patsubst src/%.c,%,$(sort $(wildcard src/core/*.c))) config/values db/limiter db/reach db/watchdog db/columns db/sql db/shm_cache db/feed_window db/feed_board db/touch_queue db/sqlite_file db/native db/native_sqlite db/native_pgsql db/write_lock session/open_requests
HTTPD := $(filter-out $(PURE),$(patsubst src/%.c,%,$(sort $(wildcard src/*/*.c))))
PAGES := $(wildcard src/pages/html/*.html src/pages/html/*.css src/pages/html/*.js)
LANGS := $(sort $(wildcard src/pages/lang/*.po))
OBJS  := $(BUILD)/mod_managed_session.o $(HTTPD:%=$(BUILD)/%.o) $(PURE:%=$(BUILD)/%.o) $(BUILD)/pages.o $(BUILD)/languages.o
MODULE := $(BUILD)/mod_managed_session.so

# The command-line tool. It has the store of the module, but connections of its own in place of
# src/db/connection.c and src/db/dbd_pool.c, and takes from an archive what it needs of the files that know apr only.
CTL_PURE := ctl/words ctl/grid # linked into the unit tests, too
CTL      := $(BUILD)/managed-sessionctl
CTL_OBJS := $(patsubst %.c,$(BUILD)/%.o,$(sort $(wildcard ctl/*.c))) $(BUILD)/db/store.o $(BUILD)/db/result.o $(BUILD)/db/table.o

.PHONY: FORCE all deps-build deps-demo deps-test demo demo-stop test test-fast test-unit test-http test-databases test-pgsql test-mysql test-browser test-apps test-races \
        stress stress-feed soak test-soak blind model test-asan test-asan-stories test-tsan fuzz fuzz-targets fuzz-replay fuzz-http mutants test-mutants coverage figure-instructions \
        test-valgrind bench-cleanup check check-quick check-tidy check-cppcheck format docs catalogues clean
.DELETE_ON_ERROR:

all: deps-build
	@$(MAKE) --no-print-directory $(MODULE) $(CTL)

$(MODULE): $(OBJS) $(BUILD)/objects.list src/exports.map
	$(CC) -shared -pthread $(SANITIZE) $(LDFLAGS) -Wl,-z,relro,-z,now -Wl,--version-script=src/exports.map -o $@ $(OBJS) -ljansson -lunistring

$(CTL): $(CTL_OBJS) $(BUILD)/pure.a
	$(CC) -pthread $(SANITIZE) $(LDFLAGS) -pie -Wl,-z,relro,-z,now -o $@ $^ -ljansson -lunistring $(APR_LIBS)
$(BUILD)/pure.a: $(PURE:%=$(BUILD)/%.o)
	@rm -f $@
	ar rcs $@ $^

$(BUILD)/%.o: src/%.c Makefile | $(BUILD)
	@mkdir -p $(@D)
	$(CC) $(MS_CFLAGS) -MMD -MP -c -o $@ $<
$(BUILD)/%.o: %.c Makefile | $(BUILD)
	@mkdir -p $(@D)
	$(CC) $(MS_CFLAGS) -MMD -MP -c -o $@ $<
$(BUILD)/pages.o: $(BUILD)/pages.c
	$(CC) $(MS_CFLAGS) -MMD -MP -c -o $@ $<
$(BUILD)/languages.o: $(BUILD)/languages.c
	$(CC) $(MS_CFLAGS) -MMD -MP -c -o $@ $<
$(BUILD)/languages.c: src/pages/lang/embed.sh $(LANGS) $(BUILD)/languages.list
	sh src/pages/lang/embed.sh $(LANGS) > $@
$(BUILD)/pages.c: src/pages/html/embed.sh $(PAGES) $(BUILD)/pages.list
	sh src/pages/html/embed.sh $(sort $(PAGES)) > $@
# Without these lists make would not notice that a file was removed.
$(BUILD)/languages.list: FILES = $(LANGS)
$(BUILD)/pages.list: FILES = $(sort $(PAGES))
$(BUILD)/objects.list: FILES = $(OBJS:$(BUILD)/%=%)
$(BUILD)/%.list: FORCE | $(BUILD)
	@echo $(FILES) | cmp -s - $@ || echo $(FILES) > $@
$(BUILD):
	mkdir -p $@

# ---- what is needed ---------------------------------------------------------------------------
deps-build deps-demo deps-test deps-bench: deps-%:
	@sh tests/deps.sh $*

# ---- the demonstration ------------------------------------------------------------------------
demo: deps-demo
	@$(MAKE) --no-print-directory $(MODULE)
	@$(PYTHON) tests/demo/demo.py start
demo-stop:
	@$(PYTHON) tests/demo/demo.py stop

# ---- tests ------------------------------------------------------------------------------------
UNIT := $(patsubst tests/unit/test_%.c,$(BUILD)/unit/test_%,$(wildcard tests/unit/test_*.c))
APR_LIBS = $(shell apr-1-config --link-ld --libs 2>/dev/null) $(shell apu-1-config --link-ld --libs 2>/dev/null)

# Servers, browsers and three databases at once on two cores: what fails is repeated once, and named at the end if it then
# passes. Four kinds at once, since a test waits as often as it works.
FIGURES := $(BUILD)/figures
REPEAT  :=
SINCE   := HEAD~20
COUNTED  = PYTHONPATH=tests FIGURES=$(FIGURES)/$@.json
REPEATED = -p figures $(REPEAT:%=--reruns %)

test: deps-test
	@$(MAKE) --no-print-directory -j2 $(MODULE) $(CTL) $(BLIND) $(UNIT)
	@$(MAKE) --no-print-directory -j3 --output-sync=target check-quick check-tidy check-cppcheck test-unit test-races fuzz-replay
	@rm -rf $(FIGURES)
	@$(MAKE) --no-print-directory -j4 --output-sync=target REPEAT=1 test-pgsql test-mysql test-soak test-mutants $(HTTP_PARTS) test-browser test-packages \
	  test-asan-stories figure-instructions
	@$(PYTHON) -B tests/figures.py $(FIGURES)

test-unit: $(UNIT) $(CTL)
	@for t in $(UNIT); do echo "== $$t"; $$t || exit 1; done

$(BUILD)/unit/test_%: tests/unit/test_%.c $(PURE:%=$(BUILD)/%.o) $(CTL_PURE:%=$(BUILD)/%.o) $(BUILD)/pages.o $(BUILD)/languages.o
	@mkdir -p $(@D)
	$(CC) -pthread $(MS_CFLAGS) -MMD -MP -Itests/unit -o $@ $< $(PURE:%=$(BUILD)/%.o) $(CTL_PURE:%=$(BUILD)/%.o) $(BUILD)/pages.o $(BUILD)/languages.o -lcmocka -ljansson -lunistring $(APR_LIBS)

# What threads and processes share, each in a test of its own under ThreadSanitizer. races.c: it does not see apr's atomic functions.
SECONDS := 5
STRESS  := $(filter-out stress,$(patsubst tests/stress/%.c,%,$(wildcard tests/stress/*.c)))
stressed_shm_cache     := src/db/shm_cache.c src/core/siphash.c
stressed_touch_queue   := src/db/touch_queue.c
stressed_open_requests := src/session/open_requests.c src/core/child_thread.c src/core/duplicate.c src/core/clock.c
stressed_counts        := src/http/counters.c src/core/throttle.c src/core/tally.c src/core/slots.c
stressed_limiter       := src/db/limiter.c
stressed_lines         := src/core/refusals.c src/core/log_limit.c
stressed_feed          := src/db/feed.c src/db/feed_board.c src/db/feed_window.c src/db/touch_queue.c
stressed_watchdog      := src/db/watchdog.c src/core/child_thread.c
# Its seconds are milliseconds there.
$(BUILD)/stress/watchdog: WRAPPED := -Wl,--wrap=ms_child_thread_pause

.SECONDEXPANSION:
$(BUILD)/stress/%: tests/stress/%.c tests/stress/stress.c tests/stress/stress.h tests/http/races.c $$(stressed_$$*) $$(patsubst %.c,%.h,$$(stressed_$$*))
	@mkdir -p $(@D)
	$(CC) $(MS_CFLAGS) -fPIE -fsanitize=thread -Itests/stress $(WRAPPED) -o $@ $< tests/stress/stress.c tests/http/races.c $(stressed_$*) $(APR_LIBS)

test-races: $(STRESS:%=$(BUILD)/stress/%)
	@printf '%s\n' $(STRESS:%=$(BUILD)/stress/%) | xargs -P 2 -I TEST sh -c "TEST $(SECONDS)"

stress: deps-test $(MODULE)
	@$(MAKE) --no-print-directory test-races SECONDS=60
	MS_ROUNDS=10000 MS_MODULE=$(abspath $(MODULE)) $(PYTHON) -B -m pytest -p no:cacheprovider -q tests/http/test_lookup_cache.py $(PYTEST)

# The feed of ended sessions: ten minutes of everything that may happen to it.
stress-feed: deps-test $(MODULE)
	@for database in pgsql mysql; do for hosts in 2 4; do \
	  MS_ENDINGS=1000 MS_HOSTS=$$hosts MS_DATABASE=$$database MS_MODULE=$(abspath $(MODULE)) \
	    $(PYTHON) -B -m pytest -p no:cacheprovider -q -s tests/http/test_feed_under_load.py || exit 1; done; done

# What happens to the processes, the database and the machine is in tests/soak/troubles.py. Root has a few more faults.
DATABASE ?= sqlite
soak: SECONDS = 60
soak: deps-test $(MODULE) $(CTL)
	@MS_MODULE=$(abspath $(MODULE)) $(PYTHON) -B tests/soak/run.py --seconds $(SECONDS) --database $(DATABASE) $(if $(SEED),--seed $(SEED)) $(SOAK)

# The module with a look-up cache that is not invalidated, so that a soak that sees nothing is seen.
BLIND := $(BUILD)/blind/mod_managed_session.so
blind: $(BLIND)
$(BLIND): tests/soak/blind.c $(OBJS) $(CTL) src/exports.map
	@mkdir -p $(@D)
	ln -sf ../managed-sessionctl $(@D)/
	$(CC) -shared -pthread -fPIC $(SANITIZE) $(LDFLAGS) -Wl,--version-script=src/exports.map $(foreach what,id user all,-Wl,--wrap=ms_shm_cache_invalidate_$(what)) \
	  -o $@ tests/soak/blind.c $(OBJS) -ljansson -lunistring

# Whether the soak sees, and a short one of it with faults that are always the same.
test-soak: $(MODULE) $(CTL) $(BLIND)
	$(COUNTED) MS_MODULE=$(abspath $(MODULE)) $(PYTHON) -B -m pytest -p no:cacheprovider -q -rs $(REPEATED) tests/soak $(PYTEST)

# With the look-up cache, as it is by default; test-databases goes without. PYTEST may narrow it down: make test-http PYTEST="-k library"
test-http: $(MODULE) $(CTL)
	$(COUNTED) MS_CACHE=on MS_MODULE=$(abspath $(MODULE)) $(PYTHON) -B -m pytest -p no:cacheprovider -q $(REPEATED) tests/http $(PYTEST)

# The same in parts for make test, so that no single run is longer than all others.
HTTP_PARTS := $(addprefix test-http-,0 1 2 3)
.PHONY: $(HTTP_PARTS)
$(HTTP_PARTS): test-http-%: $(MODULE) $(CTL)
	$(COUNTED) MS_CACHE=on MS_MODULE=$(abspath $(MODULE)) $(PYTHON) -B -m pytest -p no:cacheprovider -q $(REPEATED) \
	  $$(ls tests/http/test_*.py | awk 'NR % $(words $(HTTP_PARTS)) == $*') $(PYTEST)

# While one works on the code: what is quick, without what is marked as slow in tests/http/conftest.py.
test-fast: deps-test
	@$(MAKE) --no-print-directory -j2 --output-sync=target check-quick $(MODULE) $(CTL) $(UNIT)
	@$(MAKE) --no-print-directory test-unit
	MS_CACHE=on MS_MODULE=$(abspath $(MODULE)) $(PYTHON) -B -m pytest -p no:cacheprovider -q -m "not slow" tests/http $(PYTEST)

# The same tests on private servers of these; one that is not installed is skipped.
test-databases: test-pgsql test-mysql

test-pgsql test-mysql: test-%: $(MODULE) $(CTL)
	@echo "== on $*"; $(COUNTED) MS_DATABASE=$* MS_MODULE=$(abspath $(MODULE)) \
	  $(PYTHON) -B -m pytest -p no:cacheprovider -q $(REPEATED) tests/http $(PYTEST)

# The pages in Debian's Chromium; pictures of them are written to build/screenshots.
test-browser: $(MODULE)
	$(COUNTED) MS_MODULE=$(abspath $(MODULE)) $(PYTHON) -B -m pytest -p no:cacheprovider -q -rs $(REPEATED) tests/browser $(PYTEST)

# Django, Radicale, git and gitweb behind the module; those that are not installed are skipped.
test-apps: $(MODULE)
	MS_MODULE=$(abspath $(MODULE)) $(PYTHON) -B -m pytest -p no:cacheprovider -q -rs tests/apps $(PYTEST)

test-asan: deps-test
	@$(MAKE) --no-print-directory BUILD=build/asan OPTIMIZE="-O1 -g -fno-omit-frame-pointer" \
	  SANITIZE="-fsanitize=address,undefined -fno-sanitize-recover=all" test-unit
	@$(MAKE) --no-print-directory BUILD=build/asan OPTIMIZE="-O1 -g -fno-omit-frame-pointer" \
	  SANITIZE="-fsanitize=address,undefined -fno-sanitize-recover=all" build/asan/mod_managed_session.so build/asan/managed-sessionctl
	MS_TOOL=asan MS_MODULE=$(abspath build/asan/mod_managed_session.so) \
	  $(PYTHON) -B -m pytest -p no:cacheprovider -q tests/http $(PYTEST)

# The part of it that make test runs: each parser of requests, each page, JSON, and what is open.
ASAN_STORIES := library_story signin request_headers sessions_page api app_passwords list_of_people
test-asan-stories:
	@$(MAKE) --no-print-directory BUILD=build/asan OPTIMIZE="-O1 -g -fno-omit-frame-pointer" \
	  SANITIZE="-fsanitize=address,undefined -fno-sanitize-recover=all" build/asan/mod_managed_session.so build/asan/managed-sessionctl
	$(COUNTED) MS_TOOL=asan MS_MODULE=$(abspath build/asan/mod_managed_session.so) \
	  $(PYTHON) -B -m pytest -p no:cacheprovider -q $(REPEATED) $(ASAN_STORIES:%=tests/http/test_%.py) $(PYTEST)

# These files run most of the code from several threads at once. What else it reports: tests/http/races.supp. Files that need a
# quick server, or many processes, are left out: what fails in them is too slow.
TSAN_STORIES := library_story pool touches lookup_cache lifeline session_life feed events app_passwords api metrics http2_websockets login_limit races
test-tsan: deps-test
	@$(MAKE) --no-print-directory BUILD=build/tsan OPTIMIZE="-O1 -g -fno-omit-frame-pointer" SANITIZE="-fsanitize=thread" \
	  build/tsan/mod_managed_session.so build/tsan/managed-sessionctl
	MS_TOOL=tsan MS_CACHE=on MS_MODULE=$(abspath build/tsan/mod_managed_session.so) \
	  $(PYTHON) -B -m pytest -p no:cacheprovider -q $(TSAN_STORIES:%=tests/http/test_%.py) $(PYTEST)

model: deps-test
	$(PYTHON) -B tests/model/run.py

# libFuzzer comes with clang. The corpora are small; what `make fuzz` finds beyond them is in build/fuzz/corpus.
FUZZ         := $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_BUILD   := build/fuzz
# Two targets are of files that know httpd; stubs.c stands for it.
$(BUILD)/fuzz_events: FUZZ_HTTPD = $(BUILD)/session/events.o
$(BUILD)/fuzz_head: FUZZ_HTTPD = $(BUILD)/app/response_head.o $(BUILD)/app/sign_in_wish.o $(BUILD)/app/app_header.o
FUZZ_OBJS     = $(PURE:%=$(BUILD)/%.o) $(BUILD)/pages.o $(BUILD)/languages.o
FUZZ_MAKE     = $(MAKE) --no-print-directory BUILD=$(FUZZ_BUILD) CC=clang OPTIMIZE="-O1 -g -fno-omit-frame-pointer" \
                SANITIZE="-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all"
fuzz_options  = -dict=tests/fuzz/dictionary.txt -max_len=4096 -timeout=10 -rss_limit_mb=4096 -print_final_stats=1 -artifact_prefix=$(FUZZ_BUILD)/

$(BUILD)/fuzz_%: tests/fuzz/fuzz_%.c tests/fuzz/fuzz.c tests/fuzz/fuzz.h tests/fuzz/stubs.c $(PURE:%=$(BUILD)/%.o) $(BUILD)/session/events.o $(BUILD)/app/response_head.o $(BUILD)/app/sign_in_wish.o $(BUILD)/app/app_header.o $(BUILD)/pages.o $(BUILD)/languages.o
	$(CC) $(MS_CFLAGS) -D_GNU_SOURCE -Itests/fuzz -fsanitize=fuzzer -o $@ $< tests/fuzz/fuzz.c tests/fuzz/stubs.c \
	  $(FUZZ_HTTPD) $(FUZZ_OBJS) -ljansson -lunistring -ldl $(APR_LIBS)

fuzz-targets: deps-test
	@$(FUZZ_MAKE) $(FUZZ:%=$(FUZZ_BUILD)/fuzz_%)

fuzz: fuzz-targets
	@for t in $(FUZZ); do mkdir -p $(FUZZ_BUILD)/corpus/$$t; echo "== $$t"; \
	  $(FUZZ_BUILD)/fuzz_$$t $(fuzz_options) -max_total_time=$(SECONDS) $(FUZZ_BUILD)/corpus/$$t tests/fuzz/corpus/$$t \
	    > $(FUZZ_BUILD)/$$t.log 2>&1 || { tail -40 $(FUZZ_BUILD)/$$t.log; exit 1; }; \
	  grep -E "number_of_executed_units" $(FUZZ_BUILD)/$$t.log; done

# The corpora only: seconds.
fuzz-replay: fuzz-targets
	@for t in $(FUZZ); do $(FUZZ_BUILD)/fuzz_$$t -runs=0 -artifact_prefix=$(FUZZ_BUILD)/ tests/fuzz/corpus/$$t > $(FUZZ_BUILD)/$$t.log 2>&1 || \
	  { tail -40 $(FUZZ_BUILD)/$$t.log; exit 1; }; done; echo "fuzz: the corpora of $(words $(FUZZ)) targets pass"

fuzz-http: deps-test
	@$(MAKE) --no-print-directory BUILD=build/asan OPTIMIZE="-O1 -g -fno-omit-frame-pointer" \
	  SANITIZE="-fsanitize=address,undefined -fno-sanitize-recover=all" build/asan/mod_managed_session.so
	@MS_TOOL=asan MS_CACHE=on MS_MODULE=$(abspath build/asan/mod_managed_session.so) \
	  $(PYTHON) -B tests/fuzz/httpd.py --seconds $(SECONDS) $(FUZZ_HTTP)

# What no test reaches: build/coverage/coverage.txt and .html, and tests/uncovered.txt, which can only shrink. httpd's
# children are another user, and add to the same files.
coverage: deps-test
	@umask 000; $(MAKE) --no-print-directory BUILD=build/coverage OPTIMIZE="-O0 -g" SANITIZE="--coverage -fprofile-update=atomic" \
	  build/coverage/mod_managed_session.so build/coverage/managed-sessionctl
	@find build/coverage -name "*.gcda" -delete; umask 000; build/coverage/managed-sessionctl --help >build/coverage/help; chmod -R a+rwX build/coverage
	@umask 000; $(MAKE) --no-print-directory BUILD=build/coverage OPTIMIZE="-O0 -g" SANITIZE="--coverage -fprofile-update=atomic" test-unit
	umask 000; failed=0; for database in $(or $(MS_DATABASE),sqlite pgsql mysql); do \
	  MS_DATABASE=$$database MS_CACHE=on MS_MODULE=$(abspath build/coverage/mod_managed_session.so) \
	    $(PYTHON) -B -m pytest -p no:cacheprovider -q tests/http $(PYTEST) || failed=1; done; \
	$(PYTHON) -B tests/coverage.py build/coverage $(COVERAGE) && exit $$failed

figure-instructions: $(MODULE)
	MS_MODULE=$(abspath $(MODULE)) $(PYTHON) -B tests/bench/instructions.py --only cached --figures $(FIGURES)/instructions.json

mutants: deps-test $(MODULE)
	@$(PYTHON) -B tests/mutants/run.py $(MUTANTS)

# Those of files that changed in the last commits.
test-mutants: deps-test $(MODULE)
	@$(PYTHON) -B tests/mutants/run.py --jobs 1 --changed $(SINCE) --most 4 --figures $(FIGURES)/mutants.json

test-valgrind: deps-test
	@$(MAKE) --no-print-directory $(MODULE)
	MS_TOOL=valgrind MS_MODULE=$(abspath $(MODULE)) \
	  $(PYTHON) -B -m pytest -p no:cacheprovider -q tests/http -m valgrind $(PYTEST)

# ---- benchmarks -------------------------------------------------------------------------------
.PHONY: deps-bench bench bench-forward bench-signin bench-open bench-descriptors bench-db bench-instructions bench-memory bench-fleet bench-report
# BENCH holds options of the benchmark: make bench-db BENCH="--rows 1000,100000 --rounds 2"
bench: deps-bench
	@$(MAKE) --no-print-directory $(MODULE)
	@MS_MODULE=$(abspath $(MODULE)) $(PYTHON) -B tests/bench/speed.py $(BENCH)

bench-forward: deps-bench
	@$(MAKE) --no-print-directory $(MODULE)
	@MS_MODULE=$(abspath $(MODULE)) $(PYTHON) -B tests/bench/speed.py --only nginx $(BENCH)

bench-db: deps-bench
	@$(MAKE) --no-print-directory $(MODULE)
	@MS_MODULE=$(abspath $(MODULE)) $(PYTHON) -B tests/bench/sizes.py $(BENCH)

bench-instructions: deps-bench
	@$(MAKE) --no-print-directory $(MODULE)
	@MS_MODULE=$(abspath $(MODULE)) $(PYTHON) -B tests/bench/instructions.py $(BENCH)

bench-signin: deps-bench
	@$(MAKE) --no-print-directory $(MODULE)
	@MS_MODULE=$(abspath $(MODULE)) $(PYTHON) -B tests/bench/sign_ins.py $(BENCH)

bench-memory: deps-bench
	@$(MAKE) --no-print-directory $(MODULE)
	@MS_MODULE=$(abspath $(MODULE)) $(PYTHON) -B tests/bench/memory.py $(BENCH)

# What idle WebSockets cost that are cut when their session ends.
bench-open: $(MODULE)
	@MS_MODULE=$(abspath $(MODULE)) $(PYTHON) -B tests/bench/open_connections.py $(BENCH)

# Whether descriptors are given back: 100,000 requests for an application.
bench-descriptors: $(MODULE)
	MS_ROUNDS=100000 MS_MODULE=$(abspath $(MODULE)) $(PYTHON) -B -m pytest -p no:cacheprovider -q tests/http/test_lifeline.py -k descriptors $(PYTEST)

bench-fleet:
	@$(PYTHON) -B tests/bench/fleet.py

# The figures of build/bench.json into docs/performance.md and its plot.
bench-report:
	@$(PYTHON) -B tests/bench/report.py

# How long visitors wait while a million expired rows are deleted, on each database.
bench-cleanup: $(MODULE)
	MS_MODULE=$(abspath $(MODULE)) $(PYTHON) -B tests/bench/cleanup.py

# ---- the code itself --------------------------------------------------------------------------
SOURCES := $(wildcard mod_managed_session.c src/*/*.c src/*/*.h ctl/*.c ctl/*.h include/*.h tests/unit/*.c tests/unit/*.h tests/stress/*.c tests/stress/*.h tests/soak/*.c tests/fuzz/*.c tests/fuzz/*.h)

format:
	clang-format -i $(SOURCES)

check: deps-test
	@$(MAKE) --no-print-directory check-quick
	@$(MAKE) --no-print-directory -j2 --output-sync=target $(MODULE) check-tidy check-cppcheck

# What needs a few seconds. Each of these scripts says what it compares with what.
check-quick:
	clang-format --dry-run -Werror $(SOURCES)
	$(PYTHON) tests/layers.py
	$(PYTHON) tests/reference.py --check
	$(PYTHON) tests/catalogues.py --check
	$(PYTHON) tests/mutants/run.py --check
	$(PYTHON) -m flake8 tests conf packaging

# One process for each few files: two files never share what clang-tidy knows anyway.
check-tidy:
	@printf '%s\n' $(filter %.c,$(filter-out tests/%,$(SOURCES))) | \
	  xargs -P 2 -n 8 sh -c 'clang-tidy --quiet --warnings-as-errors="*" "$$@" -- $(filter-out -Werror,$(MS_CFLAGS)) 2>/dev/null' clang-tidy

check-cppcheck:
	cppcheck --quiet --error-exitcode=1 --inline-suppr --enable=warning,performance,portability -Iinclude -Isrc -I. mod_managed_session.c src ctl

# For clangd and other tools; nothing is compiled. The pages and catalogues are made, since they are C too.
compile_commands.json: Makefile $(BUILD)/pages.c $(BUILD)/languages.c $(wildcard *.c src/*/*.c tests/unit/*.c)
	@$(MAKE) --no-print-directory -nB -o $(BUILD)/pages.c -o $(BUILD)/languages.c $(MODULE) $(UNIT) $(STRESS:%=$(BUILD)/stress/%) | $(PYTHON) tests/compile_commands.py $@

docs: $(MODULE)
	$(PYTHON) tests/reference.py

# Bring src/pages/lang up to date with the messages; what is missing is listed.
catalogues:
	$(PYTHON) tests/catalogues.py

# ---- installation and packages ------------------------------------------------------------------
include packaging/package.mk

clean:
	rm -rf $(BUILD)

-include $(wildcard $(BUILD)/*.d $(BUILD)/*/*.d)
