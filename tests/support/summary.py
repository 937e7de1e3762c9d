#!/usr/bin/env python3
"""Counts what a meson test run did: summary.py TESTLOG.json MESON_EXIT_STATUS

A test that speaks TAP counts once for each line of it, any other test counts once. The last line printed is
`N passed, N failed`, with `, N skipped` where tests were; those that failed or were skipped are named above it. The exit
status says whether all is well.
"""
import json
import os
import re
import sys

TAP = re.compile(r'^(not )?ok\b[ \t]*\d*[ \t]*(?:- )?([^#\n]*)(?:#[ \t]*(skip)\b[ \t]*([^\n]*))?', re.IGNORECASE | re.MULTILINE)
GOOD = {'OK', 'EXPECTEDFAIL'}


def count(tests):
    """Returns (passed, names of failed, names of skipped)."""
    passed, failed, skipped = 0, [], []
    for test in tests:
        lines = TAP.findall(test.get('stdout') or '')
        bad = [name.strip() for no, name, _, _ in lines if no]
        left_out = [f'{name.strip()} ({reason.strip()})' for no, name, skip, reason in lines if skip and not no]
        program, result = test['name'].split(' / ')[-1], test['result']
        failed += [f'{program}: {name}' for name in bad]
        skipped += [f'{program}: {name}' for name in left_out]
        if lines:
            passed += len(lines) - len(bad) - len(left_out)
            if result not in GOOD and result != 'SKIP' and not bad:
                failed.append(f'{program} ({result.lower()})')
        elif result in GOOD:
            passed += 1
        elif result == 'SKIP':
            skipped.append(program)
        else:
            failed.append(f'{program} ({result.lower()})')
    return passed, failed, skipped


def main():
    path, status = sys.argv[1], int(sys.argv[2])
    tests = []
    if os.path.exists(path):
        with open(path, encoding='utf-8') as log:
            tests = [json.loads(line) for line in log if line.strip()]
    passed, failed, skipped = count(tests)
    if status == 0 and not tests:
        failed.append('no test has the name or is in the suite that was asked for; tests/run --list prints them')
    if status != 0 and not failed:
        failed.append('the build' if not tests else f'meson test (exit status {status})')
    for name in failed:
        print(f'failed: {name}')
    for name in skipped:
        print(f'skipped: {name}')
    print(f'{passed} passed, {len(failed)} failed' + (f', {len(skipped)} skipped' if skipped else ''))
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
