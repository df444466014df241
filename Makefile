# Two commands: `make chat` opens the page, `make test` checks everything.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
MODELS := qwen2.5-coder-1.5b all-minilm-l6-v2
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: chat test install install-dev models index check fast real ocr-tools browser-tools eval gate bench probes fuzz docs clean help

help:
	@echo "make chat   install, fetch the models, index seeds/, open http://127.0.0.1:7860"
	@echo "make test   format, lint, types, docs, fast tests, tests with the real models"
	@echo "make eval   ask the questions on seeds/ and print the figures"
	@echo "make gate   ask a dozen of them and hold them against the last whole run"
	@echo "make bench  seconds with and without what was read before, on 20 of them; writing; several people"
	@echo "make probes fit anew what is read off the model's state (three hours)"
	@echo "make fuzz   ten minutes of damaged files, and what is worth keeping of them"
	@echo "make docs   write generated parts of the documentation anew"

chat: install models index
	$(BIN)/rag serve

test: install-dev check fast models real gate

$(VENV)/bin/python:
	$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11) and 'Footnote needs Python 3.11 or newer; name one: make PYTHON=python3.12 …')"
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: $(VENV)/bin/python pyproject.toml constraints.txt
	@echo "Installing (the first time compiles llama.cpp: a few minutes) …"
	$(PIP) --editable '.[web,report]'
	@touch $@

$(VENV)/.installed-dev: $(VENV)/bin/python pyproject.toml constraints.txt
	@echo "Installing (the first time compiles llama.cpp: a few minutes) …"
	$(PIP) --editable '.[web,report,ocr,dev]'
	@touch $@ $(VENV)/.installed

install: $(VENV)/.installed

install-dev: $(VENV)/.installed-dev

models: install
	$(BIN)/rag models fetch $(MODELS)

index: install models
	$(BIN)/rag index seeds --index seeds

check: install-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/cog --check README.md docs/*.md

fast: install-dev ocr-tools
	$(BIN)/pytest tests/fast

# Tesseract for the tests of scanned pages; elsewhere they skip and say so.
ocr-tools:
	@if command -v tesseract >/dev/null; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends tesseract-ocr >/dev/null; \
	else echo "Tesseract is not installed; the tests of scanned pages will be skipped"; fi

# Debian's chromium for the browser test; elsewhere the test skips and says so.
browser-tools:
	@if command -v chromium >/dev/null || command -v chromium-browser >/dev/null; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null; \
	else echo "chromium is not installed; the browser tests will be skipped"; fi

real: install-dev models browser-tools
	$(BIN)/rag models fetch smollm2-135m
	$(BIN)/pytest tests/real tests/browser

# A dozen of the sample questions against the last whole run that is kept.
BASELINE = benchmarks/results/eval-qwen2.5-coder-1.5b-ba219c63ad63.json
gate: install-dev models index
	$(BIN)/rag eval gate --baseline $(BASELINE) --sample 12 --seed 4 --max-drop 0.1 --no-judge \
	  --out .cache/gate.json --fresh

eval: install models index
	$(BIN)/rag eval

# Ratios in one run, each question in every way in turn; docs/performance.md says what they mean.
# Other systems need `pip install -e '.[peers]'` and `--ways cold warm joint llamaindex haystack`.
BENCH = $(BIN)/python -m benchmarks.speed
bench: install-dev models index
	@mkdir -p .cache/bench
	$(BENCH) run --index indexes/seeds --limit 20 --out .cache/bench/seeds.jsonl
	$(BENCH) generation --out .cache/bench/generation.jsonl
	$(BENCH) users --limit 4 --out .cache/bench/users.jsonl
	$(BENCH) score .cache/bench/seeds.jsonl .cache/bench/generation.jsonl .cache/bench/users.jsonl

# The probes that rag/probes ships, from shared pairs and invented texts: about three hours on two
# cores, and resumable.
probes: install-dev models
	$(BIN)/python -m training.probes collect holds --most 1480 --out .cache/probes
	$(BIN)/python -m training.probes collect found --most 100 --out .cache/probes
	$(BIN)/python -m training.probes collect invented --most 3000 --out .cache/probes
	$(BIN)/python -m training.replies --out .cache/probes
	$(BIN)/python -m training.probes fit .cache/probes --save

# Changes files of every format and reads them; `keep` then puts what is worth it into tests/corpus.
fuzz: install-dev
	$(BIN)/python -m tests.fuzz run --minutes 10
	$(BIN)/python -m tests.fuzz keep

docs: install-dev
	$(BIN)/cog -r README.md docs/*.md

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
