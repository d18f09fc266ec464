#!/bin/sh
# Slides in, a score for each out: predictions.csv, a line "slide_id,score" each, without a header.
#
# For research use only. Not for use in diagnostic procedures.
#
#   SLIDEVIEWER_SLIDES   folder of slides                        /input
#   SLIDEVIEWER_OUT      folder for the results                  /output
#   SLIDEVIEWER_MODEL    a model's name, or a package's folder   /model where mounted, or the bundled one
#   SLIDEVIEWER_SECONDS  that a slide may take                   300
#   SLIDEVIEWER_SPACING  µm per pixel, where slides do not say
#   SLIDEVIEWER_FORMATS  further results in /output/work         csv
#
# What follows the command is handed on to `slideviewer predict`. A run that was killed goes on where
# it was: slides that have their score are not looked at again. A slide that cannot be read, or takes
# too long, has a line on stderr and stops no other; the exit code is then 2.

set -u
. "$(dirname "$0")/common.sh"

: "${SLIDEVIEWER_SECONDS:=300}"
: "${SLIDEVIEWER_SPACING:=}"
: "${SLIDEVIEWER_FORMATS:=csv}"
if [ -z "${SLIDEVIEWER_MODEL:-}" ]; then
    SLIDEVIEWER_MODEL=tumour-camelyon
    [ ! -f /model/config.json ] || SLIDEVIEWER_MODEL=/model
fi
case "$SLIDEVIEWER_SECONDS" in
'' | 0 | *[!0-9]*)
    say "SLIDEVIEWER_SECONDS is \"$SLIDEVIEWER_SECONDS\", and no number of whole seconds above 0."
    exit 2
    ;;
esac

# A fifth of the time is for what comes before and after the looking: loading and writing.
looking=$((SLIDEVIEWER_SECONDS * 4 / 5))
[ "$looking" -gt 0 ] || looking=1
[ -z "$SLIDEVIEWER_SPACING" ] || set -- --spacing "$SLIDEVIEWER_SPACING" "$@"

prepare
listed="$work/slides.txt"
slides >"$listed"
if [ ! -s "$listed" ]; then
    say "There is no slide in $SLIDEVIEWER_SLIDES."
    exit 2
fi

# All scores so far, in the order of the slides: written beside and renamed, so that it is whole.
gather() {
    while IFS= read -r slide <&4; do
        score="$work/${slide##*/}/score.csv"
        [ ! -f "$score" ] || cat "$score"
    done 4<"$listed" >"$SLIDEVIEWER_OUT/predictions.csv.tmp"
    mv "$SLIDEVIEWER_OUT/predictions.csv.tmp" "$SLIDEVIEWER_OUT/predictions.csv"
}

# A slide's name without its ending; the whole name where another slide has the same one.
named() {
    stem="${1%.*}"
    alike=$(wanted="$stem" awk '
        { sub(/.*\//, ""); sub(/\.[^.]*$/, "") }
        tolower($0) == tolower(ENVIRON["wanted"]) { count++ }
        END { print count + 0 }' "$listed")
    if [ "$alike" -gt 1 ]; then echo "$1"; else echo "$stem"; fi
}

bad=0
gather
while IFS= read -r slide <&3; do
    name="${slide##*/}"
    folder="$work/$name"
    [ ! -f "$folder/score.csv" ] || continue
    mkdir -p "$folder"
    log="$folder/log.txt"
    started=$(date +%s)
    attended timeout -k 5 "$SLIDEVIEWER_SECONDS" \
        "$SLIDEVIEWER_PYTHON" -m slideviewer predict "$slide" --model "$SLIDEVIEWER_MODEL" \
        --out "$folder" --formats "$SLIDEVIEWER_FORMATS" --time-limit "$looking" "$@" \
        >"$log" 2>&1 </dev/null
    code=$?
    if [ "$code" -eq 0 ] && [ -s "$folder/scores.csv" ]; then
        score=$(tail -n 1 "$folder/scores.csv")
        case "$(named "$name")" in
        *[,\"]*) id=$(named "$name" | sed 's/"/""/g; s/.*/"&"/') ;;
        *) id=$(named "$name") ;;
        esac
        echo "$id,${score##*,}" >"$folder/score.tmp"
        mv "$folder/score.tmp" "$folder/score.csv"
        gather
        echo "$name: ${score##*,} ($(($(date +%s) - started)) s)"
    else
        bad=$((bad + 1))
        words=$(complaint "$log")
        [ "$code" -ne 124 ] && [ "$code" -ne 137 ] || words="It took longer than $SLIDEVIEWER_SECONDS s."
        say "$name: ${words:-It ended with code $code; $log says more.}"
    fi
done 3<"$listed"

echo "For research use only. Not for use in diagnostic procedures."
[ "$bad" -eq 0 ] || exit 2
