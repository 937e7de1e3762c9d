#!/usr/bin/env python3
"""Stops legacy_port at any moment. Usage: cli_signals.py PROGRAM [SEED]

Whatever happens, the folder holds a whole database or what it held before, and no unfinished file.
"""
import os
import signal
import sys
import tempfile
import time

from command_line import SIGNALS, entry, expect, finish, query, report, run, seeded_random, start, stop_twice, write


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


def check_many_signals(folder, paths):
    """Two signals at any moment, so that some of them come while the database is written."""
    randomly = seeded_random()
    output = os.path.join(folder, 'out.db')
    arguments = ['-q', '-d', output, *paths]
    started = time.monotonic()
    run(*arguments)
    whole_time = time.monotonic() - started
    before = sorted(name for name in os.listdir(folder) if name != 'out.db')
    for turn in range(25):
        os.path.exists(output) and os.remove(output)
        process = stop_twice(turn, arguments, randomly, 1.2 * whole_time)
        files = sorted(os.listdir(folder))
        expect(f'{turn}: two signals leave no unfinished file', [f for f in files if f != 'out.db'] == before, process)
        if 'out.db' in files:
            expect(f'{turn}: two signals leave a whole database', query(output, 'SELECT count(*) FROM files') == [(len(paths),)], process)
    os.path.exists(output) and os.remove(output)


def main():
    with tempfile.TemporaryDirectory() as folder:
        paths = [write(folder, f'in/{i}.gz', ''.join(entry(f'p{i}', str(v)) for v in range(100))) for i in range(10)]
        check_first_signal(folder, paths)
        check_ignored_signal(folder, paths)
        check_many_signals(folder, paths)
    return report()


if __name__ == '__main__':
    sys.exit(main())
