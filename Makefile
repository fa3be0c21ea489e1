# A thin door to CMake and to the scripts in tools/.  `make help` lists what there is.
JOBS ?= 2
PREFIX ?= /usr/local
SECONDS ?= 60
OPERATIONS ?= 1000000
INSNS ?= 1000000000
PROGRAMS ?= 1000000
SAMPLE ?= 100
ARM64 ?= 100000
MAKEFLAGS += --no-print-directory
export JOBS
export CMAKE_GENERATOR ?= $(if $(shell command -v ninja),Ninja,Unix Makefiles)

all: build

setup: ## install the packages that building and testing need
	@tools/setup.sh build test format

build: ## build the library, the command and the tests in build/
	@tools/setup.sh build
	@[ -f build/CMakeCache.txt ] || cmake --preset dev
	@cmake --build build -j $(JOBS)

release: ## build without asserts in build/release/
	@tools/setup.sh build
	@[ -f build/release/CMakeCache.txt ] || cmake --preset release
	@cmake --build build/release -j $(JOBS)

test: ## build and run all tests, plain and under the sanitizers
	@tools/setup.sh test
	@tools/test.sh

demo: ## the main job on a real capture
	@tools/setup.sh demo
	@tools/demo.sh

corpora: ## the third-party suites (downloads packages into a cache)
	@tools/setup.sh corpora
	@tools/corpora.sh
kernel-tests: ## the kernel's own tests, its verdicts on other programs, and what large ones cost
	@tools/setup.sh corpora
	@tools/corpora.sh kernel-tests kernel-live kernel-large

fuzz: ## run every fuzz target for SECONDS (60) and print the coverage
	@tools/setup.sh fuzz
	@tools/fuzz.sh $(SECONDS)

soak: ## maps and ring buffers for SECONDS (60), 10^9 (INSNS) instructions of random programs, 10^6 (PROGRAMS) programs on all engines, 10^5 (ARM64) on arm64
	@tools/setup.sh test
	@tools/soak.sh $(SECONDS)
	@[ $(INSNS) = 0 ] || build/test/sound_random --tables --insns $(INSNS)
	@[ $(PROGRAMS) = 0 ] || build/test/diff_engines $(PROGRAMS)
	@[ $(PROGRAMS) = 0 ] || build/test/diff_ssa $(PROGRAMS)
	@[ $(PROGRAMS) = 0 ] || build/test/diff_ssa --switches $$(($(PROGRAMS) / 100))
	@[ $(PROGRAMS) = 0 ] || [ ! -x build/bench/run ] || build/bench/run --switches
	@[ $(ARM64) = 0 ] || test/arch/run.sh arm64 build/arm64 $(ARM64) || [ $$? = 77 ]

proofs: ## prove the verifier's operators for all 64-bit words with z3
	@tools/setup.sh proofs
	@tools/proofs.sh

diff: build ## OPERATIONS (1000000) random operations on every map beside the kernel's
	@tools/setup.sh test
	@tools/map_operations.py $(OPERATIONS)

probes: build ## the verdicts of Skep and of the kernel on safe programs and their unsafe twins
	@tools/setup.sh test
	@[ -x build/test/sound_probes ] || { echo "skipped: clang or libbpf is missing"; exit 0; }; \
	    build/test/sound_probes --kernel build/test/sound/*.o

costs: build ## what verifying loops, many paths and hostile shapes costs, beside the bounds
	@tools/verify_costs.py

mistakes: build ## write examples/mistakes/expected/ anew: what the verifier says to each mistake
	@CLANG=$${CLANG:-clang-19} examples/mistakes/test_mistakes.py --write

mutants: build ## mistakes seeded into the verifier, and SAMPLE (100) at random: who catches them
	@tools/setup.sh test
	@tools/mutants.py --sample $(SAMPLE)

coverage: ## how many lines of src/ the tests reach
	@tools/setup.sh test
	@tools/coverage.sh

reach: ## how many lines of the verifier random programs reach, and what was asked of what in them
	@tools/setup.sh test
	@tools/verify_coverage.sh

bench: release ## build and run the benchmarks
	@tools/setup.sh bench
	@tools/bench.sh

install: release ## install to $(DESTDIR)$(PREFIX)
	@cmake -DCMAKE_INSTALL_PREFIX=$(PREFIX) build/release >/dev/null
	@cmake --install build/release

docs: build ## write the generated pages of docs/ anew
	@cmake --build build --target docs

format: ## reformat all C files
	@tools/setup.sh format
	@git ls-files '*.[ch]' | xargs clang-format-14 -i

check-format: ## say which C files are not formatted
	@tools/setup.sh format
	@git ls-files '*.[ch]' | xargs clang-format-14 --dry-run --Werror

clean: ## remove everything that was built
	rm -rf build

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 24

.PHONY: all setup build release test demo corpora kernel-tests fuzz soak diff probes costs mistakes mutants coverage reach bench install docs format check-format clean help
