#!/usr/bin/env python3
"""Checks that functions with clang's calling convention have names that gcc's cannot have. Usage: conventions.py ROOT

A program may have objects of both compilers, and the linker keeps one function of each name: see include/weft/base/platform.hpp.
"""
import sys

import tree

MARK = 'WEFT_KEEPS_REGISTERS'
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
    return findings


if __name__ == '__main__':
    sys.exit(tree.report(check(sys.argv[1])))
