#!/usr/bin/env bash

set -e
set -x

mypy gale
ty check
ruff check gale tests
ruff format gale tests --check
