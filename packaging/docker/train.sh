#!/bin/sh
# Slides and their markup in, a model package out: /output/model, for inference.sh.
#
# For research use only. Not for use in diagnostic procedures.
#
#   SLIDEVIEWER_SLIDES   folder of slides                      /input
#   SLIDEVIEWER_MARKUP   folder of XML files or masks          /markup where mounted, or the slides'
#   SLIDEVIEWER_OUT      folder for the results                /output
#   SLIDEVIEWER_CLASSES  groups or labels, and their classes   rest=Normal,white=Tumor
#   SLIDEVIEWER_TARGET   the class of interest                 Tumor
#   SLIDEVIEWER_PATCH    side of a tile in the model, px       256
#   SLIDEVIEWER_SPACING  µm per pixel of that tile             0.5
#   SLIDEVIEWER_NAME     the model's name                      tumour
#
# What follows the command is handed on to `slideviewer train tiles`. A run that was killed goes on
# from its last epoch. A slide that cannot be opened has a line on stderr and is left out; the exit
# code is then 2, though there is a model.

set -u
. "$(dirname "$0")/common.sh"

if [ -z "${SLIDEVIEWER_MARKUP:-}" ]; then
    SLIDEVIEWER_MARKUP="$SLIDEVIEWER_SLIDES"
    [ ! -d /markup ] || SLIDEVIEWER_MARKUP=/markup
fi
: "${SLIDEVIEWER_CLASSES:=rest=Normal,white=Tumor}"
: "${SLIDEVIEWER_TARGET:=Tumor}"
: "${SLIDEVIEWER_PATCH:=256}"
: "${SLIDEVIEWER_SPACING:=0.5}"
: "${SLIDEVIEWER_NAME:=tumour}"
model="$SLIDEVIEWER_OUT/model"

prepare
if [ -f "$model/config.json" ]; then
    echo "There is a model in $model already; take it away to train another."
    exit 0
fi

# The list of slides that can be opened: a training would stop at the first that cannot.
bad=0
listed="$work/training.csv"
echo slide >"$listed.tmp"
slides >"$work/slides.txt"
while IFS= read -r slide <&3; do
    if slideviewer info "$slide" >"$work/info.txt" 2>&1 </dev/null; then
        printf '%s\n' "$slide" | sed 's/"/""/g; s/.*/"&"/' >>"$listed.tmp"
    else
        bad=$((bad + 1))
        say "${slide##*/}: $(complaint "$work/info.txt")"
    fi
done 3<"$work/slides.txt"
mv "$listed.tmp" "$listed"

slideviewer train tiles --data "$listed" --markup "$SLIDEVIEWER_MARKUP" --out "$model" \
    --name "$SLIDEVIEWER_NAME" --classes "$SLIDEVIEWER_CLASSES" --target "$SLIDEVIEWER_TARGET" \
    --patch-size "$SLIDEVIEWER_PATCH" --spacing "$SLIDEVIEWER_SPACING" \
    --data-name "${SLIDEVIEWER_SLIDES##*/}" "$@" || exit $?
[ "$bad" -eq 0 ] || exit 2
