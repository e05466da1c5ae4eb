# SPDX-License-Identifier: GPL-2.0
# make            builds the modules and the tools
# make help       lists the other targets

# Headers to build against: those of the running kernel if they are there and
# new enough, else the newest installed ones of Linux 6.12.
KDIR ?= $(shell tools/testing/kdir 2>/dev/null)

KBUILD = $(MAKE) -C $(KDIR) M=$(CURDIR) CONFIG_EUDP=m
export DESTDIR
TOOLS = $(MAKE) -s -C tools/eudp OUTPUT=$(CURDIR)/build/tools

.PHONY: all modules tools install uninstall load unload deb demo shell quick \
	check kunit selftest bench conformance programs soak kcsan machines coverage lint \
	static doc deps clean help

all: modules tools

modules: ## build the modules against KDIR
	@tools/testing/kdir $(KDIR) >/dev/null
	$(KBUILD) modules

tools: ## build the programs of tools/eudp
	@$(TOOLS) tools

install: ## install what was built: DESTDIR, PREFIX, KDIR (as root)
	@tools/testing/kdir $(KDIR) >/dev/null
	@tools/eudp/module install $(KDIR)
	@$(TOOLS) install

uninstall: ## remove what install has installed (as root)
	@tools/testing/kdir $(KDIR) >/dev/null
	@tools/eudp/module uninstall $(KDIR)
	@$(TOOLS) uninstall

load: ## load the modules that were built (as root)
	@tools/eudp/module load

unload: ## unload them (as root)
	@tools/eudp/module unload

deb: deps ## build the Debian packages, in build/deb
	@rm -rf build/deb
	@mkdir -p build/deb/eudp/tools
	@cp -r COPYING Documentation Kbuild Makefile debian dkms.conf include net \
		build/deb/eudp
	@cp -r tools/eudp build/deb/eudp/tools
	@cd build/deb/eudp && find net include \( -name '*.o' -o \
		-name '.*.cmd' \) -exec rm -f {} + && \
		dpkg-buildpackage -b -us -uc >../log 2>&1 || \
		{ tail -n 40 ../log >&2; exit 1; }
	@ls build/deb/*.deb

demo: deps ## boot a VM, load eudp and show what it does
	@$(TOOLS)
	@tools/testing/vm/vm run -- tools/eudp/demo

shell: deps ## a shell in the same VM, with eudp loaded
	@tools/testing/vm/vm shell

quick: deps ## lint, KUnit and the selftests on Debian's kernel (minutes)
	@tools/testing/check quick

check: deps ## quick, and all of it again on a debug kernel
	@tools/testing/deps programs
	@tools/testing/deps doc
	@tools/testing/check check

kunit: deps ## only the KUnit suites, on UML
	@tools/testing/check kunit

selftest: deps ## only the selftests, on Debian's kernel
	@tools/testing/check selftest

bench: deps ## instructions per datagram, eudp beside in-kernel UDP
	@tools/testing/bench/bench --max-ratio 1.02

conformance: deps ## upstream's own UDP tests, on UDP and on eudp
	@tools/testing/deps conformance
	@tools/testing/conformance/conformance

programs: deps ## programs that people use, unmodified, on UDP and on eudp
	@tools/testing/deps programs
	@tools/testing/programs/programs

soak: deps ## fuzz, race and flood for SOAK_MINUTES (150) on the debug kernel
	@tools/testing/deps trinity
	@tools/testing/fuzz/soak

kcsan: deps ## tests of threads on a kernel that looks for data races
	@tools/testing/kcsan

machines: deps ## other kernels, byte orders and word sizes (hours)
	@tools/testing/deps machines
	@tools/testing/machines

coverage: deps ## which lines of net/eudp the tests reach
	@tools/testing/deps coverage
	@tools/testing/coverage

lint: deps ## W=1, sparse, checkpatch --strict and shellcheck
	@tools/testing/check lint

static: deps ## coccicheck, gcc -fanalyzer, and clang's build
	@tools/testing/deps static
	@tools/testing/static

doc: deps ## the documentation as HTML, in build/doc
	@tools/testing/deps doc
	@tools/testing/doc

deps: ## install the Debian packages that are missing (as root)
	@tools/testing/deps

clean: ## remove what was built here (not the cache)
	rm -rf build
	find . -path ./.git -prune -o \( -name '*.o' -o -name '*.ko' -o \
		-name '.*.cmd' -o -name '.*.d' -o -name '*.mod' -o \
		-name '*.mod.c' -o -name Module.symvers -o -name modules.order \) -exec rm -f {} +

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  %-13s%s\n", $$1, $$2 }' \
		$(MAKEFILE_LIST)
