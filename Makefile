# make demo      the whole study on drawn faces, on the CPU, in minutes
# make table2    what each step of help buys, on drawn faces, in minutes
# make archive PHOTOS=~/pictures    faces by expression in your own photographs: tags, and a gallery to look at
# make tags PHOTOS=~/pictures       what they show, written beside them as XMP sidecars; make untag takes all of it out again
# make find WORDS=furious           faces by words, or LIKE=photo.jpg by example: a table and a contact sheet
# make models    a face detector and a face landmarker that others have trained, by pinned digest
# make test      all tests
# make browser   the labelling notebook in a real browser, with screenshots in artifacts/
# make fuzz      a minute of spoilt lists and pictures; SECONDS_OF_FUZZ=600 SEED=7 for longer and for others
SHELL := /bin/bash
.DELETE_ON_ERROR:
.DEFAULT_GOAL := demo

PYTHON ?= python3
# The Keras backend that is installed: tensorflow-cpu is the light build; it exists for Linux alone.
BACKEND ?= $(if $(filter Linux,$(shell uname -s)),tensorflow-cpu,tensorflow)
VENV := .venv
BIN := $(VENV)/bin
export TF_CPP_MIN_LOG_LEVEL ?= 2
export KERAS_BACKEND ?= tensorflow

SECONDS_OF_FUZZ ?= 60
SEED ?= 1

.PHONY: demo table2 archive tags untag find models test browser fuzz lint clean

demo: $(VENV)/demo.stamp
	@FECEMO_PROGRESS=lines $(BIN)/snakemake -s pipelines/Snakefile
	@$(BIN)/python pipelines/09_table.py --recipe pipelines/recipes/demo.yaml --run runs/demo

models: $(VENV)/models.stamp
	@$(BIN)/python pipelines/00_models.py

# Without the models, the rows that need them stay dashes, and the table says so.
table2: $(VENV)/models.stamp
	@$(BIN)/python pipelines/00_models.py || echo "Rows that need a landmark model stay dashes"
	@FECEMO_PROGRESS=lines $(BIN)/snakemake -s pipelines/Snakefile --config recipe=pipelines/recipes/table2_small.yaml
	@$(BIN)/python pipelines/09_table.py --recipe pipelines/recipes/table2_small.yaml --run runs/table2_small

# The photographs are only read. ARCHIVE is where everything that is made of them goes. Photographs that were added keep
# groups and their names; REGROUP=1 groups all of them anew.
ARCHIVE ?= runs/archive
TOP ?= 50
TAG = $(BIN)/python pipelines/15_tag.py --dataset "$(ARCHIVE)/datasets/photographs" --run "$(ARCHIVE)" \
	--row landmark_features --variant gray --out "$(ARCHIVE)/tags"
# Their texts reach the shell as variables: any name of a file will do. Some shells leave the ~ behind = as it is.
export PHOTOS WORDS LIKE
FOLDER = "$${PHOTOS/\#\~/$$HOME}"
EXAMPLE = "$${LIKE/\#\~/$$HOME}"
PHOTOS_ARE_THERE = test -n "$$PHOTOS" || { echo "Name a folder of photographs: make $@ PHOTOS=~/pictures"; exit 2; }; \
	test -d $(FOLDER) || { echo "There is no folder $$PHOTOS"; exit 2; }

archive: $(VENV)/models.stamp
	@$(PHOTOS_ARE_THERE)
	@$(BIN)/python pipelines/00_models.py
	@$(if $(REGROUP),$(BIN)/python pipelines/17_regroup.py --run "$(ARCHIVE)" --recipe pipelines/recipes/archive.yaml)
	@FECEMO_PROGRESS=lines $(BIN)/snakemake -s pipelines/Snakefile --config recipe=pipelines/recipes/archive.yaml \
		run="$(ARCHIVE)" photographs=$(FOLDER)
	@$(TAG)
	@$(BIN)/python pipelines/16_gallery.py --tags "$(ARCHIVE)/tags" --dataset "$(ARCHIVE)/datasets/photographs" \
		--photos $(FOLDER) --out "$(ARCHIVE)/gallery"

tags: $(VENV)/models.stamp
	@$(PHOTOS_ARE_THERE)
	@$(TAG) --photos $(FOLDER) --sidecars True

untag: $(VENV)/models.stamp
	@$(PHOTOS_ARE_THERE)
	@$(TAG) --photos $(FOLDER) --remove True

find: $(VENV)/models.stamp
	@test -n "$$WORDS$$LIKE" || { echo "Say what to find: make find WORDS=furious, or LIKE=photo.jpg"; exit 2; }
	@$(BIN)/python pipelines/16_search.py --tags "$(ARCHIVE)/tags" --find "$$WORDS" --like $(EXAMPLE) \
		--top $(TOP) --out "$(ARCHIVE)/hits"

# A worker a core: their libraries' own threads would only wait for one another.
test: $(VENV)/test.stamp
	OMP_NUM_THREADS=1 TF_NUM_INTRAOP_THREADS=1 $(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder --durations 20

browser: $(VENV)/test.stamp
	@.ci/browser

fuzz: $(VENV)/test.stamp
	$(BIN)/python tests/fuzz/fuzz.py --seconds $(SECONDS_OF_FUZZ) --seed $(SEED)

lint: $(VENV)/test.stamp
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "fecemo needs Python 3.11 or newer, this is " + sys.version.split()[0] + "; name one with: make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/demo.stamp: setup.cfg pyproject.toml | $(BIN)/python
	@echo "Installing fecemo into $(VENV): a minute or two, 2 GB"
	$(BIN)/python -m pip install --disable-pip-version-check --progress-bar off -e '.[$(BACKEND),workflow]'
	@touch $@

$(VENV)/models.stamp: $(VENV)/demo.stamp
	$(BIN)/python -m pip install --disable-pip-version-check --progress-bar off -e '.[landmarks]'
	@touch $@

$(VENV)/test.stamp: $(VENV)/demo.stamp
	$(BIN)/python -m pip install --disable-pip-version-check --progress-bar off -e '.[$(BACKEND),workflow,notebook,dev]'
	@touch $@

clean:
	rm -rf $(VENV) runs/demo runs/table2_small .snakemake artifacts
