#!/usr/bin/env python3
"""Checks what no compiler does. Usage: conventions.py ROOT

Functions with clang's calling convention have names that gcc's cannot have: a program may have objects of both compilers, and the linker keeps one
function of each name (include/weft/base/platform.hpp). And a class for users has no public base in detail: the reference leaves that out, and with
it what the class inherits.
"""
import re
import sys

import tree

MARK = 'WEFT_KEEPS_REGISTERS'
HIDDEN_BASE = re.compile(r'(?:template <.*> )?(?:class\b[^;{]*[:,] public|struct\b[^;{]*[:,](?: public)?) detail::')
OPEN, CLOSE = 'inline namespace WEFT_TRANSFER_NAMESPACE {', '}  // namespace WEFT_TRANSFER_NAMESPACE'


def check(root):
    findings = []
    for path in tree.files(root):
        if not path.endswith(tree.CODE) or path.endswith('/platform.hpp'):
            continue
        is_inside = False
        for number, line in enumerate((tree.read(root, path) or '').split('\n'), 1):
            if line in (OPEN, CLOSE):
                is_inside = line == OPEN
            elif MARK in line and (not is_inside or line.startswith(' ')):
                findings.append(f'{path}:{number}: {MARK} outside WEFT_TRANSFER_NAMESPACE, or in a class')
            # In detail itself its names have no prefix; what is indented is inside a class.
            if path.startswith('include/') and HIDDEN_BASE.match(line):
                findings.append(f'{path}:{number}: a public base in detail, which the reference leaves out')
    return findings


if __name__ == '__main__':
    sys.exit(tree.report(check(sys.argv[1])))
