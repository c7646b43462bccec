#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Print the catalogues named as arguments as C: checked and compiled by msgfmt, each with its plural
# forms as a function.
set -eu

mo=$(mktemp)
trap 'rm -f "$mo"' EXIT

echo '/* SPDX-License-Identifier: Apache-2.0 */'
echo '/* Made from src/pages/lang by embed.sh. */'
echo '#include "core/language.h"'
for file in "$@"; do
    name=$(basename "$file" .po | tr - _)
    msgfmt --check-format --check-domain --endianness=little --no-hash -o "$mo" "$file"
    echo "static const unsigned char catalogue_$name[] = {"
    od -An -v -tu1 "$mo" | awk '{ for (i = 1; i <= NF; i++) printf "%s,", $i; print "" }'
    echo '};'
    plural=$(sed -n 's/^"Plural-Forms:.*plural=\(.*\);\\n"$/\1/p' "$file")
    echo "static unsigned long plural_$name(unsigned long n)"
    echo "{ (void)n; return (unsigned long)(${plural:?"$file has no Plural-Forms"}); }"
done
echo 'const ms_language ms_languages[] = {'
echo '    {"en", 0, 0},'
for file in "$@"; do
    tag=$(basename "$file" .po)
    name=$(echo "$tag" | tr - _)
    echo "    {\"$tag\", catalogue_$name, plural_$name},"
done
echo '};'
echo 'const apr_size_t ms_languages_n = sizeof(ms_languages) / sizeof(ms_languages[0]);'
