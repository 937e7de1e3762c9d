#!/usr/bin/env python3
"""Checks that gdb's backtrace goes from a fiber on into the thread that runs it. Usage: gdb_backtrace.py PROGRAM

PROGRAM is debugged.cpp. Prints TAP; both cases are skipped where gdb is missing, or not allowed to trace.
"""
import os
import re
import shutil
import subprocess
import sys

STOP = 'weft_test_stop_here'
MAIN, ENTRY = 'weft_v0_fiber_main', 'weft_v0_fiber_entry'
AS_GDB_SHOWS_IT = '<signal'  # the entry's frame information says so, because the stack seems to grow the wrong way there
CASES = [
    ('gdb goes from a fiber on into the thread inside Runtime::run, to main', 'main'),
    ('gdb goes from a fiber on into the thread of the pool, to its first function', r'(clone3?|start_thread)'),
]
FRAME = re.compile(r'^#(\d+)\s+(?:0x[0-9a-f]+ in )?([^\s(]+)', re.MULTILINE)
REFUSED = re.compile(r'ptrace|not permitted|Cannot (?:PTRACE|trace)|Could not trace', re.IGNORECASE)


def backtraces(program):
    """Returns (what gdb printed at each stop, everything it said)."""
    commands = ['set pagination off', 'set confirm off', 'set debuginfod enabled off', f'break {STOP}', 'run']
    above = ['up', 'info symbol $pc'] * 2  # what is inlined into MAIN is a frame of its own to gdb, and the one that it selects
    for number in range(len(CASES)):
        commands += [f'echo ==== {number}\\n', 'bt', 'echo ++++\\n', f'frame function {MAIN}', *above, 'continue']
    argv = ['gdb', '--batch', '--nx']
    for command in commands:
        argv += ['-ex', command]
    environment = dict(os.environ, LC_ALL='C')
    done = subprocess.run(argv + [program], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=240, env=environment, check=False)
    return re.split(r'^==== \d+$', done.stdout, flags=re.MULTILINE)[1:], done.stdout


def complaint(text, last):
    """Returns what is wrong with a backtrace, or nothing."""
    trace, _, entry = text.partition('++++')
    names = [name for _, name in FRAME.findall(trace)]
    if not names or names[0] != STOP:
        return f'gdb did not stop in {STOP}'
    if names.count('weft_test_caller_on_fiber') != 4:
        return 'the callers on the fiber are not all there'
    if MAIN not in names:
        return f'no {MAIN}'
    after = names[names.index(MAIN) + 1:]
    if after[:1] != [AS_GDB_SHOWS_IT] or not re.search(rf'^{ENTRY} ', entry, re.MULTILINE):
        return f'no {ENTRY} after {MAIN}'
    if not any(re.fullmatch(last, name) for name in after):
        return f'no {last} after {ENTRY}: it ends with {after[-1]}'
    if 'Backtrace stopped' in trace:
        return 'gdb takes the stack for corrupt'
    return ''


def main():
    reason, stops, said = '', [], ''
    if shutil.which('gdb') is None:
        reason = 'gdb is not installed'
    else:
        stops, said = backtraces(sys.argv[1])
        if not stops or STOP not in ''.join(stops):
            refused = REFUSED.search(said)
            reason = f'gdb may not trace a program here ({refused.group()})' if refused else ''
    failed = 0
    print(f'1..{len(CASES)}')
    for number, (name, last) in enumerate(CASES, 1):
        if reason:
            print(f'ok {number} - {name} # SKIP {reason}')
            continue
        wrong = complaint(stops[number - 1], last) if len(stops) >= number else 'gdb did not come as far'
        print(f'{"not ok" if wrong else "ok"} {number} - {name}')
        failed += bool(wrong)
        if wrong:
            print(f'# {wrong}')
    if failed:
        print(said, file=sys.stderr)
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
