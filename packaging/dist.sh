#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# make dist: the sources as one archive, the same byte for byte from the same sources.
#
#   dist.sh NAME-VERSION ARCHIVE
#
# In a checkout: the tracked files, as they are in the folder. In an unpacked archive: all files but build/.
set -eu
export LC_ALL=C
name=$1 archive=$2

files() {
    if [ -e .git ] && command -v git >/dev/null; then
        # The folder may belong to another user than the one that makes the package.
        git -c safe.directory="$PWD" -c core.quotePath=false ls-files
    else
        find . -type f ! -path './.git/*' ! -path './build/*' ! -path '*/__pycache__/*' ! -path './.pytest_cache/*' | sed 's|^\./||'
    fi
}

# The time of the newest entry of debian/changelog, which names the version.
: "${SOURCE_DATE_EPOCH:=$(date -ud "$(sed -n 's/^ -- .*>  //p' debian/changelog | head -1)" +%s)}"
mkdir -p "$(dirname "$archive")"
files >"$archive.files"
[ -s "$archive.files" ] || { echo "dist: git lists no file of this checkout" >&2 && exit 1; }
sort "$archive.files" | while read -r file; do
    # A file that is deleted, but not committed so, is not there.
    [ ! -e "$file" ] || printf '%s\n' "$file"
done | tar --create --no-recursion --files-from=- --transform="flags=r;s|^|$name/|" --sort=name --format=ustar \
    --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner --mode=u=rwX,go=rX | gzip -9n >"$archive.new"
rm "$archive.files"
mv "$archive.new" "$archive"
