#!/usr/bin/env bash

set -o errexit

: "${VAULT_ENV:=development}"

if [ "$VAULT_ENV" != 'development' ]; then
  echo 'This is not the place to run tests.'
  exit 1
fi

run_ci () {
  flake8 .
  mypy .
  pytest
  python manage.py makemigrations --dry-run --check
}

run_ci
