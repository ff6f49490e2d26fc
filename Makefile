# kiln: one Makefile, not recursive; the compiler tracks the headers.
#
#   make          the program, build/plain/kiln
#   make test     every test (sets itself up)          make SAN=address,undefined test
#   make demo     one environment, from file to running container
#   make lint     format, sizes, arrows, warnings as errors
#   make bench    measured against what others use     make fuzz   long fuzz campaigns
#                 (make bench-solve: only the solver, on a channel of 1.2 million records;
#                  make bench-pip: conda's Python with a long pip list)

CC     ?= cc
SAN    ?=
comma  := ,
B      := build/$(if $(SAN),$(subst $(comma),-,$(SAN)),plain)
OPT    ?= $(if $(SAN),-O1 -fno-omit-frame-pointer,-O2)
CFLAGS ?= -g
WARN   := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith \
          -Wwrite-strings -Wvla -Wno-missing-field-initializers $(if $(WERROR),-Werror)
DEFS   := -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64
# libarchive is linked in: the shared one loads an XML parser, ICU and the C++ library for formats
# that nobody uses here, a tenth of what a second build takes. LIBARCHIVE=-larchive does without.
LIBARCHIVE ?= -Wl,--gc-sections -l:libarchive.a -lnettle -lbz2 -llzma -lz
LIBS    = -lyaml -lcurl $(LIBARCHIVE) -lcrypto -lcjson -lzstd -lisal -lmsgpackc -lsqlite3 -lpthread -lm

# What the build needs, then what only the tests and the demo need (Debian names).
BUILD_PACKAGES := gcc make libc6-dev libyaml-dev libcurl4-openssl-dev libarchive-dev libssl-dev \
                  libcjson-dev libzstd-dev libisal-dev libsqlite3-dev libmsgpack-dev nettle-dev libbz2-dev \
                  liblzma-dev zlib1g-dev
TEST_PACKAGES  := libcmocka-dev libsolv-dev libsolvext-dev clang-format bubblewrap git ca-certificates curl \
                  python3 python3-venv binutils patchelf unzip xz-utils \
                  libffi-dev libexpat1-dev libncurses-dev libreadline-dev uuid-dev pkg-config \
                  mmdebstrap docker-registry docker.io iptables crun skopeo umoci podman
# Only `make bench`: igzip, time (and go, where there is one, for crane).
BENCH_PACKAGES := isal time

LIB    := $(wildcard specs/*.c specs/base/*.c cache/*.c curated/*.c builder/*.c)
# Files that the program holds, as C tables.
CURATED := $(B)/curated/catalog_files.c
PAGES   := $(B)/builder/cli/page_files.c
CLI    := $(wildcard builder/cli/*.c)
UNITS  := $(patsubst tests/unit/%.c,$(B)/%,$(wildcard tests/unit/test_*.c))

FUZZERS := $(patsubst tests/fuzz/%.c,$(B)/%,$(wildcard tests/fuzz/fuzz_*.c))

.PHONY: all test checks unit lint clean
all: $(B)/kiln

$(B)/kiln: $(CLI:%.c=$(B)/%.o) $(PAGES:%.c=%.o) $(B)/libkiln.a
	@$(CC) $(LDFLAGS) $(if $(SAN),-fsanitize=$(SAN)) $^ $(LIBS) -o $@

$(B)/libkiln.a: $(LIB:%.c=$(B)/%.o) $(CURATED:%.c=%.o)
	@rm -f $@
	@$(AR) rcs $@ $^

$(B)/%.o: %.c Makefile
	@mkdir -p $(@D)
	@echo "  cc $<"
	@$(CC) $(OPT) $(CFLAGS) -std=c11 -I. $(DEFS) -MMD -MP -fvisibility=hidden $(WARN) \
	      $(if $(SAN),-fsanitize=$(SAN)) -c $< -o $@

# In the order of their bytes, whatever the locale; folders are named as well, so that an entry that
# goes is missed.
$(CURATED): $(shell find curated) specs/base/embed.sh
	@mkdir -p $(@D)
	@specs/base/embed.sh catalog curated/catalog_files.h curated $(sort $(wildcard curated/*/*/*)) >$@.new && mv $@.new $@

$(PAGES): $(shell find builder/cli/page/) specs/base/embed.sh
	@mkdir -p $(@D)
	@specs/base/embed.sh page builder/cli/page_files.h builder/cli/page $(sort $(wildcard builder/cli/page/*)) >$@.new && mv $@.new $@

$(CURATED:%.c=%.o) $(PAGES:%.c=%.o): %.o: %.c
	@$(CC) $(CFLAGS) -std=c11 -I. -fvisibility=hidden $(WARN) -c $< -o $@

$(B)/test_option: $(B)/builder/cli/option.o
$(B)/test_treemap: $(B)/builder/cli/treemap.o
# Pages without the program around them.
PAGE := $(patsubst %,$(B)/builder/cli/%.o,page page_files page_list page_report page_treemap progress report treemap)
$(B)/test_page $(B)/page_driver: $(PAGE)
$(B)/test_page $(B)/page_driver: LIBS := $(B)/libkiln.a $(LIBS)
# They write with libarchive what kiln only reads.
$(B)/test_%: LIBARCHIVE = -larchive
$(B)/test_%: $(B)/tests/unit/test_%.o $(B)/libkiln.a
	@$(CC) $(LDFLAGS) $(if $(SAN),-fsanitize=$(SAN)) $^ -lcmocka $(LIBS) -o $@

$(B)/fuzz_%: $(B)/tests/fuzz/fuzz_%.o $(B)/tests/fuzz/replay.o $(B)/libkiln.a
	@$(CC) $(LDFLAGS) $(if $(SAN),-fsanitize=$(SAN)) $^ $(LIBS) -o $@

# What the comparisons with the reference tools speak to; the solver's asks libsolv as well.
DRIVERS := $(patsubst tests/differential/%.c,$(B)/%,$(wildcard tests/differential/*_driver.c))
$(B)/solve_driver: LIBS += -lsolv
$(B)/%_driver: $(B)/tests/differential/%_driver.o $(B)/libkiln.a
	@$(CC) $(LDFLAGS) $(if $(SAN),-fsanitize=$(SAN)) $^ $(LIBS) -o $@

$(B)/%_bench: $(B)/tests/bench/%_bench.o $(B)/libkiln.a
	@$(CC) $(LDFLAGS) $(if $(SAN),-fsanitize=$(SAN)) $^ $(LIBS) -o $@

# Objects that only a pattern rule needs would be deleted, and made again each time.
.SECONDARY:

unit: $(UNITS)
	@for t in $(UNITS); do $$t || exit 1; done

# Everything that the tests run, of one build.
checks: $(UNITS) $(FUZZERS) $(DRIVERS) $(if $(CLI),$(B)/kiln)

# Long campaigns of libFuzzer, one after the other. What they find stands in build/fuzz/found;
# a finding goes to tests/fuzz/corpus, where every test run replays it.
FUZZ_SECONDS ?= 120
CAMPAIGNS    := $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
.PHONY: fuzz campaigns
fuzz: setup-tests
	@tests/setup.sh build clang
	@$(MAKE) -j2 CC=clang SAN=fuzzer-no-link,address,undefined B=build/fuzz \
	  CFLAGS="-g -fno-sanitize-recover=undefined" campaigns

campaigns: $(CAMPAIGNS:%=build/fuzz/campaign_%)
	@mkdir -p build/fuzz/found $(CAMPAIGNS:%=build/fuzz/corpus/%)
	@for t in $(CAMPAIGNS); do echo "== $$t"; build/fuzz/campaign_$$t -verbosity=0 -max_total_time=$(FUZZ_SECONDS) \
	  -artifact_prefix=build/fuzz/found/$$t- build/fuzz/corpus/$$t tests/fuzz/corpus/$$t || exit 1; done

build/fuzz/campaign_%: $(B)/tests/fuzz/fuzz_%.o $(B)/libkiln.a
	@$(CC) $(LDFLAGS) -fsanitize=fuzzer,address,undefined $^ $(LIBS) -o $@

test: channel sources base
	$(MAKE) -j2 checks
	$(if $(SAN),,$(MAKE) -j2 SAN=address,undefined checks)
	tests/run.sh

lint: setup-tests
	$(MAKE) -j2 WERROR=1 checks
	tests/lint/run.sh

# What the build needs; what the tests need; the channel and the base image that they use.
.PHONY: setup setup-tests channel sources base demo bench bench-solve bench-pip
setup:
	@BUILD_PACKAGES="$(BUILD_PACKAGES)" tests/setup.sh build

setup-tests: setup
	@TEST_PACKAGES="$(TEST_PACKAGES)" tests/setup.sh test

channel: setup-tests
	@tests/channel/make.sh

# Source distributions that tests build, and what they are built with.
sources: setup-tests
	@tests/sources/make.sh

# Where no base can be made, the tests that need one say so and are skipped.
base: setup-tests
	@tests/base/make.sh || echo "base: none could be made" >&2

# The main job from nothing; what it costs beside other ways.
demo: channel base
	$(MAKE) -j2 all
	@tests/demo.sh

bench: channel base
	@BUILD_PACKAGES="$(BENCH_PACKAGES)" tests/setup.sh build
	$(MAKE) -j2 all
	@build/venv/bin/python tests/bench/bench.py build/bench/images
	@$(MAKE) bench-solve

bench-pip: channel base
	@BUILD_PACKAGES="$(BENCH_PACKAGES)" tests/setup.sh build
	$(MAKE) -j2 all
	@build/venv/bin/python tests/bench/bench_pip.py build/bench/pip

# Only the solver, on a channel as large as the largest there is; it takes some minutes.
bench-solve: setup-tests
	$(MAKE) -j2 $(B)/solve_bench
	@build/venv/bin/python tests/bench/solve.py $(RECORDS)

clean:
	rm -rf build/plain build/address-undefined build/fuzz

-include $(shell find $(B) -name '*.d' 2>/dev/null)
