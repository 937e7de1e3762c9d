#!/usr/bin/env python3
"""Checks the rules for atomics in include/ and lib/. Usage: edges.py ROOT

1. std::atomic, <atomic> and the __atomic builtins appear in base/atomic.hpp only; no consume.
2. Every atomic operation names its order.
3. Every order but relaxed has an edge tag `[area.step]` in the comment above it or on its line.
4. Every relaxed says why, in a comment above it or on its line that has the word `relaxed`.
5. A tag that is written once only has no partner.
"""
import re
import sys

import tree

FACADE = 'include/weft/base/atomic.hpp'
RAW = re.compile(r'\bstd::atomic\w*|#\s*include\s*<atomic>|\b__(?:atomic|sync)_\w+|\bstd::memory_order\b(?!\s+\w)')
ORDER = re.compile(r'(?<![\w.>:~])(?:std::memory_order_|memory_order_)?(relaxed|acquire|release|acq_rel|seq_cst)\b(?!\s*[(=])')
OPERATION = re.compile(r'(?:\.|->)\s*(load|store|exchange|fetch_\w+|compare_exchange_\w+|test_and_set)\s*\(')
NAMED_ORDER = re.compile(r'relaxed|acquire|release|acq_rel|seq_cst|order', re.IGNORECASE)
TAG = re.compile(r'\[([a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)+)\]')
REACH = 6      # lines of code between a comment and the operation it explains


def comment_above(comments, code, line):
    """Returns the comment on a line and the comment blocks that begin or end within REACH lines of code above it."""
    text, left, i = comments[line], REACH, line - 1
    while i >= 0 and left > 0:
        if comments[i].strip() and not code[i].strip():
            text = comments[i] + '\n' + text              # a comment line costs nothing, so whole blocks are read
        elif code[i].strip():
            text = comments[i] + '\n' + text
            left -= 1
            if code[i].startswith('}'):
                break                                     # the previous function
        i -= 1
    return text


def arguments(code, line, column):
    """Returns the text between the parenthesis at (line, column) and its partner."""
    depth, out = 0, []
    for i in range(line, min(line + 12, len(code))):
        for c in code[i][column:] if i == line else code[i]:
            depth += (c == '(') - (c == ')')
            if depth == 0:
                return ''.join(out)
            out.append(c)
    return ''.join(out)


def check_file(path, text):
    """Returns (findings, the tags of this file as [(tag, line)])."""
    findings = []
    code, comments = tree.split(text)
    if path != FACADE:
        atomic_here = re.search(r'\bAtomic\b|\batomic\b|\bAtomic<', '\n'.join(code))
        for number, line in enumerate(code):
            where = f'{path}:{number + 1}: '
            for match in RAW.finditer(line):
                findings.append(f'{where}{match.group()} belongs into {FACADE}')
            if re.search(r'\bconsume\b', line):
                findings.append(f'{where}no consume order')
            for match in OPERATION.finditer(line) if atomic_here else ():
                if not NAMED_ORDER.search(arguments(code, number, match.end() - 1)):
                    findings.append(f'{where}{match.group(1)} without a memory order')
            orders = {m.group(1) for m in ORDER.finditer(line)} if not re.match(r'\s*using\b', line) else set()
            if not orders:
                continue
            above = comment_above(comments, code, number)
            if orders - {'relaxed'} and not TAG.search(above):
                findings.append(f'{where}{"/".join(sorted(orders - {"relaxed"}))} without an edge tag [area.step] in a comment above')
            if 'relaxed' in orders and not re.search(r'relaxed|failure|fails', above, re.IGNORECASE):
                findings.append(f'{where}relaxed without a comment above that says why ("relaxed: ...")')
    return findings, [(m.group(1), i + 1) for i, line in enumerate(comments) for m in TAG.finditer(line)]


def check(root):
    findings, seen = [], {}
    for path in tree.files(root):
        if not path.endswith(tree.CODE) or not path.startswith(('include/weft/', 'lib/')):
            continue
        found, tags = check_file(path, tree.read(root, path))
        findings += found
        for tag, line in tags:
            seen.setdefault(tag, []).append(f'{path}:{line}')
    for tag, places in sorted(seen.items()):
        if len(places) == 1:
            findings.append(f'{places[0]}: the edge [{tag}] is named only here; an edge has two ends')
    return findings


if __name__ == '__main__':
    sys.exit(tree.report(check(sys.argv[1])))
