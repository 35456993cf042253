source "$(dirname "$0")/../stage.sh"
