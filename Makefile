# Bare `make` prints what there is: every `target: ... ## text` and every `#: NAME text` below appears in it.
.DEFAULT_GOAL := help
.PHONY: help setup environment demo train tune export bundle run check test lock wheel clean
.PHONY: image-train image-export image-edge deb deploy test-containers test-system benchmark-edge benchmark-export benchmark-train
.PHONY: delivery-environment needs-name needs-device needs-engine needs-local needs-dataset needs-run needs-bundle needs-source needs-host
unexport PYTHONPATH PYTHONHOME
ifneq ($(realpath $(dir $(firstword $(MAKEFILE_LIST)))),$(realpath $(CURDIR)))
$(error this Makefile works in its own directory: make -C $(dir $(firstword $(MAKEFILE_LIST))))
endif

# `=` and not `?=`: a shell may have set NAME, DATA or SOURCE for other reasons (WSL sets NAME).
#: DATASET fashion_mnist, mnist, cifar10, folder:PATH with a folder of pictures for each label, csv:FILE
DATASET = fashion_mnist
#: NAME what DATA, RUN and BUNDLE are called
NAME = $(patsubst %.csv,%,$(lastword $(subst /, ,$(subst :, ,$(subst $(space),_,$(DATASET))))))
#: DATA the prepared dataset
DATA = data/$(NAME)
#: RUN the trained model and its report
RUN = runs/$(NAME)
#: BUNDLE what a device gets
BUNDLE = bundles/$(NAME)
#: STUDY all that a search has tried
STUDY = studies/$(NAME)
#: SOURCE what is judged: watch:DIR, a picture or folder, a camera (/dev/video0, rtsp://…)
SOURCE =
#: DEVICE gpu, cpu or auto; with auto `make train` takes the GPU or fails, never the CPU
DEVICE = auto
#: ENGINE docker, podman, local or auto: a container where one can be had, else .venv
ENGINE = auto
#: PLATFORM of `make image-edge`, as in linux/arm64; without it, this machine's own
PLATFORM =
#: HOST of `make deploy`, as ssh takes it: pi@raspberrypi.local
HOST =
#: KEY a public key: `make run`, or from `make deploy` on the device, takes no bundle that it did not sign
KEY =
#: PREPARE more flags for preparing, as in PREPARE="--size 128 --resize letterbox"
PREPARE =
#: ARGS more flags for the command behind a target
ARGS =
#: PYTHON what makes .venv: 3.11 to 3.13
PYTHON = python3

# A misspelt name would be no error for make, and the default would be used in silence.
said := $(foreach name,$(.VARIABLES),$(if $(filter command,$(firstword $(origin $(name)))),$(name)))
unknown := $(if $(said),$(filter-out SHELL $(shell sed -n 's/^\#: \([A-Z]*\) .*/\1/p' $(firstword $(MAKEFILE_LIST))),$(said)))
ifneq ($(unknown),)
$(error $(unknown): no variable of this Makefile; `make` lists them, and flags of a command go into ARGS="--epochs 20")
endif

# Recipes read these from their environment, so that a path may hold spaces and quotes.
export DATASET NAME DATA RUN BUNDLE STUDY SOURCE DEVICE ENGINE PLATFORM HOST KEY
empty :=
space := $(empty) $(empty)
python := .venv/bin/python
# What brings things to a device wants little; an environment that is there will do.
delivery_venv := $(if $(wildcard .venv/edge-environment.json),.venv,.venv-build)
trains_on = $(if $(filter cpu,$(DEVICE)),cpu,gpu)
asked_engine = $(filter docker podman,$(ENGINE))
# $(call in,STAGE): decides once where a stage runs; `at` then runs its commands there.
in = where=$$("$(PYTHON)" -m tools.containers.stage where $(1) --engine "$$ENGINE" --device $(trains_on) --source "$$SOURCE" $(if $(KEY),--signed)) \
  && at() { "$(PYTHON)" -m tools.containers.stage run --device $(trains_on) "$$where" $(1) "$$@"; }

##@ Start

help:
	@awk 'BEGIN { FS = ":.*## " } \
	  /^##@ / { printf "\n%s\n", substr($$0, 5) } \
	  /^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' Makefile
	@printf '\nVariables, and what they are unless you say otherwise\n'
	@awk '/^#: / { name = $$2; sub(/^#: [A-Z]+ /, ""); text[name] = $$0; order[++n] = name } \
	  /^[A-Z]+ =/ { value[$$1] = substr($$0, index($$0, "=") + 2) } \
	  END { for (i = 1; i <= n; i++) { name = order[i]; shown = (value[name] ~ /lastword/) ? "end of DATASET" : value[name]; \
	    printf "  %-8s %-16s %s\n", name, shown, text[name] } }' Makefile
	@printf '%s\n' '' 'From a folder of pictures for each label to a device' '    make train DATASET=folder:pictures DEVICE=cpu' \
	  '    make bundle NAME=pictures' '    make run NAME=pictures SOURCE=pictures' '    make deploy NAME=pictures HOST=pi@raspberrypi.local'

setup: needs-device  ## make .venv from a lock with hashes, or find that it is as it should be
	@"$(PYTHON)" tools/environment.py --device "$$DEVICE" && echo "setup: .venv is as it should be"

demo: needs-engine environment  ## train, export, prove and judge Fashion-MNIST
	@$(python) tools/demo.py --device "$$DEVICE" --engine $(or $(asked_engine),local) $(ARGS)

##@ From pictures to a device

train: needs-name needs-device needs-dataset  ## prepare DATASET, train RUN, evaluate it; DEVICE, PREPARE, ARGS="--epochs 20"
	@$(call in,train) \
	  && at preflight --device $(trains_on) --then fit --data "$$DATA" --run "$$RUN" $(ARGS) \
	  && at prepare --dataset "$$DATASET" --out "$$DATA" $(if $(filter --fresh,$(ARGS)),,--keep-for "$$RUN" )$(PREPARE) \
	  && at fit --data "$$DATA" --run "$$RUN" --device $(trains_on) $(ARGS) \
	  && at evaluate "$$RUN" --device $(trains_on)

tune: needs-name needs-device needs-local needs-dataset environment  ## search networks and settings for DATASET, for accuracy and int8 latency; DEVICE, STUDY, ARGS="--trials 40"
	@$(python) -m train preflight --device $(trains_on) --then tune --data "$$DATA" --study "$$STUDY" $(ARGS) \
	  && $(python) -m train prepare --dataset "$$DATASET" --out "$$DATA" --keep-for "$$STUDY" --keep-for "$$RUN" $(PREPARE) \
	  && $(python) -m train tune --data "$$DATA" --study "$$STUDY" --device $(trains_on) $(ARGS)

export: needs-name needs-device needs-run  ## convert RUN, prove every variant, write BUNDLE; ARGS=--force
	@$(call in,export) && at "$$RUN" --out "$$BUNDLE" $(ARGS)

bundle: needs-name needs-device needs-run  ## the same, and one .tar of it for the way to the device
	@$(call in,export) && at "$$RUN" --out "$$BUNDLE" --tar "$$BUNDLE.tar" $(ARGS)

run: needs-name needs-source needs-device needs-bundle  ## judge SOURCE with BUNDLE, here; ARGS=--http serves the page
	@$(call in,edge) && at run --bundle "$$BUNDLE" --source "$$SOURCE" $(if $(KEY),--key "$$KEY") $(ARGS)

# Fixed, so that the same sources give the same bytes; 1980 is where a zip file's time starts.
wheel: export SOURCE_DATE_EPOCH = 315532800
wheel: delivery-environment  ## build the device's wheel into dist/, offline
	@$(delivery_venv)/bin/python -I -m pip --disable-pip-version-check wheel --quiet --no-index --no-deps --no-build-isolation -w dist .
	@ls -l dist/*.whl

##@ To a device

deploy: needs-name needs-host needs-bundle delivery-environment  ## put BUNDLE on HOST with ssh, judge SOURCE; KEY, ARGS=--dry-run, --camera, --remove
	@$(delivery_venv)/bin/python -m tools.delivery.deploy "$$HOST" $(if $(findstring --remove,$(ARGS)),,--bundle "$$BUNDLE" $(if $(SOURCE),--source "$$SOURCE")$(if $(KEY), --key "$$KEY")) $(ARGS)

deb: delivery-environment  ## build a Debian package for devices into dist/; ARGS="--arch arm64 --python 3.11"
	@$(delivery_venv)/bin/python -m tools.delivery.deb --out dist $(ARGS)

image-train: needs-device  ## build the image that trains; DEVICE=cpu, ARGS="--backend jax"
	@"$(PYTHON)" -m tools.containers.build train --engine "$$ENGINE" --device $(trains_on) $(ARGS)

image-export:  ## build the image that converts and proves
	@"$(PYTHON)" -m tools.containers.build export --engine "$$ENGINE" $(ARGS)

image-edge:  ## build the image for devices; PLATFORM=linux/arm64, ARGS=--camera, --signed
	@"$(PYTHON)" -m tools.containers.build edge --engine "$$ENGINE" --platform "$$PLATFORM" $(ARGS)

##@ For those who change the kit

check: environment  ## format, lint, types, and who may import whom
	$(python) -m ruff check .
	$(python) -m ruff format --check .
	$(python) -m mypy
	.venv/bin/lint-imports --no-logo
	.venv/bin/hadolint docker/*.Dockerfile

test: needs-engine environment  ## tests that need Python packages alone; ENGINE=docker adds those with containers
	$(python) -m pytest -q --durations=10 -m "not container and not system" $(ARGS)
	$(if $(asked_engine),$(python) -m tools.containers.proof)

test-system: environment  ## tests with a broker, a browser, a camera server; ARGS=--install brings them
	$(python) -m tools.system_tests $(ARGS)

benchmark-edge: environment  ## ratios against bare interpreters and other runtimes, side by side; ARGS=--quick
	$(python) -m tools.benchmarks.edge $(ARGS)

benchmark-export: environment  ## what int8 keeps, and what the proof costs against bare conversions; ARGS=RUN...
	$(python) -m tools.benchmarks.export $(ARGS)

benchmark-train: environment  ## what the presets reach, and how soon; ARGS="--only time" takes two minutes
	$(python) -m tools.benchmarks.training $(ARGS)

test-containers: environment  ## tests with images, containers, emulated boards, packages, deployment; root; ARGS=--install
	$(python) -m tools.containers.proof $(ARGS)

lock:  ## write locks/ from pyproject.toml; ARGS=--upgrade takes newer versions
	@"$(PYTHON)" -m tools.lock $(ARGS)

clean:  ## remove .venv, dist and caches; says what it keeps
	@for made in .venv .venv-build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis; do \
	  if [ -e "$$made" ]; then echo "clean: removing $$made"; rm -rf "$$made"; fi; done
	@find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +
	@for kept in data runs bundles studies pictures; do \
	  if [ -e "$$kept" ]; then echo "clean: kept $$kept ($$(du -sh "$$kept" | cut -f1)); to remove it: rm -r $$kept"; fi; done

# Says nothing and takes a fraction of a second when there is nothing to do.
environment: needs-device
	@"$(PYTHON)" tools/environment.py --device "$$DEVICE"

delivery-environment: needs-device
	@"$(PYTHON)" tools/environment.py $(if $(filter .venv,$(delivery_venv)),--device "$$DEVICE",--small)

needs-device:
	@case "$$DEVICE" in auto|gpu|cpu) ;; *) echo "make: DEVICE=$$DEVICE: gpu, cpu or auto is wanted" >&2; exit 2;; esac

needs-name:
	@case "$$NAME" in ''|.|..|*/*) \
	  echo "make: NAME=$$NAME (from DATASET=$$DATASET) does not name a folder; say for example NAME=pictures" >&2; exit 2;; esac

needs-engine:
	@case "$$ENGINE" in auto|docker|podman|local) ;; *) echo "make: ENGINE=$$ENGINE: docker, podman, local or auto is wanted" >&2; exit 2;; esac

# Nothing but .venv both trains and converts; of the images each does one of them.
needs-local: needs-engine
	@case "$$ENGINE" in docker|podman) echo "make: ENGINE=$$ENGINE: a search trains and converts, and no image does both;" \
	  "without ENGINE it is done in .venv" >&2; exit 2;; esac

needs-dataset: needs-name
	@"$(PYTHON)" -m tools.asked dataset
	$(if $(filter file,$(origin DATASET)),@echo "make: DATASET is not given: $$DATASET" >&2)

needs-run: needs-name
	@"$(PYTHON)" -m tools.asked run

# What is taken out (make deploy ARGS=--remove) needs no bundle.
needs-bundle: needs-name
	@$(if $(findstring --remove,$(ARGS)),:,"$(PYTHON)" -m tools.asked bundle)

needs-host:
	@if [ -z "$$HOST" ]; then \
	  echo "make: HOST is missing; for example: make deploy HOST=pi@raspberrypi.local" >&2; exit 2; fi

needs-source:
	@if [ -z "$$SOURCE" ]; then \
	  echo "make: SOURCE is missing; for example: make run SOURCE=watch:pictures" >&2; exit 2; fi
	@"$(PYTHON)" -m tools.asked source
