# Makes the project of a case the working folder of a run; what prepare.sh made is linked.
set -euo pipefail
case=$(cd "$(dirname "$0")" && pwd)
prepared=$(cd "$case/../../.." && pwd)

if [ ! -x "$prepared/environment/bin/python" ]; then
    echo "run \`bash evals/prepare.sh FOLDER\` first, and evaluate FOLDER/plugin" >&2
    exit 1
fi
cp -R "$case/fixtures/." .
ln -s "$prepared/environment" .venv
# A run starts in an empty home: without this, each would build hdb's own environment again.
if [ -d "$prepared/hdb/runtime" ]; then
    mkdir -p "$HOME/.cache/hdb"
    ln -s "$prepared/hdb/runtime" "$HOME/.cache/hdb/runtime"
fi
