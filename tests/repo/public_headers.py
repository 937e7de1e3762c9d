#!/usr/bin/env python3
"""Compiles each header alone, included twice in a row, warnings being errors. Usage: public_headers.py ROOT [HEADER...]

Public headers are compiled as a user sees them (only include/ is searched), private ones of lib/ with lib/ as well.
"""
import sys

import compilers
import tree

WARNINGS = ['-Wall', '-Wextra', '-Wpedantic', '-Wshadow', '-Werror']


def check(root, only=()):
    headers = [f for f in tree.files(root) if f.endswith(('.hpp', '.h')) and f.startswith(('include/weft/', 'lib/'))]
    jobs = [(h, kind, command) for h in headers if not only or h in only for kind, command in compilers.find().items()]

    def compile_one(job):
        header, kind, command = job
        name = header.split('/', 1)[1]
        line = f'#include <{name}>\n' if header.startswith('include/') else f'#include "{name}"\n'
        status, said = compilers.compile_text(command, root, line * 2, *WARNINGS)
        return f'{header}: does not compile alone with {kind}:\n{said.rstrip()}' if status else None

    return [f for f in compilers.parallel(compile_one, jobs) if f]


if __name__ == '__main__':
    sys.exit(tree.report(check(sys.argv[1], sys.argv[2:])))
