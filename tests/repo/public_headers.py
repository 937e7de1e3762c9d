#!/usr/bin/env python3
"""Compiles each header alone, included twice in a row, warnings being errors. Usage: public_headers.py ROOT [HEADER...]

Public headers are included as a user does it, private ones of lib/ as its sources do. What a header lacks is the same for each compiler, so one
of them compiles each alone, and the others several at once, for their warnings.
"""
import sys

import compilers
import tree

WARNINGS = ['-Wall', '-Wextra', '-Wpedantic', '-Wshadow', '-Werror']
AT_ONCE = 16
TOGETHER = ['-Wno-shadow']  # where an enumerator has the name of something that another header of the group defines


def include(header):
    name = header.split('/', 1)[1]
    return f'#include <{name}>\n' if header.startswith('include/') else f'#include "{name}"\n'


def check(root, only=()):
    headers = [f for f in tree.files(root) if f.endswith(('.hpp', '.h')) and f.startswith(('include/weft/', 'lib/'))]
    headers = [h for h in headers if not only or h in only]
    groups = [headers[i:i + AT_ONCE] for i in range(0, len(headers), AT_ONCE)]
    (first, *others) = compilers.find().items()
    jobs = [([h], first) for h in headers] + [(group, other) for other in others for group in groups]

    def compile_group(job):
        group, (kind, command) = job
        flags = WARNINGS if kind == first[0] else WARNINGS + TOGETHER
        how = 'does not compile alone' if kind == first[0] else 'do not compile together'
        status, said = compilers.compile_text(command, root, ''.join(map(include, group)) * 2, *flags)
        return f'{", ".join(group)}: {how} with {kind}:\n{said.rstrip()}' if status else None

    return [f for f in compilers.parallel(compile_group, jobs) if f]


if __name__ == '__main__':
    sys.exit(tree.report(check(sys.argv[1], sys.argv[2:])))
