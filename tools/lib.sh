# Shared by the scripts in tools/. Source it; it changes nothing but these names and the working directory.
# shellcheck shell=bash

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root" || exit 1

# What the build needs besides Swift itself, and what the scripts need besides the build.
build_packages=(
    binutils ca-certificates git libc6-dev libgcc-12-dev libstdc++-12-dev libsqlite3-dev libzstd-dev zlib1g-dev
    pkg-config python3
)
proof_packages=(faketime)

say() { printf '%s\n' "$*" >&2; }

fail() {
    say "$*"
    exit 1
}

# Prints how long a step took: timed "what" command arguments...
timed() {
    local what=$1 start=$SECONDS
    shift
    say "==> $what"
    "$@"
    say "    $what: $((SECONDS - start)) s"
}

find_swift() {
    command -v swift >/dev/null ||
        fail "There is no swift on PATH. Install Swift 6.3 (https://www.swift.org/install/linux/) and try again."
}

# Installs those of the named Debian packages that are missing, and says which.
install_packages() {
    command -v dpkg-query >/dev/null || {
        say "This is not a Debian system: please see to it that these are installed: $*"
        return 0
    }
    local package missing=()
    for package in "$@"; do
        [[ $(dpkg-query --show --showformat='${db:Status-Abbrev}' "$package" 2>/dev/null) == ii* ]] ||
            missing+=("$package")
    done
    ((${#missing[@]})) || return 0

    local as_root=()
    if [[ $(id -u) != 0 ]]; then
        command -v sudo >/dev/null ||
            fail "These packages are missing, and there is no sudo to install them: ${missing[*]}"
        as_root=(sudo)
        [[ -t 0 ]] || as_root+=(-n)
    fi
    say "Installing from Debian: ${missing[*]}"
    "${as_root[@]}" apt-get update --quiet >&2 </dev/null || fail "apt-get update failed."
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install --yes --quiet --no-install-recommends "${missing[@]}" >&2 </dev/null ||
        fail "These packages could not be installed: ${missing[*]}"
}

release_bin=$root/.build/release

# One release build serves the programs, the tests and the benchmarks. Without debugging information it takes a tenth less time;
# symbols stay. A toolchain without static libraries links Swift's dynamically.
release_build() {
    local resources
    resources=$(swift -print-target-info | sed -n 's/.*"runtimeResourcePath": "\(.*\)".*/\1/p')
    [[ -d ${resources}_static/linux ]] || export AMENDS_DYNAMIC=1
    swift build --configuration release -Xswiftc -gnone -Xcc -g0 "$@" </dev/null >&2 || fail "The release build failed."
}

# Makes release programs and sets AMENDS_BIN to their folder: build_release [PROGRAM...]. AMENDS_BIN set beforehand names
# ready-made ones. Those that are named and no more: the benchmarks take a while to build.
build_release() {
    local program programs=("$@")
    ((${#programs[@]})) || programs=(amends amends-hub amends-prove)
    if [[ -z ${AMENDS_BIN:-} ]]; then
        install_packages "${build_packages[@]}"
        find_swift
        for program in "${programs[@]}"; do release_build --product "$program"; done
        AMENDS_BIN=$release_bin
    fi
    for program in "${programs[@]}"; do
        [[ -x $AMENDS_BIN/$program ]] || fail "There is no $program in $AMENDS_BIN."
    done
    export AMENDS_BIN
}
