# A thin door to CMake.  `make help` lists what there is.
JOBS ?= 2
PREFIX ?= /usr/local
export CMAKE_GENERATOR ?= $(if $(shell command -v ninja),Ninja,Unix Makefiles)

all: build

build: ## build the library, the command and the tests in build/
	@[ -f build/CMakeCache.txt ] || cmake --preset dev
	@cmake --build build -j $(JOBS)

clean: ## remove everything that was built
	rm -rf build

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 24

.PHONY: all build clean help
