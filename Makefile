# For those who expect "make && make install && make installcheck", and for "pgxn install": everything is Meson's.
#   make PG_CONFIG=/usr/lib/postgresql/17/bin/pg_config
# The module alone is built, as that is what gets installed; tools/check and meson.build have the rest. As with PGXS, each
# command takes the PG_CONFIG that it is given.
PG_CONFIG ?= pg_config
BUILD ?= build-make
BUILDTYPE ?= release
MESON ?= meson
NINJA ?= ninja

# $(call configure,FOLDER,OPTIONS): for this PostgreSQL, whatever the folder was for before.
configure = if [ -f $(1)/build.ninja ]; then what="configure $(1)"; else what="setup $(1) . --buildtype=$(BUILDTYPE)"; fi; \
	$(MESON) $$what -Dpg_config="$$(command -v "$(PG_CONFIG)")" $(2)

all: tools
	$(call configure,$(BUILD),-Dstub=false -Dtests=false -Ddocdir="$$("$(PG_CONFIG)" --docdir)/extension")
	$(NINJA) -C $(BUILD)

install: all
	DESTDIR="$(DESTDIR)" $(MESON) install -C $(BUILD) --no-rebuild --tags extension

# In the running server that libpq's variables name (PGHOST, PGPORT, …), with what was installed there. kalam-stub, which
# stands in for a KalamDB server, is built for it.
installcheck: tools
	$(call configure,$(BUILD)-stub,-Dstub=true -Dtests=false)
	$(NINJA) -C $(BUILD)-stub src/stub/kalam-stub
	tests/regress/run --installed --build "$(abspath $(BUILD)-stub)" --pg-config "$(PG_CONFIG)"

# By names: "pgxn uninstall" calls it in sources that were never built.
uninstall:
	rm -f "$(DESTDIR)$$("$(PG_CONFIG)" --pkglibdir)/pg_kalam.so"
	rm -f "$(DESTDIR)$$("$(PG_CONFIG)" --sharedir)/extension/pg_kalam.control"
	rm -f "$(DESTDIR)$$("$(PG_CONFIG)" --sharedir)/extension"/pg_kalam--*.sql
	rm -f "$(DESTDIR)$$("$(PG_CONFIG)" --docdir)/extension/pg_kalam.cdx.json"

clean:
	rm -rf $(BUILD) $(BUILD)-stub

distclean: clean
maintainer-clean: clean

tools:
	@for tool in $(MESON) $(NINJA) "$(PG_CONFIG)"; do command -v "$$tool" >/dev/null || \
		{ echo "$$tool is missing: see docs/install.md (Debian: tools/install-packages build)" >&2; exit 1; }; done

.PHONY: all install installcheck uninstall clean distclean maintainer-clean tools
