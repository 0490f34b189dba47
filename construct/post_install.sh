#!/bin/sh
# Runs in the prefix when all packages are installed: unpacks the user environment's channel, then starts `littlest install`,
# which decides everything else. PREFIX and LITTLEST_* come from the header.
set -eu

packages=$PREFIX/share/littlest/packages
if [ -e "$packages.tar" ]; then
    mkdir -p "$packages"
    "$PREFIX/bin/python" -I -m tarfile --filter data --extract "$packages.tar" "$packages"
    # packages that the hub environment has as well travel once
    while read -r package; do
        ln -f "$PREFIX/pkgs/${package##*/}" "$packages/$package"
    done <"$packages/from-release.txt"
    rm -f "$packages.tar"
fi

# the receipt that came with the linked packages gets the user environment's
receipt=share/littlest/manifest.sha256
if [ -e "$PREFIX/$receipt" ] && [ -d "$packages" ] && ! grep -q ' share/littlest/packages/' "$PREFIX/$receipt"; then
    (cd "$PREFIX" && find share/littlest/packages -type f -exec sha256sum {} + >>"$receipt")
fi

# only unpacking was asked for
[ -z "${LITTLEST_EXTRACT_ONLY-}" ] || exit 0

set --
[ -z "${LITTLEST_ADMIN-}" ] || set -- "$@" --admin "$LITTLEST_ADMIN"
[ -z "${LITTLEST_NO_START-}" ] || set -- "$@" --no-start
exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 LITTLEST_LOG="${LITTLEST_LOG-}" \
    "$PREFIX/bin/python" -I -m littlest install "$@"
