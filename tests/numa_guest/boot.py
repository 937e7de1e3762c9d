#!/usr/bin/env python3
"""Runs the tests of this folder in a guest. Usage: boot.py BUILD_FOLDER MACHINE.txt [INIT TESTS]

Prints the TAP lines of the guest, and one more for whether it came to its end; what it said on its console only if something failed.
Where there is no QEMU or no kernel it skips, with the reason.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

import initramfs
import kernel

QEMU = 'qemu-system-x86_64'
SECONDS = 300  # a guest takes some ten, if it has a processor
TAIL = 60  # lines of the console
# Of the processors that QEMU emulates, one that has siblings; it has no x2APIC. All take turns in one thread: where each has its own, a
# guest hangs at times when its kernel changes its own code.
COMMON = ['-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot', '-machine', 'q35', '-accel', 'tcg,thread=single',
          '-cpu', 'Nehalem-v1,+popcnt,+cx16,-x2apic']
# The time stamps of the processors do not agree. A kernel that panics reboots at once, which ends QEMU. Neither the kernel nor pages move about.
APPEND = 'console=ttyS0 loglevel=5 panic=-1 clocksource=hpet tsc=unstable numa_balancing=disable nokaslr'
RESULT = re.compile(r'(not )?ok \d+ - (.*)')
COLOUR = re.compile('\x1b\\[[0-9;]*m')
END = 'guest: exit status '


def options_of(machine):
    """Returns what a machine file has below `qemu:`, as arguments."""
    with open(machine, encoding='utf-8') as file:
        text = file.read()
    return re.search(r'^qemu:\n((?:  .*\n)+)', text, re.MULTILINE).group(1).split()


def read(path):
    with open(path, encoding='utf-8', errors='replace') as file:
        return [COLOUR.sub('', line.rstrip('\r\n')) for line in file]


def boot(command, temporary):
    """Returns why the guest did not come to its end (or nothing), its results, and its console."""
    console, results = (os.path.join(temporary, name) for name in ('console', 'results'))
    problem = ''
    try:
        done = subprocess.run(command + ['-serial', f'file:{console}', '-serial', f'file:{results}'], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors='replace', timeout=SECONDS, check=False)
        if done.returncode != 0:
            problem = f'QEMU ended with status {done.returncode}: {done.stdout.strip()}'
    except subprocess.TimeoutExpired:
        problem = f'it still ran after {SECONDS} seconds'
    paths = [path if os.path.exists(path) else os.devnull for path in (results, console)]
    return problem, read(paths[0]), read(paths[1])


def missing_in(results):
    """Returns what shows that a guest did not run all its tests, or nothing."""
    found = [RESULT.fullmatch(line) for line in results]
    count = sum(match is not None for match in found)
    has_failed = any(match is not None and match.group(1) for match in found)
    if f'1..{count}' not in results or count == 0:
        return f'it ended after {count} tests, which are not all'
    # Catch2 counts the checks that have failed.
    status = int(results[-1].removeprefix(END)) if re.fullmatch(END + r'\d+', results[-1]) else None
    return '' if status is not None and (status != 0) == has_failed else f'its last line is {results[-1]!r}'


def show(console, failed, problem):
    """Prints what the console says of the tests that failed, and its end if the guest did not come to its own."""
    section = []
    for line in console + ['case: ']:
        if line.startswith('case: '):
            if section and section[0].removeprefix('case: ') in failed:
                print(*section, sep='\n', file=sys.stderr)
            section = []
        section.append(line)
    if problem:
        print(f'{problem}; the console ended with', *console[-TAIL:], sep='\n', file=sys.stderr)


def run(machine, path, init, tests, temporary):
    archive = os.path.join(temporary, 'initramfs')
    initramfs.write(archive, {'init': init, 'tests': tests}, {'machine.txt': machine})
    problem, results, console = boot([QEMU, *COMMON, *options_of(machine), '-kernel', path, '-initrd', archive, '-append', APPEND], temporary)
    problem = problem or missing_in(results)
    found = [line for line in results if RESULT.fullmatch(line)]
    for line in found:
        print(line)
    print(f'{"not ok" if problem else "ok"} {len(found) + 1} - the guest came to its end')
    print(f'1..{len(found) + 1}', flush=True)
    failed = {RESULT.fullmatch(line).group(2) for line in found if line.startswith('not ')}
    show(console, failed, problem)


def main():
    build_folder, machine, *programs = sys.argv[1:]
    try:
        if not programs:
            raise kernel.Unavailable('the C and C++ libraries are not here in a form that can be linked statically')
        if shutil.which(QEMU) is None:
            raise kernel.Unavailable(f'{QEMU} is not here (Debian: qemu-system-x86)')
        path = kernel.find(build_folder)
    except kernel.Unavailable as reason:
        print(f'ok 1 - the guest came to its end # SKIP {reason}\n1..1')
        return 0
    with tempfile.TemporaryDirectory() as temporary:
        run(machine, path, *programs, temporary)
    return 0


if __name__ == '__main__':
    sys.exit(main())
