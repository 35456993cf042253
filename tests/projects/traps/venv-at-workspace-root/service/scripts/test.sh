#!/usr/bin/env bash
set -e
set -x

APP_MODE=testing coverage run -m pytest tests/
coverage report
