#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Print the pages named as arguments as C: each byte as a number, so that nothing needs escaping.
set -eu

# Style sheets go along with every page: without their comments, line ends and needless blanks. A
# blank that counts in a value after ":", "," or a brace is written as an escape in the file.
squeeze() {
    case $1 in
    *.css) sed 's:/\*.*\*/::; s/^ *//; s/ *\([{},;>]\) */\1/g; s/: /:/g; s/ > />/g; s/\([ :(,-]\)0\./\1./g' "$1" | tr -d '\n' | sed 's/;}/}/g' ;;
    # A line that is nothing but a tag leaves no empty line.
    *.html) sed ':a; /^\({{[#^/>][^{}]*}}\)*$/ { N; s/\n//; ta; }' "$1" ;;
    *) cat "$1" ;;
    esac
}

echo '/* SPDX-License-Identifier: Apache-2.0 */'
echo '/* Made from src/pages/html by embed.sh. */'
echo '#include "core/template.h"'
echo 'extern const ms_template ms_templates[];'
echo 'extern const apr_size_t ms_templates_n;'
i=0
for file in "$@"; do
    echo "static const char page_$i[] = {"
    squeeze "$file" | od -An -v -tu1 | awk '{ for (i = 1; i <= NF; i++) printf "(char)%s,", $i; print "" }'
    echo '0};'
    i=$((i + 1))
done
echo 'const ms_template ms_templates[] = {'
i=0
for file in "$@"; do
    echo "    {\"${file#src/pages/html/}\", page_$i, sizeof(page_$i) - 1},"
    i=$((i + 1))
done
echo '};'
echo 'const apr_size_t ms_templates_n = sizeof(ms_templates) / sizeof(ms_templates[0]);'
