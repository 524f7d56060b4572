#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs with apt-get what is not there yet: sh sim/packages.sh [tests] [fuzz]
# Building needs a compiler, CMake, SystemC, Boost and libseccomp in any case; the words add what tests and fuzzers need.
set -eu

wanted="g++ cmake ninja-build pkgconf libsystemc-dev libseccomp-dev tcl-dev"
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
        wanted="$wanted catch2 libbenchmark-dev libx86emu-dev libxml2-utils chromium slurm-wlm munge"
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

missing=
for package in $wanted; do
    case $(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null || true) in
    installed*) ;;
    *) missing="$missing $package" ;;
    esac
done
[ -n "$missing" ] || exit 0

as_root=
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
        echo "packages.sh: as root, first: apt-get install$missing" >&2
        exit 1
    fi
    as_root=sudo
fi
echo "Installing$missing"
$as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq update
# shellcheck disable=SC2086 # a list of words
$as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 install --yes --no-install-recommends \
    $missing >/dev/null
