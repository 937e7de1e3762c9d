#!/usr/bin/env python3
"""Stops legacy_port at any moment. Usage: cli_signals.py PROGRAM [SEED]

Whatever happens, the folder holds a whole database or what it held before, and no unfinished file.
"""
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time

from command_line import PROGRAM, entry, expect, query, report, run, write

SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT]


def as_from_a_shell():
    """Makes the child one that signals stop: whoever started this script may ignore some. And SIGQUIT dumps no core."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def start(arguments, prepare=as_from_a_shell):
    return subprocess.Popen([PROGRAM, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=prepare)


def finish(process):
    process.stdout, process.stderr = process.communicate(timeout=100)


def wait_until_begun(process, folder):
    """Returns when the program has made its temporary file: from then on its signals are watched."""
    while process.poll() is None and not any(name.endswith('.part') for name in os.listdir(folder)):
        time.sleep(0.005)


def check_first_signal(folder, paths):
    before = sorted(os.listdir(folder))
    for number in SIGNALS:
        for more in ([], ['--unmarked']):
            # All of it would take minutes.
            process = start(['-q', '-d', os.path.join(folder, 'out.db'), '--delay', '300', '--workers', '1', *more, *paths * 50])
            wait_until_begun(process, folder)
            process.send_signal(number)
            finish(process)
            expect(f'{number.name} {more}: status', process.returncode == 128 + number and not process.stdout, process)
            expect(f'{number.name} {more}: leaves no file', sorted(os.listdir(folder)) == before, process)


def check_ignored_signal(folder, paths):
    """What nohup and shells do for jobs in the background."""
    output = os.path.join(folder, 'out.db')
    process = start(['-q', '-d', output, '--delay', '50', *paths], lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
    wait_until_begun(process, folder)
    process.send_signal(signal.SIGHUP)
    finish(process)
    expect('an ignored signal', process.returncode == 0, process)
    os.remove(output)


def check_many_signals(folder, paths, seed):
    """Two signals at any moment, so that some of them come while the database is written."""
    print(f'seed: {seed}')
    randomly = random.Random(seed)
    output = os.path.join(folder, 'out.db')
    arguments = ['-q', '-d', output, *paths]
    started = time.monotonic()
    run(*arguments)
    whole_time = time.monotonic() - started
    before = sorted(name for name in os.listdir(folder) if name != 'out.db')
    for turn in range(25):
        os.path.exists(output) and os.remove(output)
        process = start(arguments)
        pair = randomly.choice(SIGNALS), randomly.choice(SIGNALS)
        time.sleep(randomly.uniform(0, 1.2 * whole_time))
        for number in pair:
            process.send_signal(number)
            time.sleep(randomly.choice([0, 0, 1e-4, 1e-3]))
        finish(process)
        files = sorted(os.listdir(folder))
        expect(f'{turn}: two signals leave no unfinished file', [f for f in files if f != 'out.db'] == before, process)
        if 'out.db' in files:
            expect(f'{turn}: two signals leave a whole database', query(output, 'SELECT count(*) FROM files') == [(len(paths),)], process)
        allowed = {0, *(128 + number for number in pair), *(-number for number in pair)}
        expect(f'{turn}: status of two signals', process.returncode in allowed, process)
    os.path.exists(output) and os.remove(output)


def main():
    with tempfile.TemporaryDirectory() as folder:
        paths = [write(folder, f'in/{i}.gz', ''.join(entry(f'p{i}', str(v)) for v in range(100))) for i in range(10)]
        check_first_signal(folder, paths)
        check_ignored_signal(folder, paths)
        check_many_signals(folder, paths, int(sys.argv[2]) if len(sys.argv) > 2 else random.randrange(1 << 32))
    return report()


if __name__ == '__main__':
    sys.exit(main())
