#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs with apt-get what is not there yet: sh sim/packages.sh [tests] [fuzz]
# Building needs a compiler, CMake, SystemC, Boost and libseccomp in any case; the words add what tests and fuzzers need.
set -eu

wanted="g++ cmake ninja-build pkgconf libsystemc-dev libseccomp-dev tcl-dev"
optional=
# Debian 12's default Boost has no Boost.JSON.
version=
if [ -r /etc/os-release ]; then
    # shellcheck source=/dev/null
    version=$(. /etc/os-release && echo "${ID:-} ${VERSION_ID:-}")
fi
if [ "$version" = "debian 12" ]; then
    wanted="$wanted libboost1.81-dev libboost-json1.81-dev"
else
    wanted="$wanted libboost-dev libboost-json-dev"
fi
for set in "$@"; do
    case $set in
    tests)
        wanted="$wanted catch2 libbenchmark-dev libx86emu-dev"
        # Tests that need one of these are skipped without it.
        optional="cpio xz-utils zstd libxml2-utils chromium slurm-wlm munge valgrind
            libvirt-clients libvirt-daemon-driver-qemu"
        # Those of later versions have other opinions (tests/style).
        [ "$version" != "debian 12" ] || wanted="$wanted clang-format clang-tidy"
        ;;
    fuzz) wanted="$wanted clang libclang-rt-dev" ;;
    *)
        echo "packages.sh: '$set' is neither 'tests' nor 'fuzz'" >&2
        exit 2
        ;;
    esac
done

if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
    echo "packages.sh: no apt-get here; going on without installing. Vigil needs: $wanted" >&2
    exit 0
fi

missing_of() { # PACKAGE...
    for package; do
        case $(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null || true) in
        installed*) ;;
        *) printf ' %s' "$package" ;;
        esac
    done
}
# shellcheck disable=SC2086 # lists of words
missing=$(missing_of $wanted) missing_optional=$(missing_of $optional)
[ -n "$missing$missing_optional" ] || exit 0

as_root=
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
        echo "packages.sh: as root: apt-get install$missing$missing_optional" >&2
        [ -z "$missing" ] || exit 1
        exit 0
    fi
    as_root=sudo
fi
install() { # PACKAGE...; no service is started
    echo "Installing $*"
    $as_root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
        apt-get -qq -o Dpkg::Use-Pty=0 install --yes --no-install-recommends "$@" >/dev/null
}
$as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq update || [ -z "$missing" ]
# shellcheck disable=SC2086
[ -z "$missing" ] || install $missing
# shellcheck disable=SC2086
[ -z "$missing_optional" ] || install $missing_optional ||
    echo "packages.sh: going on without$missing_optional" >&2
