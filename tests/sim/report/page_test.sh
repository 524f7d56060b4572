#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Shows the page of 10,000 scenarios in headless Chromium: page_test.sh SAMPLE_REPORTS. Status 77: no Chromium here.
set -eu
command -v chromium >/dev/null || {
    echo "skipped: no chromium here"
    exit 77
}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
headless() {
    chromium --headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage --user-data-dir="$folder/profile" \
        --no-first-run --disable-background-networking --proxy-server=127.0.0.1:9 "$@"
}
headless --dump-dom about:blank >"$folder/dom" 2>"$folder/log" || {
    echo "skipped: chromium does not start here: $(tail -n 1 "$folder/log")"
    exit 77
}
"$1" 10000 "$folder"

size=$(wc -c <"$folder/o.html")
[ "$size" -lt 4000000 ] || {
    echo "the page has $size bytes" >&2
    exit 1
}

# show FRAGMENT: the page as it is once its script has run, in $folder/dom; what the page says to its console, and what
# it asks of the network, which leads nowhere, in $folder/log.
show() {
    headless --enable-logging=stderr --v=0 --log-net-log="$folder/net" --virtual-time-budget=5000 \
        --dump-dom "file://$folder/o.html#$1" >"$folder/dom" 2>"$folder/log"
    if grep CONSOLE "$folder/log"; then
        echo "the page has something to say to the console" >&2
        exit 1
    fi
}

# holds TEXT: or the test has failed.
holds() {
    grep -qF -- "$1" "$folder/dom" || {
        echo "the page has no $1" >&2
        exit 1
    }
}

show ''
holds '<b class="">10,000</b>scenarios'
holds '<b class="bad">89</b>did not pass'
holds '<b class="skip">11</b>skipped'
holds '<span id="shown" role="status">10000 of 10000 shown</span>'
holds 'expect event WATCHDOG action pause within 31s'
holds '<svg role="img" aria-label="Timeline of '
holds 'the guest hangs from here on'
holds 'class="wanted"'
holds 'class="kick"'
rows=$(grep -o '<tr class="row"' "$folder/dom" | wc -l)
if [ "$rows" -lt 100 ] || [ "$rows" -gt 5000 ]; then
    echo "the page has drawn $rows rows at once" >&2
    exit 1
fi

show 'q=wdt'
holds '3334 of 10000 shown'
show 'q=kick+9300&v=bad'
holds '1 of 10000 shown'
show 'sort=-wall'
holds 'data-sort="wall" class="number" aria-sort="descending"'

# Whatever the page itself would fetch, if anything, has an address of its own in the log of the network.
if tr ',' '\n' <"$folder/net" | grep '"url":"http' | grep -vE 'google|gvt1|googleapis|chromium'; then
    echo "the page has asked the network for something" >&2
    exit 1
fi
if grep -E '(src|href)="?(https?:)?//' "$folder/o.html"; then
    echo "the page names something elsewhere" >&2
    exit 1
fi
