# Lattice: the one Makefile. Sources are found by wildcard; `make help` lists what it can do.
#
# A variant is one way of compiling everything: release asan tsan coverage valgrind fuzz. All of its files
# are in $(BUILD)/<variant>/. Builds of several people in one work tree need a BUILD of their own.

# What is installed, and why: `make deps` prints and installs these, and nothing else is needed.
# "-" means that the package above or the system's base already brings it.
define BUILD_DEPS
# Debian                       dnf                 pacman           apk                why
gcc                            gcc                 gcc              gcc                compiles everything
libc6-dev                      glibc-devel         -                musl-dev           headers of the C library
make                           make                make             make               runs this file
pkg-config                     pkgconf-pkg-config  pkgconf          pkgconf            finds the libraries below
bash                           bash                bash             bash               runs the recipes and the tests
git                            git                 git              git                reads the sources: every sync calls it
ca-certificates                ca-certificates     ca-certificates  ca-certificates    lets git trust https:// sources
libsqlite3-dev                 sqlite-devel        sqlite           sqlite-dev         stores, index and ledger
libuv1-dev                     libuv-devel         libuv            libuv-dev          the supervisor's event loop
libmicrohttpd-dev              libmicrohttpd-devel libmicrohttpd    libmicrohttpd-dev  HTTP of lattice-reads
libjansson-dev                 jansson-devel       jansson          jansson-dev        sources.json, messages, JSON output
libcurl4-openssl-dev           libcurl-devel       curl             curl-dev           HTTP of the sources that are not git
libcmark-gfm-dev               cmark-gfm-devel     cmark-gfm        cmark-gfm-dev      headings and links of Markdown
libcmark-gfm-extensions-dev    -                   -                -                  tables and autolinks of Markdown
libyaml-dev                    libyaml-devel       libyaml          yaml-dev           front matter
libutf8proc-dev                utf8proc-devel      libutf8proc      utf8proc-dev       checks and cuts UTF-8
libxxhash-dev                  xxhash-devel        xxhash           xxhash-dev         hashes of what shapes a sync
libxml2-dev                    libxml2-devel       libxml2          libxml2-dev        feeds and HTML; loaded when a feed is read
endef
define TEST_DEPS
sqlite3                        sqlite              sqlite           sqlite             looks into stores from the tests
curl                           curl                curl             curl               asks lattice-reads in the tests
procps                         procps-ng           procps-ng        procps             lists processes in the tests
util-linux                     util-linux          util-linux       util-linux         setsid, setpriv and mount in the tests
openssh-client                 openssh-clients     openssh          openssh-client     reaches ssh:// sources
strace                         strace              strace           strace             shows that an idle service makes no system call
endef
# Not on a person's machine, where they would begin to serve: CI=true make deps installs them. Tests
# that find none say so and are skipped.
define CI_DEPS
nginx                          nginx               nginx            nginx              serves feeds and sessions to the tests, as in the wild
lighttpd                       lighttpd            lighttpd         lighttpd           serves git over https:// to the tests (nginx has no CGI)
lighttpd-mod-openssl           -                   -               -                  its TLS
openssl                        openssl             openssl          openssl            makes that server's certificate
openssh-server                 openssh-server      openssh          openssh-server     serves git over ssh:// to the tests
endef
define LINT_DEPS
clang                          clang               clang            clang              the second compiler; fuzzing
libclang-rt-dev                compiler-rt         compiler-rt      compiler-rt        clang's sanitizers and fuzzer
clang-format                   clang-tools-extra   -                clang-extra-tools  checks the layout of the code
clang-tidy                     -                   -                -                  checks the code for mistakes
cppcheck                       cppcheck            cppcheck         cppcheck           a second opinion on the same
shellcheck                     ShellCheck          shellcheck       shellcheck         checks the scripts
endef
define VALGRIND_DEPS
valgrind                       valgrind            valgrind         valgrind           make valgrind
libc6-dbg                      -                   -                -                  valgrind needs the C library's symbols
endef
define HEAVY_DEPS
prometheus                     prometheus2         prometheus       prometheus         promtool checks the metrics in make heavy
chromium                       chromium            chromium         chromium           looks at the pages in make heavy
nodejs                         nodejs              nodejs           nodejs             drives it
npm                            nodejs-npm          npm              npm                installs what that needs into build/
endef
define BENCH_DEPS
wrk                            wrk                 wrk              wrk                asks the service as fast as it answers in make bench
endef
export BUILD_DEPS TEST_DEPS CI_DEPS LINT_DEPS VALGRIND_DEPS HEAVY_DEPS BENCH_DEPS

SHELL       := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SECONDARY:
.SUFFIXES:

BUILD  ?= build
PREFIX ?= /usr/local
JOBS   ?= $(shell nproc 2>/dev/null || echo 2)
V      ?=
# Use every processor unless told otherwise.
ifeq ($(MAKELEVEL)$(filter -j%,$(MAKEFLAGS)),0)
MAKEFLAGS += -j$(JOBS)
endif
ifeq ($(origin CC),default)
CC := gcc
endif
CLANG ?= clang

## Flags ------------------------------------------------------------------------------------------

WARNINGS := -Wall -Wextra -Wshadow -Wformat=2 -Wstrict-prototypes -Wmissing-prototypes \
            -Wpointer-arith -Wwrite-strings -Wvla -Wnull-dereference -Wimplicit-fallthrough \
            -Wswitch-enum
BASE     := -std=c11 -D_GNU_SOURCE -I.
MODULES  := sqlite3 libuv libmicrohttpd jansson libcurl libxml-2.0 libcmark-gfm yaml-0.1 libutf8proc libxxhash
export WARNINGS BASE MODULES BUILD JOBS

# Instrumented code confuses warnings that follow values; release and lint have them.
QUIET_FLOW := -Wno-null-dereference -Wno-maybe-uninitialized

# Linked in where there is one: the search for leaks at each program's end costs a third less than with
# the shared one, whose tables it reads through.
STATIC_ASAN := $(if $(filter /%,$(shell $(CC) -print-file-name=libasan.a)),-static-libasan)

release_CFLAGS   := -O2 -g -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fPIE $(if $(CI),-Werror)
release_LDFLAGS  := -pie -Wl,-z,relro,-z,now
asan_CFLAGS      := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined \
                    -fno-sanitize-recover=all $(QUIET_FLOW)
asan_LDFLAGS     := -fsanitize=address,undefined $(STATIC_ASAN)
tsan_CFLAGS      := -O1 -g -fno-omit-frame-pointer -fsanitize=thread $(QUIET_FLOW)
tsan_LDFLAGS     := -fsanitize=thread
coverage_CFLAGS  := -O0 -g --coverage $(QUIET_FLOW)
coverage_LDFLAGS := --coverage
valgrind_CFLAGS  := -O1 -g $(QUIET_FLOW)
valgrind_LDFLAGS :=
fuzz_CC          := $(CLANG)
fuzz_CFLAGS      := -O1 -g -fno-omit-frame-pointer -fno-sanitize-recover=all \
                    -fsanitize=fuzzer-no-link,address,undefined
fuzz_LDFLAGS     := -fsanitize=address,undefined

libs = $(shell pkg-config --libs $(1) 2>/dev/null)
LIB_CFLAGS     := $(shell pkg-config --cflags $(MODULES) 2>/dev/null)
LIBS_ALL       := $(call libs,$(MODULES)) -ldl -lm
# Only what a program can need; --as-needed drops what it does not: start-up time matters. libcurl and
# libxml2 are loaded by the worker itself, once it needs them.
LIBS_supervise := $(call libs,libuv jansson sqlite3 libutf8proc libxxhash)
LIBS_worker    := $(call libs,sqlite3 jansson libcmark-gfm yaml-0.1 libutf8proc libxxhash) -ldl
LIBS_reads     := $(call libs,libuv libmicrohttpd jansson sqlite3 libcmark-gfm libutf8proc libxxhash) -lm

## Sources ----------------------------------------------------------------------------------------

SRC_common     := $(wildcard common/*.c)
SRC_supervise  := $(filter-out %/main.c,$(wildcard supervisor/*.c))
SRC_worker     := $(filter-out %/main.c,$(wildcard worker/sync/*.c))
SRC_reads      := $(filter-out %/main.c,$(wildcard worker/reads/*.c))
MAIN_supervise := $(wildcard supervisor/main.c)
MAIN_worker    := $(wildcard worker/sync/main.c)
MAIN_reads     := $(wildcard worker/reads/main.c)
PROGRAMS       := $(foreach p,supervise worker reads,$(if $(MAIN_$(p)),$(p)))
SRC_unit       := $(wildcard tests/unit/*.c)
SRC_runner     := $(wildcard tests/runner*.c)
SRC_heavy      := $(wildcard heavy-tests/*.c)
SRC_tools      := $(wildcard tests/tools/*.c)
SRC_fuzz       := $(wildcard tests/fuzz/fuzz_*.c)
E2E            := $(filter-out tests/e2e/lib.sh,$(wildcard tests/e2e/*.sh))
FUZZ_NAMES     := $(patsubst tests/fuzz/fuzz_%.c,%,$(SRC_fuzz))
ALL_SOURCES    := $(SRC_common) $(SRC_supervise) $(SRC_worker) $(SRC_reads) $(SRC_unit) \
                  $(foreach p,$(PROGRAMS),$(MAIN_$(p)))

TOOLS          := $(patsubst tests/tools/%.c,$(BUILD)/release/tools/%,$(SRC_tools))

## Rules of one variant -----------------------------------------------------------------------------

# $(1) variant, $(2) sources
objects = $(patsubst %.c,$(BUILD)/$(1)/obj/%.o,$(2))
# $(1) variant. The parts in link order; an archive hands out only what is asked for.
archives = $(foreach a,worker supervise reads lattice,$(BUILD)/$(1)/lib$(a).a)
say = $(if $(V),,@printf '  %-5s %s\n' '$(1)' '$@';)

# $(1) variant, $(2) name of the archive, $(3) sources
define archive_rule
$(BUILD)/$(1)/lib$(2).a: $(call objects,$(1),$(3)) $(BUILD)/$(1)/sources
	$$(call say,AR) rm -f $$@; ar rcsD $$@ $$(filter %.o,$$^)
endef

# $(1) variant, $(2) target, $(3) objects, $(4) archives, $(5) libraries, $(6) more flags
define link_rule
$(2): $(3) $(4) $(BUILD)/$(1)/sources
	@mkdir -p $$(@D)
	$$(call say,LD) $$(or $$($(1)_CC),$$(CC)) $$($(1)_LDFLAGS) $$(LDFLAGS) $(6) -o $$@ $(3) \
	  -Wl,--as-needed -Wl,--start-group $(4) -Wl,--end-group $(5)
endef

define variant_rules
$(BUILD)/$(1)/obj/%.o: %.c Makefile
	@mkdir -p $$(@D)
	$$(call say,CC) $$(or $$($(1)_CC),$$(CC)) $$(BASE) $$(WARNINGS) $$(LIB_CFLAGS) $$(CPPFLAGS) \
	  $$($(1)_CFLAGS) $$(CFLAGS) -MMD -MP -c -o $$@ $$<

$(BUILD)/$(1)/obj/worker/reads/web_assets.o: $(wildcard worker/reads/web/*)

# Changes when a file is added or removed, so that an archive never keeps what is gone.
$(BUILD)/$(1)/sources: FORCE
	@mkdir -p $$(@D); printf '%s\n' $$(ALL_SOURCES) | cmp -s - $$@ || printf '%s\n' $$(ALL_SOURCES) > $$@

$(call archive_rule,$(1),lattice,$(SRC_common))
$(call archive_rule,$(1),supervise,$(SRC_supervise))
$(call archive_rule,$(1),worker,$(SRC_worker))
$(call archive_rule,$(1),reads,$(SRC_reads))
$(foreach p,$(PROGRAMS),$(eval $(call link_rule,$(1),$(BUILD)/$(1)/lattice-$(p),$(call objects,$(1),$(MAIN_$(p))),$(BUILD)/$(1)/lib$(p).a $(BUILD)/$(1)/liblattice.a,$$(LIBS_$(p)))))
$(call link_rule,$(1),$(BUILD)/$(1)/unit-tests,$(call objects,$(1),$(SRC_unit)),$(call archives,$(1)),$$(LIBS_ALL))
$(call link_rule,$(1),$(BUILD)/$(1)/runner,$(call objects,$(1),$(SRC_runner)))
$(foreach s,$(SRC_heavy),$(eval $(call link_rule,$(1),$(BUILD)/$(1)/heavy/$(basename $(notdir $(s))),$(call objects,$(1),$(s)),$(call archives,$(1)),$$(LIBS_ALL))))
$(foreach n,$(FUZZ_NAMES),$(eval $(call link_rule,$(1),$(BUILD)/$(1)/replay/$(n),$(call objects,$(1),tests/fuzz/fuzz_$(n).c tests/replay.c),$(call archives,$(1)),$$(LIBS_ALL))))

.PHONY: build-$(1) tests-$(1) heavy-$(1)
build-$(1): $(foreach p,$(PROGRAMS),$(BUILD)/$(1)/lattice-$(p)) $(BUILD)/$(1)/liblattice.a
tests-$(1): build-$(1) $(BUILD)/$(1)/unit-tests $(BUILD)/$(1)/runner \
            $(TOOLS) $(patsubst %,$(BUILD)/$(1)/replay/%,$(FUZZ_NAMES))
heavy-$(1): build-$(1) $(patsubst heavy-tests/%.c,$(BUILD)/$(1)/heavy/%,$(SRC_heavy)) $(TOOLS)
endef

VARIANTS := release asan tsan coverage valgrind fuzz
$(foreach v,$(VARIANTS),$(eval $(call variant_rules,$(v))))
# What the tests of every variant use to wait and ask: not under test, so without a sanitizer's start-up.
$(foreach s,$(SRC_tools),$(eval $(call link_rule,release,$(BUILD)/release/tools/$(basename $(notdir $(s))),$(call objects,release,$(s)),$(BUILD)/release/liblattice.a,$$(LIBS_ALL))))
$(foreach n,$(FUZZ_NAMES),$(eval $(call link_rule,fuzz,$(BUILD)/fuzz/fuzz_$(n),$(call objects,fuzz,tests/fuzz/fuzz_$(n).c),$(call archives,fuzz),$$(LIBS_ALL),-fsanitize=fuzzer)))

-include $(wildcard $(BUILD)/*/obj/*/*.d $(BUILD)/*/obj/*/*/*.d)

## What one types -----------------------------------------------------------------------------------

.PHONY: all install uninstall clean deps lint-deps check lint asan tsan valgrind fuzz coverage heavy \
        bench try unit help FORCE need-libraries
FORCE:

all: need-libraries build-release ## build the programs into build/release

# A missing library is one sentence, not a page of compiler errors.
need-libraries:
	@pkg-config --exists $(MODULES) 2>/dev/null || { \
	  echo 'error: pkg-config does not find all of: $(MODULES); run "make deps" first' >&2; exit 1; }

install: all ## install the programs into $(DESTDIR)$(PREFIX)/bin
	install -d '$(DESTDIR)$(PREFIX)/bin'
	install -m 755 $(PROGRAMS:%=$(BUILD)/release/lattice-%) '$(DESTDIR)$(PREFIX)/bin'

uninstall: ## remove them again
	rm -f $(foreach p,$(PROGRAMS),'$(DESTDIR)$(PREFIX)/bin/lattice-$(p)')

clean: ## remove everything that was built, build/try included
	rm -rf '$(BUILD)'

build-deps:
	@tests/deps.sh BUILD
deps: ## install what building and testing need (says what and why)
	@tests/deps.sh BUILD TEST$(if $(CI), CI)
lint-deps: ## the same, and what make lint and make fuzz need
	@tests/deps.sh BUILD TEST$(if $(CI), CI) LINT
valgrind-deps:
	@tests/deps.sh BUILD TEST$(if $(CI), CI) VALGRIND
heavy-deps:
	@tests/deps.sh BUILD TEST$(if $(CI), CI) LINT HEAVY
bench-deps:
	@tests/deps.sh BUILD TEST BENCH
.PHONY: build-deps valgrind-deps heavy-deps bench-deps

# `make lint check` is one after the other: both install, and both fill all processors by themselves.
FRONT := try check lint asan tsan valgrind coverage fuzz heavy bench deps lint-deps install
ifneq ($(filter $(FRONT),$(MAKECMDGOALS)),)
.NOTPARALLEL:
endif

# Dependencies come before this file is read again, since pkg-config is asked while it is read.
again = +@$(MAKE) --no-print-directory $(1)

try: build-deps ## build, sync this repository (and REPO=/path/or/url), print the summary
	$(call again,do-try)
check: deps ## all fast tests, plain and under ASan+UBSan; T=regex picks, KEEP=1 keeps their folders
	$(call again,do-check)
lint: lint-deps ## compilers, formatters, analysers and this project's own rules; L=path/ picks
	$(call again,do-lint)
asan: deps ## the fast tests under ASan+UBSan only
	$(call again,do-asan)
tsan: deps ## the fast tests under ThreadSanitizer
	$(call again,do-tsan)
valgrind: valgrind-deps ## the unit tests under valgrind
	$(call again,do-valgrind)
coverage: deps ## the fast tests with gcov; prints lines covered per file
	$(call again,do-coverage)
fuzz: lint-deps ## every fuzz target for FUZZ_SECONDS=60
	$(call again,do-fuzz)
heavy: heavy-deps ## the long tests in heavy-tests/ (H=name picks one)
	$(call again,do-heavy)
bench: bench-deps ## speed and memory, as ratios measured in one run
	$(call again,do-bench)

.PHONY: do-try do-check do-lint do-asan do-tsan do-valgrind do-coverage do-fuzz do-heavy do-bench

# More tests than processors: most of them wait most of the time, for a deadline or a process.
RUN = $(BUILD)/release/runner $(if $(T),--match '$(T)') $(if $(KEEP),--keep) --jobs $$((3 * $(JOBS)))
REPO ?=

# By the environment: a path may hold blanks and quotes.
do-try: export TRY_REPOS := $(REPO)
do-try: all
	@LATTICE_BIN='$(BUILD)/release' TRY_HOME='$(BUILD)/try' tests/try.sh
do-check: need-libraries tests-release tests-asan
	@$(RUN) release=$(BUILD)/release asan=$(BUILD)/asan $(E2E)
do-asan: need-libraries tests-asan $(BUILD)/release/runner
	@$(RUN) asan=$(BUILD)/asan $(E2E)
do-tsan: need-libraries tests-tsan $(BUILD)/release/runner
	@$(RUN) --slow 4 tsan=$(BUILD)/tsan $(E2E)
do-valgrind: need-libraries tests-valgrind $(BUILD)/release/runner
	@$(RUN) --slow 10 --wrap 'valgrind -q --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite' \
	  valgrind=$(BUILD)/valgrind
do-coverage: need-libraries tests-coverage $(BUILD)/release/runner
	@find '$(BUILD)/coverage' -name '*.gcda' -delete
	@$(RUN) --slow 2 coverage=$(BUILD)/coverage $(E2E)
	@tests/coverage.sh '$(BUILD)/coverage' | tee '$(BUILD)/coverage/summary.txt'
do-lint:
	@tests/lint.sh $(L)

FUZZ_SECONDS ?= 60
do-fuzz: need-libraries $(FUZZ_NAMES:%=$(BUILD)/fuzz/fuzz_%)
	@FUZZ_SECONDS='$(FUZZ_SECONDS)' tests/fuzz.sh $(FUZZ_NAMES)

H ?=
HEAVY := $(if $(H),heavy-tests/$(H:.sh=).sh,$(filter-out heavy-tests/lib%.sh heavy-tests/bench%.sh,$(wildcard heavy-tests/*.sh)))
do-heavy: all heavy-release
	@tests/heavy.sh '$(BUILD)/release' $(HEAVY)
do-bench: all heavy-release
	@tests/heavy.sh '$(BUILD)/release' $(wildcard heavy-tests/bench*.sh)

# For work on one part while another does not compile:
#   make unit DIRS=common FILES="test_text test_error" T=floor
DIRS  ?= common worker/sync worker/reads supervisor
FILES ?= $(filter-out harness,$(basename $(notdir $(SRC_unit))))
UNIT_VARIANT ?= release
UNIT_OBJECTS := $(call objects,$(UNIT_VARIANT),$(FILES:%=tests/unit/%.c) tests/unit/harness.c \
                $(filter-out %/main.c,$(foreach d,$(DIRS),$(wildcard $(d)/*.c))))
unit: need-libraries $(UNIT_OBJECTS) $(BUILD)/release/runner ## unit tests of some folders only: DIRS="common" FILES="test_text"
	@mkdir -p '$(BUILD)/$(UNIT_VARIANT)/some'
	@$(CC) $($(UNIT_VARIANT)_LDFLAGS) -o '$(BUILD)/$(UNIT_VARIANT)/some/unit-tests' $(UNIT_OBJECTS) -Wl,--as-needed $(LIBS_ALL)
	@$(RUN) $(UNIT_VARIANT)=$(BUILD)/$(UNIT_VARIANT)/some

help: ## this list
	@sed -n 's/^\([a-z-]*\):.* ## \(.*\)/  make \1\t\2/p' Makefile | expand -t 20
