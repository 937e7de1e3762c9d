#!/usr/bin/env python3
"""Makes the mistakes that people make on file_tree_hash's command line, and stops it. Usage: cli_mistakes.py PROGRAM"""
import os
import sys
import tempfile

from command_line import SIGNALS, expect, expect_refusal, expect_sentence_when_full, finish, report, run, start, without_privileges, write

# arguments, words of the message
ARGUMENTS = [
    (['--workers', 'many'], "--workers: 'many' is not a whole number"),
    (['--workers', '-1'], "'-1' is out of range, which is 0 to 1024"),
    (['--workers', '1025'], 'out of range'),
    (['--workers'], '--workers'),
    (['--io-backend', 'aio'], "--io-backend: 'aio' is none of these: auto uring epoll"),
    ([''], 'a name is empty'),
    (['--no-such-option'], '--no-such-option'),
]


def check_unreadable(folder):
    """The rest is hashed all the same."""
    good = write(folder, 'good', b'x')
    secret = write(folder, 'secret', b'x')
    os.chmod(secret, 0)
    closed = os.path.join(folder, 'closed')
    os.mkdir(closed, 0)
    missing = os.path.join(folder, 'none')
    result = run(folder, missing, prefix=without_privileges())
    lines = sorted(result.stderr.splitlines())
    expect('what cannot be read', result.returncode == 1 and result.stdout.endswith(f'  {good}\n') and result.stdout.count('\n') == 1 and
           lines == sorted([f'file_tree_hash: {secret}: it cannot be read: Permission denied',
                            f'file_tree_hash: {missing}: it cannot be read: No such file or directory',
                            f"file_tree_hash: walk of '{closed}': Permission denied"]), result)
    loop = os.path.join(folder, 'loop')
    os.symlink('loop', loop)
    result = run(loop, good)
    expect('a link to itself', result.returncode == 1 and result.stdout.endswith(f'  {good}\n') and
           result.stderr == f'file_tree_hash: {loop}: it cannot be read: Too many levels of symbolic links\n', result)
    result = run(good + '/x', good)
    expect('a file as a folder', result.returncode == 1 and result.stderr.endswith('Not a directory\n') and result.stdout, result)
    result = run('/proc/self/mem')
    expect('a read that fails', result.returncode == 1 and
           result.stderr == 'file_tree_hash: /proc/self/mem: it cannot be read: Input/output error\n' and not result.stdout, result)
    os.rmdir(closed)


def check_signals(folder):
    """It reads a pipe that nobody ever closes, so it is at work whenever the signal comes."""
    pipe = os.path.join(folder, 'pipe')
    os.mkfifo(pipe)
    for backend in ('auto', 'epoll'):
        for number in SIGNALS:
            process = start(['--io-backend', backend, '--workers', '2', pipe])
            with open(pipe, 'wb', buffering=0) as file:  # returns when the program has opened it
                file.write(b'x')
                process.send_signal(number)
                finish(process)
            expect(f'{number.name}, {backend}', process.returncode == 128 + number and not process.stdout and not process.stderr, process)


def main():
    with tempfile.TemporaryDirectory() as folder:
        for arguments, words in ARGUMENTS:
            expect_refusal(' '.join(arguments), arguments, words, folder)
        check_unreadable(folder)
        check_signals(folder)
        expect_sentence_when_full('--help', ['--help'])
        expect_sentence_when_full('the sums', ['/dev/null'])
        result = run('--help')
        expect('--help', result.returncode == 0 and '--io-backend' in result.stdout and not result.stderr, result)
    return report()


if __name__ == '__main__':
    sys.exit(main())
