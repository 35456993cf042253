#!/usr/bin/env bash
# Makes what the runs of the cases need in a folder: a copy of the plugin, which the client accepts
# only without hard links and below 20,000 files, their projects' environment, and hdb's own.
set -euo pipefail
if [ $# -ne 1 ]; then
    echo "usage: bash evals/prepare.sh FOLDER (outside of any repository)" >&2
    exit 2
fi
mkdir -p "$1"
folder=$(cd "$1" && pwd)
cd "$(dirname "$0")/.."

rm -rf "$folder/plugin" "$folder/environment"
mkdir "$folder/plugin"
cp -R .claude-plugin .mcp.json bin evals mcp_server requirements.lock skills "$folder/plugin"

requirements=()
for file in evals/*/fixtures/requirements.txt; do
    requirements+=(-r "$file")
done
python=$folder/environment/bin/python
if command -v uv > /dev/null; then
    uv venv --quiet "$folder/environment"
    uv pip install --quiet --python "$python" "${requirements[@]}"
else
    python3 -m venv "$folder/environment"
    "$python" -m pip install --quiet --disable-pip-version-check "${requirements[@]}"
fi
cd "$folder/plugin"
HDB_CACHE=$folder/hdb bin/hdb conventions evals/verify-after-edit/fixtures > /dev/null
echo "prepared; evals/README.md says how to run the cases of $folder/plugin"
