# What train.sh and inference.sh have in common; read by both, run by nobody.
#
# Paths are a container's; outside of one, name others in the environment.

: "${SLIDEVIEWER_SLIDES:=/input}"
: "${SLIDEVIEWER_OUT:=/output}"
: "${SLIDEVIEWER_PYTHON:=python}"
work="$SLIDEVIEWER_OUT/work"

# Whoever may write the results may write what is kept beside them, whatever user that is.
export SLIDEVIEWER_DATA_DIR="${SLIDEVIEWER_DATA_DIR:-$work/data}"
export TF_CPP_MIN_LOG_LEVEL="${TF_CPP_MIN_LOG_LEVEL:-3}"
export PYTHONUNBUFFERED=1

child=""

stop() {
    [ -z "$child" ] || kill "$child" 2>/dev/null
    exit 143
}
trap stop TERM INT HUP

# Run a command that ends when this script is told to end.
attended() {
    "$@" &
    child=$!
    code=0
    wait "$child" || code=$?
    child=""
    return "$code"
}

slideviewer() {
    attended "$SLIDEVIEWER_PYTHON" -m slideviewer "$@"
}

say() {
    echo "${0##*/}: $*" >&2
}

# What the program said was wrong, in one line.
complaint() {
    grep -a '^slideviewer: ' "$1" | tail -n 1 | cut -c 14-
}

prepare() {
    if [ ! -d "$SLIDEVIEWER_SLIDES" ]; then
        say "There is no folder $SLIDEVIEWER_SLIDES. Mount one with slides there, or name one in SLIDEVIEWER_SLIDES."
        exit 2
    fi
    if ! mkdir -p "$work" 2>/dev/null || [ ! -w "$work" ]; then
        say "Nothing can be written to $SLIDEVIEWER_OUT. Mount a folder there that user $(id -u) may write to, or give docker run --user."
        exit 2
    fi
}

# The slides of the folder, a path a line, in the order of their names.
slides() {
    find "$SLIDEVIEWER_SLIDES" -mindepth 1 -maxdepth 1 ! -name '.*' ! -name '*_mask.*' ! -type d |
        grep -a -i -E '\.(svs|ndpi|mrxs|scn|bif|svslide|vms|vmu|zvi|czi|dcm|qptiff|tif|tiff|btf)$' |
        LC_ALL=C sort
}
