# Targets around dependencies and packages, included by the Makefile at the top.

# Where packages are written: make package DIST=/srv/packages
DIST ?= dist

.PHONY: check-dependencies
check-dependencies:
	$(call heading,Licences and sources)
	@ops/dependencies/check.sh

.PHONY: package
package: build ## a .deb, a tarball, a bill of materials and checksums, in DIST (dist)
	@ops/package/build.sh '$(CARGO_TARGET_DIR)/release' '$(DIST)'

.PHONY: check-package
check-package: package
	$(call heading,Package)
	@ops/package/test.sh '$(DIST)'
	$(call heading,Image)
	@ops/container/test.sh '$(CARGO_TARGET_DIR)/release'

# Further prerequisites of targets that have their recipes elsewhere.
.PHONY: check-ops test-long
check-ops: check-dependencies
test-long: check-package
