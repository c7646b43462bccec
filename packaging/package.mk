# SPDX-License-Identifier: Apache-2.0
# Installation and packages; the Makefile includes this file.

VERSION = $(shell sed -n 's/^\#define MS_VERSION "\(.*\)"/\1/p' src/core/version.h)
NAME    = mod_managed_session-$(VERSION)
DIST    = $(BUILD)/$(NAME).tar.gz

.PHONY: install uninstall manual dist deb rpm test-packages test-deb deps-manual deps-deb deps-chroots

# What packaging/install.sh takes (DESTDIR, PREFIX or prefix, moduledir ...) may be given to make, which puts it into the script's environment.
install: all
	@APXS="$(APXS)" MODULE="$(MODULE)" CTL="$(CTL)" sh packaging/install.sh install

uninstall:
	@APXS="$(APXS)" MODULE="$(MODULE)" CTL="$(CTL)" sh packaging/install.sh uninstall

# README.md and docs/ as HTML; packaging/manual.py says how.
manual: deps-manual
	$(PYTHON) -B packaging/manual.py $(BUILD)/manual

dist:
	@sh packaging/dist.sh $(NAME) $(DIST)
	@echo $(DIST)

deps-manual deps-deb deps-chroots: deps-%:
	@sh tests/deps.sh $*

# The package is built in a copy of the sources, so that nothing of it is left beside them.
deb: deps-deb dist
	rm -rf $(BUILD)/deb
	mkdir -p $(BUILD)/deb
	tar -xzf $(DIST) -C $(BUILD)/deb
	cd $(BUILD)/deb/$(NAME) && env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL -u BUILD dpkg-buildpackage --build=binary --no-sign -j2
	rm -rf $(BUILD)/deb/$(NAME)
	@ls $(BUILD)/deb/*.deb

# For distributions with RPM; rpmbuild is their tool, and Debian has it too (RPMBUILD="--nodeps" there).
rpm: dist
	rpmbuild -bb $(RPMBUILD) --define "_topdir $(abspath $(BUILD))/rpm" --define "_sourcedir $(abspath $(BUILD))" packaging/mod_managed_session.spec

# What of the packages can be tested in a minute; the rest is skipped.
test-packages: $(MODULE) $(CTL)
	MS_MODULE=$(abspath $(MODULE)) $(PYTHON) -B -m pytest -p no:cacheprovider -q -m "not slow" tests/packaging $(PYTEST)

# All of it, in fresh Debian systems that debootstrap makes and keeps in build/chroots: needs root, the network and half an hour.
test-deb: deps-chroots
	@$(MAKE) --no-print-directory $(MODULE) $(CTL)
	MS_CHROOTS=$(abspath $(BUILD))/chroots MS_MODULE=$(abspath $(MODULE)) $(PYTHON) -B -m pytest -p no:cacheprovider -q -rs tests/packaging $(PYTEST)
