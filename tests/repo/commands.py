#!/usr/bin/env python3
"""Checks what samples/run, tests/run and perf/run do before they build anything. Usage: commands.py ROOT

A mistake in the command line is one sentence and exit status 2. A compiler that is too old is passed over, and a package is asked for once.
"""
import os
import stat
import subprocess
import sys
import tempfile

import tree

# command, arguments, words of the message
MISTAKES = [
    ('tests/run', ['--repeat=abc'], "--repeat: 'abc' is not a whole number from 1 on"),
    ('tests/run', ['--repeat=0'], 'from 1 on'),
    ('tests/run', ['--jobs=-1'], "--jobs: '-1' is not a whole number"),
    ('tests/run', ['--buildtype=foo'], "--buildtype: 'foo' is none of these: release debug"),
    ('tests/run', ['--compiler=icc'], "--compiler: 'icc' is none of these: gcc clang"),
    ('tests/run', ['--compiler='], '--compiler needs a value'),
    ('tests/run', ['--suite'], '--suite needs a value: --suite=VALUE'),
    ('tests/run', ['--suite=unit,units'], "--suite: 'units' is none of these: unit unit-samples"),
    ('tests/run', ['--asserts=some'], "--asserts: 'some' is none of these: off on full"),
    ('tests/run', ['--arch=vax'], "--arch: 'vax' is none of these"),
    ('tests/run', ['--no-such-option'], 'there is no option --no-such-option'),
    ('perf/run', ['--filter'], '--filter needs a value'),
    ('perf/run', ['--filter='], '--filter needs a value'),
    ('perf/run', ['--compiler', 'icc'], "--compiler: 'icc' is none of these: gcc clang"),
    ('perf/run', ['--repetitions=abc'], "--repetitions: 'abc' is not a whole number"),
    ('perf/run', ['--json', 'no_such_folder/a.json'], 'there is no folder no_such_folder'),
    ('perf/run', ['--json', '.'], 'it is a folder'),
    ('perf/run', ['no_such_suite'], "there is no suite 'no_such_suite'; these exist: "),
    ('perf/run', ['--no-such-option'], 'there is no option --no-such-option'),
]

# For find_compiler: the compilers there are, with their versions; the kind that is sought; which is taken.
COMPILERS = [
    ({'clang++-16': '16', 'clang++-18': '18', 'clang++': '18.1.3'}, 'clang', ''),
    ({'clang++-18': '18', 'clang++': '19.1.7'}, 'clang', 'clang++'),
    ({'clang++-21': '21', 'clang++-20': '20', 'clang++': '14.0.6'}, 'clang', 'clang++-20'),
    ({'clang++-20': '20'}, 'clang-aarch64', 'clang++-20 --target=aarch64-linux-gnu'),
    ({'g++': '11'}, 'gcc', ''),
    ({'g++': '13'}, 'gcc', 'g++'),
    ({'g++': '13', 'g++-12': '12'}, 'gcc', 'g++-12'),
]


def run(command, **more):
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, **more)


def check_mistakes(root, folder):
    for command, arguments, words in MISTAKES:
        done = run([os.path.join(root, command), *arguments], cwd=folder)
        said = done.stderr.strip()
        if done.returncode != 2 or words not in said or '\n' in said or done.stdout:
            yield f'{command} {" ".join(arguments)}: ended with {done.returncode} and said {said or done.stdout!r}, not one sentence with {words!r}'


def check_samples(root, folder):
    link = os.path.join(folder, 'link')
    os.symlink(os.path.join(root, 'samples/run'), link)
    listed = run([link]).stdout
    if '  01_hello_task ' not in listed or '  raytracer ' not in listed:
        yield f'samples/run through a link lists {listed!r}'
    for name in ('none', 'legacy_port/main', 'samples/01_hello_task', '01_hello_task.cpp', '0*', '.'):
        done = run([link, name])
        if done.returncode != 2 or f"there is no sample '{name}'" not in done.stderr:
            yield f'samples/run {name}: ended with {done.returncode} and said {done.stderr!r}'


def check_prepare(root, folder):
    prepare = f'source "{root}/.ci/prepare.sh"; '
    bash = ['/bin/bash', '-c']
    for number, (compilers, kind, expected) in enumerate(COMPILERS):
        place = os.path.join(folder, f'bin{number}')
        os.mkdir(place)
        for name, version in compilers.items():
            with open(os.path.join(place, name), 'w', encoding='utf-8') as file:
                file.write(f'#!/bin/sh\necho {version}\n')
            os.chmod(file.name, stat.S_IRWXU)
        found = run([*bash, f'{prepare}PATH={place}; find_compiler {kind}']).stdout.strip()
        if found != expected:
            yield f'.ci/prepare.sh: of {compilers} it takes {found!r} for {kind}, and not {expected!r}'
    said = run([*bash, f'{prepare}has_package() {{ [ "$1" = there ]; }}; PATH=/none; need_packages one there two one']).stderr
    if 'missing here: one two (' not in said:
        yield f'.ci/prepare.sh: of the packages one, two and one it says {said!r}'
    said = run([*bash, f'{prepare}mkdir "{folder}/build.log"; build_targets "{folder}" x y']).stderr
    if said != f'weft: {folder}/build.log cannot be written\n':
        yield f'.ci/prepare.sh: of a log that cannot be written it says {said!r}'


def check(root):
    root = os.path.abspath(root)
    with tempfile.TemporaryDirectory() as folder:
        return [finding for step in (check_mistakes, check_samples, check_prepare) for finding in step(root, folder)]


if __name__ == '__main__':
    sys.exit(tree.report(check(sys.argv[1])))
