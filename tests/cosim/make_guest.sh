#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes a small Linux guest in a folder: sh make_guest.sh FOLDER
# FOLDER/vmlinux is Debian's kernel, uncompressed; FOLDER/initrd.gz has busybox, the modules, and guest_init.sh as /init.
# Needs no root. Ends with status 77, and a line that says why, where it can't be made.
set -eu

[ $# -eq 1 ] || {
    echo "make_guest.sh: expects one folder" >&2
    exit 2
}
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
mkdir -p "$1"
folder=$(CDPATH='' cd -- "$1" && pwd -P)

unavailable() {
    echo "make_guest.sh: no Linux guest: $*" >&2
    exit 77
}

# One run at a time; the second one finds the work of the first.
exec 9>"$folder/lock"
flock --timeout 600 9 || unavailable "another run is at it for ten minutes"
stamp=$(cat "$0" "$here/guest_init.sh" | sha256sum)
if [ "$(cat "$folder/stamp" 2>/dev/null || true)" = "$stamp" ]; then exit 0; fi
rm -rf "$folder/stamp" "$folder/files" "$folder/log"

for tool in apt-get apt-cache dpkg-deb cpio gzip xz zstd od; do
    command -v "$tool" >/dev/null || unavailable "this machine has no $tool"
done
image=$(apt-cache depends linux-image-amd64 2>/dev/null | sed -n 's/.*Depends: \(linux-image-[0-9]\)/\1/p' | head -n 1)
[ -n "$image" ] || unavailable "apt here knows no linux-image-amd64 (after apt-get update)"

# The packages stay between runs: /init changes more often than they do.
download() { # PACKAGE
    find "$folder/packages" -name "$1_*.deb" 2>/dev/null | grep -q . && return 0
    mkdir -p "$folder/packages"
    (cd "$folder/packages" && timeout 300 apt-get -qq -o APT::Sandbox::User= -o Acquire::Retries=2 \
        -o Acquire::http::Timeout=30 -o Acquire::https::Timeout=30 download "$1" >>"$folder/log" 2>&1) ||
        unavailable "cannot download $1: $(sed -n 's/^[EW]: *//p' "$folder/log" | head -n 1)"
}

unpack() { # PACKAGE PATTERN...
    package=$(find "$folder/packages" -name "$1_*.deb" | sort | tail -n 1)
    shift
    dpkg-deb --fsys-tarfile "$package" | tar -x -C "$folder/files" --wildcards --no-anchored "$@"
}

bytes() { # FORMAT OFFSET COUNT, of the kernel's image
    od -A n -t "$1" -j "$2" -N "$3" "$folder/files/vmlinuz" | tr -d ' '
}

uncompress_kernel() { # FILE: an image as PCs boot it; its header says where in it the kernel is, and how long
    cp "$1" "$folder/files/vmlinuz"
    start=$(($(bytes u4 0x248 4) + ($(bytes u1 0x1f1 1) + 1) * 512))
    length=$(bytes u4 0x24c 4)
    magic=$(bytes x1 "$start" 4)
    payload() { tail -c "+$((start + 1))" "$folder/files/vmlinuz" | head -c "$1"; }
    # The build appends the length to what is not gzip's.
    case $magic in
    1f8b*) payload "$length" | gzip -dc ;;
    fd377a58) payload "$((length - 4))" | xz -dc ;;
    28b52ffd) payload "$((length - 4))" | zstd -dc ;;
    *) unavailable "the kernel is compressed in an unknown way ($magic)" ;;
    esac >"$folder/vmlinux"
}

add_module() { # NAME
    file=$(find "$folder/files" -name "$1.ko*" | head -n 1)
    case $file in
    *.ko) cat "$file" ;;
    *.ko.xz) xz -dc "$file" ;;
    *.ko.zst) zstd -dc "$file" ;;
    *) unavailable "$image has no module $1" ;;
    esac >"$folder/files/initrd/modules/$1.ko"
}

download "$image"
download busybox-static
mkdir -p "$folder/files/initrd/bin" "$folder/files/initrd/modules" "$folder/files/initrd/dev" \
    "$folder/files/initrd/proc" "$folder/files/initrd/sys"
modules="watchdog i6300esb pvpanic pvpanic-pci uio uio_pci_generic"
patterns=
for module in $modules; do patterns="$patterns */$module.ko*"; done
set -f
# shellcheck disable=SC2086 # a list of words
unpack "$image" '*/vmlinuz-*' $patterns 2>>"$folder/log" || unavailable "$image lacks something: $(tail -n 1 "$folder/log")"
set +f
unpack busybox-static '*bin/busybox'
uncompress_kernel "$(find "$folder/files" -name 'vmlinuz-*')"
for module in $modules; do add_module "$module"; done
cp "$(find "$folder/files" -path '*bin/busybox' -type f | head -n 1)" "$folder/files/initrd/bin/busybox"
cp "$here/guest_init.sh" "$folder/files/initrd/init"
chmod +x "$folder/files/initrd/init"
(cd "$folder/files/initrd" && find . | LC_ALL=C sort | cpio --quiet -o -H newc --owner=0:0 | gzip -9n) \
    >"$folder/initrd.gz"
rm -rf "$folder/files"
echo "$stamp" >"$folder/stamp"
