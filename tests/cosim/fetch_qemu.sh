#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Puts a QEMU with the device vfio-user-pci (10.1 or later) into a folder: sh fetch_qemu.sh FOLDER
# FOLDER/run-qemu starts it. It is Debian's package with everything that it needs, unpacked beside what is installed here
# and started by its own dynamic linker. Needs no root. Ends with status 77, and a line that says why, where there is none
# to be had.
set -eu

[ $# -eq 1 ] || {
    echo "fetch_qemu.sh: expects one folder" >&2
    exit 2
}
mkdir -p "$1"
folder=$(CDPATH='' cd -- "$1" && pwd -P)

complaint() { # apt's first
    sed -n 's/^[EW]: *//p' "$folder/log" | head -n 1
}

unavailable() {
    echo "fetch_qemu.sh: no QEMU with vfio-user-pci: $*" >&2
    exit 77
}

# One run at a time; the second one finds the work of the first.
exec 9>"$folder/lock"
flock --timeout 600 9 || unavailable "another run is at it for ten minutes"
stamp=$(sha256sum <"$0")
if [ "$(cat "$folder/stamp" 2>/dev/null || true)" = "$stamp" ]; then exit 0; fi
rm -rf "$folder/root" "$folder/apt" "$folder/stamp" "$folder/log"

for tool in apt-get dpkg dpkg-deb tar; do
    command -v "$tool" >/dev/null || unavailable "this machine has no $tool"
done
architecture=$(dpkg --print-architecture)
[ "$architecture" = amd64 ] || unavailable "only done for amd64, this is $architecture"
# shellcheck disable=SC2016 # apt's variables
mirror=$(apt-get indextargets --format '$(REPO_URI) $(LABEL) $(COMPONENT)' 2>/dev/null |
    awk '$2 == "Debian" && $3 == "main" && !/security/ { print $1; exit }')
[ -n "$mirror" ] || unavailable "apt here has no Debian mirror (after apt-get update)"

# apt with a state of its own, in which no package is installed: so it names everything that is needed.
apt_get() {
    timeout 300 apt-get -qq -o Dir::Etc::SourceList="$folder/apt/sources.list" -o Dir::Etc::SourceParts=/dev/null \
        -o Dir::Etc::Preferences=/dev/null -o Dir::Etc::PreferencesParts=/dev/null \
        -o Dir::State="$folder/apt" -o Dir::State::Lists="$folder/apt/lists" -o Dir::State::status="$folder/apt/status" \
        -o Dir::Cache="$folder/apt" -o Dir::Cache::Archives="$folder/apt/archives" \
        -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= \
        -o Debug::NoLocking=true -o APT::Sandbox::User= -o Acquire::Languages=none \
        -o APT::Update::Error-Mode=any -o Acquire::Retries=2 -o Acquire::http::Timeout=30 -o Acquire::https::Timeout=30 \
        -o APT::Install-Recommends=false "$@" >>"$folder/log" 2>&1
}

download_from() { # SUITE [SUITE]: the last one is preferred
    mkdir -p "$folder/apt/lists/partial" "$folder/apt/archives/partial"
    : >"$folder/apt/status"
    for suite; do echo "deb $mirror $suite main"; done >"$folder/apt/sources.list"
    apt_get update && apt_get --yes --target-release "$suite" --download-only install qemu-system-x86
}

unpack() {
    for part in bin sbin lib lib64; do
        mkdir -p "$folder/root/usr/$part"
        ln -sfn "usr/$part" "$folder/root/$part"
    done
    for package in "$folder"/apt/archives/*.deb; do
        dpkg-deb --fsys-tarfile "$package" |
            tar -x -C "$folder/root" --keep-directory-symlink --no-same-owner \
                --exclude='./usr/share/doc' --exclude='./usr/share/man' --exclude='./usr/share/locale' --exclude='./dev'
    done
}

write_starter() {
    cat >"$folder/run-qemu" <<'STARTER'
#!/bin/sh
root=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)/root
libraries=$root/usr/lib/x86_64-linux-gnu
QEMU_MODULE_DIR=$libraries/qemu exec "$root/lib64/ld-linux-x86-64.so.2" --argv0 qemu-system-x86_64 \
    --library-path "$libraries:$root/usr/lib:$libraries/pulseaudio" "$root/usr/bin/qemu-system-x86_64" \
    -L "$root/usr/share/qemu" -L "$root/usr/share/seabios" "$@"
STARTER
    chmod +x "$folder/run-qemu"
}

for suites in "trixie trixie-backports" "sid"; do
    rm -rf "$folder/root" "$folder/apt"
    # shellcheck disable=SC2086 # a list of words
    if ! download_from $suites; then continue; fi
    unpack
    write_starter
    if "$folder/run-qemu" -machine none -device vfio-user-pci,help 2>>"$folder/log" | grep -q socket=; then
        rm -rf "$folder/apt"
        echo "$stamp" >"$folder/stamp"
        exit 0
    fi
done
rm -rf "$folder/apt"
unavailable "neither trixie-backports nor sid gave one: $(complaint)"
