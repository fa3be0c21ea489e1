#!/bin/bash
# What `make install` puts down is enough to build against, by pkg-config and by find_package, from
# a place that it was moved to after the installation (DESTDIR).
#
#     install.sh BUILD_FOLDER WORK_FOLDER
set -eu
here=$(cd "$(dirname "$0")" && pwd)
build=$1 work=$2
rm -rf "$work" && mkdir -p "$work"
DESTDIR=$work/stage cmake --install "$build" --prefix /opt/skep >/dev/null
installed=$work/stage/opt/skep
lib=$(dirname "$(find "$installed" -name libskep.a)")

export PKG_CONFIG_PATH=$lib/pkgconfig
flags=(--define-variable=prefix="$installed")
[ "$(pkg-config --modversion skep)" = "$(sed -n 's/^Version: //p' "$lib/pkgconfig/skep.pc")" ]
read -ra cflags < <(pkg-config "${flags[@]}" --cflags skep)
read -ra libs < <(pkg-config "${flags[@]}" --libs skep)
cc "${cflags[@]}" "$here/embed.c" "${libs[@]}" -o "$work/by-pkg-config"
LD_LIBRARY_PATH=$lib "$work/by-pkg-config"
ldd "$work/by-pkg-config" | grep -q 'libskep\.so\.0' || { echo "not by its soname"; exit 1; }

cmake -S "$here" -B "$work/by-cmake" -DCMAKE_PREFIX_PATH="$installed" >"$work/log" 2>&1 &&
    cmake --build "$work/by-cmake" >>"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
"$work/by-cmake/embed_static"
"$work/by-cmake/embed_shared"
