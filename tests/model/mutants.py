#!/usr/bin/env python3
"""Weakens the protocols one step at a time and checks that the models notice. Usage: mutants.py [OPTION...] [WORD...]

Each mutant replaces one text in a copy of the tree, builds the model named beside it, and searches at random and with one
preemption (see RUNS and BOUNDS). It is found when the model fails, and then the step is necessary. Those that survive are listed with the reason;
a survivor that is found after all makes this program fail too. WORD selects mutants by name. As many run at once as there
are processors; on two it takes some twenty minutes.
"""
import argparse
import concurrent.futures
import os
import shutil
import subprocess
import sys
import tempfile
import time

from mutant_table import BOUNDS, CONTROLS, MUTANTS, RUNS, SURVIVORS

USUAL_RUNS = 100_000


def build_and_run(tree, model, compiler):
    """Returns (exit status, output) of the model built from a tree."""
    program = os.path.join(tree, 'model')
    command = [compiler, '-std=c++20', '-O1', '-w', '-U_FORTIFY_SOURCE', f'-I{tree}/include', f'-I{tree}/lib',
               f'-I{tree}/tests/model', f'{tree}/tests/model/{model}_model.cpp', '-o', program]
    built = subprocess.run(command, capture_output=True, text=True)
    if built.returncode != 0:
        return None, built.stderr
    run = subprocess.run([program, '--random', str(RUNS.get(model, USUAL_RUNS)), '--bound', str(BOUNDS.get(model, 1))], stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT, text=True, errors='replace')
    return run.returncode, run.stdout


def first_failure(output):
    """Returns which scenario failed, after how many runs, and how."""
    lines = output.split('\n')
    for i, line in enumerate(lines):
        if line.startswith('not ok '):
            how = lines[i + 2] if len(lines) > i + 2 else ''
            return line.split(' - ', 1)[1].split(' interleavings')[0] + ': ' + how
    return output[-300:]


def mutate(root, tree, path, old, new):
    """Copies what the models need and applies one replacement. Returns a sentence if that is not possible."""
    for folder in ('include', 'lib', 'tests/model'):
        shutil.copytree(os.path.join(root, folder), os.path.join(tree, folder), dirs_exist_ok=True)
    if path is None:
        return None
    with open(os.path.join(root, path), encoding='utf-8') as file:
        text = file.read()
    if text.count(old) != 1:
        return f'{path} has the text {text.count(old)} times: {old}'
    with open(os.path.join(tree, path), 'w', encoding='utf-8') as file:
        file.write(text.replace(old, new))
    return None


def try_one(root, compiler, model, path, old, new, expected):
    """Returns (what became of a mutant, whether that is not what the table expects, seconds)."""
    start = time.time()
    with tempfile.TemporaryDirectory() as tree:
        sentence = mutate(root, tree, path, old, new)
        status, output = (None, sentence) if sentence else build_and_run(tree, model, compiler)
    if status is None:
        verdict, is_wrong = 'NOT RUN ' + output[:2000], True
    elif status != 0:
        verdict, is_wrong = 'found: ' + first_failure(output), expected != 'found'
    else:
        verdict = 'passes' if expected == 'control' else 'survives' + ('' if expected == 'found' else f' ({expected})')
        is_wrong = expected == 'found'
    return verdict, is_wrong, time.time() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--root', default=os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..'))
    parser.add_argument('--compiler', default='g++')
    parser.add_argument('--tap', action='store_true', help='one line of the Test Anything Protocol for each mutant')
    parser.add_argument('words', nargs='*', metavar='WORD')
    arguments = parser.parse_args()
    cases = [(name, model, path, old, new, 'found') for name, model, path, old, new in MUTANTS]
    cases += [(name, model, path, old, new, reason) for name, model, path, old, new, reason in SURVIVORS]
    cases = [(f'control {model}', model, None, '', '', 'control') for model in CONTROLS] + cases
    cases = [case for case in cases if not arguments.words or any(word in case[0] for word in arguments.words)]
    wrong = number = 0
    with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        outcomes = pool.map(lambda case: try_one(arguments.root, arguments.compiler, *case[1:]), cases)
        for (name, *_), (verdict, is_wrong, seconds) in zip(cases, outcomes):
            wrong, number = wrong + is_wrong, number + 1
            if arguments.tap:
                print(f'{"not ok" if is_wrong else "ok"} {number} - {name}: {verdict.splitlines()[0].replace("#", "")}, {seconds:.0f} s', flush=True)
                if is_wrong:
                    print(f'{name}: {verdict}', file=sys.stderr, flush=True)
            else:
                print(f'{"WRONG " if is_wrong else "ok    "}{name}: {verdict}, {seconds:.0f} s', flush=True)
    print(f'1..{number}' if arguments.tap else f'{wrong} not as expected')
    return 1 if wrong else 0


if __name__ == '__main__':
    sys.exit(main())
