#!/usr/bin/env python3
"""Checks the shape of the tree: top level, file lengths, unfinished work, blanks at line ends. Usage: shape.py ROOT"""
import re
import sys

import tree

TOP_LEVEL = {'include', 'lib', 'tests', 'perf', 'samples', 'meson.build', 'meson_options.txt', 'README.md', 'LICENSE'}
LONGEST = 500
COUNTED = tree.CODE + ('.py', '.build', '.sh', 'run')
UNFINISHED = re.compile(r'\b(?:%s)\b' % '|'.join(['TO' + 'DO', 'FIX' + 'ME', 'X' + 'XX', 'HA' + 'CK']))
DATA = ('.json', '.txt', '.stl', '.ply', '.obj', '.mtl')


def check(root):
    findings, files = [], tree.files(root)
    tops = {f.split('/')[0] for f in files}
    findings += [f'{top}: not one of the fixed entries of the top level'
                 for top in sorted(tops) if top not in TOP_LEVEL and not top.startswith('.')]
    findings += [f'{name}: missing' for name in ('.clang-format', '.gitignore', 'LICENSE', 'meson.build') if name not in files]
    for path in files:
        text = tree.read(root, path)
        if text is None:
            continue
        lines = text.split('\n')
        if path.endswith(COUNTED) and len(lines) - 1 > LONGEST:
            findings.append(f'{path}: {len(lines) - 1} lines; over {LONGEST} it is usually two things')
        if path.endswith(DATA):
            continue
        if text and not text.endswith('\n'):
            findings.append(f'{path}: no newline at the end')
        for number, line in enumerate(lines, 1):
            if line != line.rstrip():
                findings.append(f'{path}:{number}: blanks at the end of the line')
            if '\t' in line and path.endswith(COUNTED):
                findings.append(f'{path}:{number}: a tab')
            if UNFINISHED.search(line):
                findings.append(f'{path}:{number}: unfinished work: {UNFINISHED.search(line).group()}')
    return findings


if __name__ == '__main__':
    sys.exit(tree.report(check(sys.argv[1])))
