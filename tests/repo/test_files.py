#!/usr/bin/env python3
"""Compiles each source file of a test program or sample alone. Usage: test_files.py ROOT [FILE...]

Builds that are in a hurry compile several of them as one (tests/run --unity=programs), where a file that forgets to include something finds it in
another. Compiled before are the umbrella header, for those that include it, and Catch2, for those that include it or are in a program that has it
before each file.
"""
import os
import sys
import tempfile

import compilers
import tree

DEFINED = ['-DWEFT_HAS_MIMALLOC=0', '-DWEFT_TEST_MACHINES=""']  # by meson, for some
FIRST = ['#include <catch2/catch.hpp>\n', '#include <weft/weft.hpp>\n']


def check(root, only=()):
    files = [f for f in tree.files(root) if f.endswith('.cpp') and f.startswith(('tests/unit/', 'tests/stress/', 'samples/'))]
    files = [f for f in files if not only or f in only]
    found = compilers.find()
    if not found:
        return ['no compiler that the checks know']
    kind = 'clang' if 'clang' in found else 'gcc'  # the faster one
    with tempfile.TemporaryDirectory() as folder:
        precompiled = {}
        for first in ['', FIRST[0], FIRST[1], ''.join(FIRST)]:
            place = os.path.join(folder, str(len(precompiled)))
            os.mkdir(place)
            precompiled[first] = compilers.precompiled(found[kind], root, place, text=first) if first else []

        def compile_alone(path):
            text = tree.read(root, path)
            has_catch = path.startswith('tests/unit/') or FIRST[0] in text
            first = (FIRST[0] if has_catch else '') + (FIRST[1] if FIRST[1] in text else '')
            before = precompiled[first]
            # Tests of a sample are in a folder of its name, and include its headers as the sample does.
            of_sample = path.split('/')[1 if path.startswith('samples/') else 2]
            places = ['tests', 'samples', f'samples/{of_sample}', 'samples/program']
            flags = [*before, *DEFINED, *(f'-I{root}/{place}' for place in places)]
            status, said = compilers.compile_text(found[kind], root, f'{"" if before else first}#include "{root}/{path}"\n', *flags)
            return f'{path}: does not compile alone with {kind}:\n{said.rstrip()}' if status else None

        return [f for f in compilers.parallel(compile_alone, files) if f]


if __name__ == '__main__':
    sys.exit(tree.report(check(sys.argv[1], sys.argv[2:])))
