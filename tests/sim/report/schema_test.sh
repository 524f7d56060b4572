#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Checks the report in JUnit XML against the schema: schema_test.sh SAMPLE_REPORTS SCHEMA. Status 77: no xmllint here.
set -eu
command -v xmllint >/dev/null || {
    echo "skipped: no xmllint here (libxml2-utils)"
    exit 77
}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
for count in 0 1 1000; do
    "$1" "$count" "$folder"
    xmllint --noout --schema "$2" "$folder/o.xml"
done
# That the schema refuses what is wrong.
sed 's/<failure /<mistake /; s/<\/failure>/<\/mistake>/' "$folder/o.xml" >"$folder/wrong.xml"
if xmllint --noout --schema "$2" "$folder/wrong.xml" 2>/dev/null; then
    echo "the schema takes an element that nobody knows" >&2
    exit 1
fi
