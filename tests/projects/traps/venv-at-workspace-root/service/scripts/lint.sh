#!/usr/bin/env bash
set -e

mypy app
ty check app
ruff check app
ruff format app --check
