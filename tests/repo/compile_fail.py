#!/usr/bin/env python3
"""Compiles tests/compile_fail/*.cpp, which must fail and say why. Usage: compile_fail.py [--tap] ROOT

The first line of each is `// expect: <words>`; the words must stand in what the compiler says. `// expect(gcc): ` and
`// expect(clang): ` in the next lines give other words for one compiler; `none` there means it cannot see the mistake.
Each file is compiled once more with WEFT_CORRECT defined, by the faster compiler, and must pass then: it fails for the one reason it names.
The umbrella header, compiled once, stands before each of them.
Where a flag of the compiler is the mistake, `// flags: ` names it, or `// flags(gcc): `; then it must pass without the flag.
"""
import os
import re
import sys
import tempfile

import compilers
import tree

WORDS = re.compile(r'^// (expect|flags)(?:\((gcc|clang)\))?: *(.*\S)', re.MULTILINE)
FLAGS = ['-Wall', '-Wextra', '-Werror', '-fno-diagnostics-color']


def words_for(kind, name, text):
    """Returns the words of `// name(kind): `, or else of `// name: `, or None."""
    words = {of: said for key, of, said in WORDS.findall(text) if key == name}
    return words.get(kind, words.get(''))


def check_one(job):
    """Returns (name, what is wrong or None)."""
    root, path, kind, command, umbrella, is_faster = job
    name = f'{os.path.basename(path)[:-4]} ({kind})'
    text = tree.read(root, path)
    wanted = words_for(kind, 'expect', text)
    mistake = (words_for(kind, 'flags', text) or '').split()
    before = [] if mistake else umbrella  # which was compiled without these flags
    if not text.startswith('// expect') or wanted is None:
        return name, 'the first line must be `// expect: <words of the diagnostic>`'
    status, said = compilers.compile_text(command, root, f'#line 1 "{path}"\n{text}', *FLAGS, *mistake, *before)
    if wanted == 'none':
        return name, None
    if status == 0:
        return name, 'compiles, and must not'
    if ' '.join(wanted.split()) not in ' '.join(said.replace('‘', "'").replace('’', "'").split()):
        return name, f'fails without saying "{wanted}":\n{said.rstrip()}'
    if mistake or (is_faster and 'WEFT_CORRECT' in text):
        status, said = compilers.compile_text(command, root, text, '-DWEFT_CORRECT', *FLAGS, *before)
        if status:
            return name, f'the corrected form fails as well:\n{said.rstrip()}'
    return name, None


def check(root):
    paths = [f for f in tree.files(root) if re.match(r'tests/compile_fail/[^/]+\.cpp$', f)]
    with tempfile.TemporaryDirectory() as folder:
        found = compilers.find().items()
        umbrellas = {}
        for kind, command in found:
            place = os.path.join(folder, kind)
            os.mkdir(place)
            umbrellas[kind] = compilers.precompiled(command, root, place, *FLAGS)
        faster = 'clang' if 'clang' in umbrellas else 'gcc'
        jobs = [(root, path, kind, command, umbrellas[kind], kind == faster) for path in paths for kind, command in found]
        return compilers.parallel(check_one, jobs)


def main():
    tap = '--tap' in sys.argv
    results = check([a for a in sys.argv[1:] if a != '--tap'][0])
    for number, (name, wrong) in enumerate(results, 1):
        if tap:
            print(f'{"not ok" if wrong else "ok"} {number} - {name}')
        if wrong:
            print(f'{name}: {wrong}', file=sys.stderr if tap else sys.stdout)
    if tap:
        print(f'1..{len(results)}')
    return 1 if any(wrong for _, wrong in results) and not tap else 0


if __name__ == '__main__':
    sys.exit(main())
