#!/usr/bin/env python3
"""Checks that every source file is named in the meson.build beside or above it. Usage: listed.py ROOT

Meson wants explicit lists, so a test that nobody lists would never run and nobody would notice.
"""
import os
import re
import sys

import tree

PLACES = re.compile(r'(?:lib/.*\.(?:cpp|S)|tests/(?:unit|stress|numa_guest)/.*\.cpp|tests/model/.*_model\.cpp|tests/c/.*_test\.c|'
                    r'perf/.*\.cpp|samples/.*\.(?:cpp|c))$')


def check(root):
    files = tree.files(root)
    builds = {os.path.dirname(f): tree.read(root, f) for f in files if os.path.basename(f) == 'meson.build'}
    findings = []
    for path in files:
        if not PLACES.match(path):
            continue
        folder, name = os.path.split(path)
        # A list may name the file, or its stem where the build file adds the ending itself.
        names = {name, re.sub(r'(_model\.cpp|_test\.c|\.cpp|\.c)$', '', name)}
        place, named = folder, False
        while place and not named:
            inside = os.path.relpath(path, place)
            wanted = names | {inside} if place == folder else {inside, os.path.splitext(inside)[0]}
            named = any(f"'{w}'" in builds.get(place, '') for w in wanted)
            place = os.path.dirname(place)
        if not named:
            findings.append(f'{path}: not listed in {folder}/meson.build, so it is never built')
    return findings


if __name__ == '__main__':
    sys.exit(tree.report(check(sys.argv[1])))
