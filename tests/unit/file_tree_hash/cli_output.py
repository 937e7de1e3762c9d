#!/usr/bin/env python3
"""Compares what file_tree_hash prints with what sha256sum prints for the same files. Usage: cli_output.py PROGRAM [SEED]"""
import os
import pty
import subprocess
import sys
import tempfile
import types

from command_line import PROGRAM, as_from_a_shell, expect, finish, report, run, seeded_random, start, write

# Around the sizes at which the program reads in another way: 64 KiB at once, then blocks of 256 KiB.
SIZES = [0, 1, 100, 4096, 65535, 65536, 65537, 65536 + 262144 - 1, 65536 + 262144, 65536 + 262145, 3000000]
# A second for each of the two programs in the long run.
SYSTEM_FOLDER = '/usr/include' if os.environ.get('WEFT_LONG') == '1' else '/usr/include/linux'
BACKENDS = ['auto', 'epoll']
if run('--io-backend', 'uring', '/dev/null').returncode == 0:
    BACKENDS.append('uring')


def sums_of(*paths):
    """What sha256sum prints for the files that find finds, in the order of their bytes."""
    found = subprocess.run(['find', *paths, '-type', 'f', '-print0'], capture_output=True, check=True).stdout
    names = sorted(name for name in found.split(b'\0') if name)
    if not names:
        return b''
    return subprocess.run(['xargs', '-0', 'sha256sum'], input=b'\0'.join(names), capture_output=True, check=True,
                          env={**os.environ, 'LC_ALL': 'C'}).stdout


def expect_same(name, arguments, *paths):
    result = run(*arguments, *paths, text=False, errors=None)
    expect(name, result.returncode == 0 and result.stdout == sums_of(*paths) and not result.stderr, result)


def make_tree(folder):
    randomly = seeded_random()
    for i, size in enumerate(SIZES):
        write(folder, f'sizes/{i}', randomly.randbytes(size))
    for name in (b'new\nline', b'back\\slash', b'return\r', b'both\\\n', b' blank ', b'-', b'\xff\xfe', b'a-b', b'a/b', b'a.b'):
        write(folder, b'names/' + name, name)
    for i in range(400):
        write(folder, f'many/{i % 7}/{i % 31}/{i}', randomly.randbytes(randomly.randrange(3000)))
    os.mkdir(os.path.join(folder, 'empty'))
    os.symlink('sizes', os.path.join(folder, 'link'))
    os.symlink('none', os.path.join(folder, 'nowhere'))


def check_tree(folder):
    for backend in BACKENDS:
        for workers in ('0', '1', '3'):
            expect_same(f'the tree, {backend}, {workers} workers', ['--io-backend', backend, '--workers', workers], folder)
    expect_same('a slash at the end', [], folder + '/')
    expect_same('two folders and a file', [], os.path.join(folder, 'names'), os.path.join(folder, 'many'), os.path.join(folder, 'sizes/4'))
    expect_same('an empty folder', [], os.path.join(folder, 'empty'))
    here = run(cwd=os.path.join(folder, 'names'), text=False, errors=None)
    there = subprocess.run('find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum', shell=True, capture_output=True, check=True,
                           cwd=os.path.join(folder, 'names')).stdout
    expect('the folder here', here.returncode == 0 and here.stdout == there, here)
    if os.path.isdir(SYSTEM_FOLDER):
        expect_same(SYSTEM_FOLDER, [], SYSTEM_FOLDER)
    link = run(os.path.join(folder, 'link'), text=False, errors=None)
    expect('a link that is named is followed', link.returncode == 0 and link.stdout.count(b'\n') == len(SIZES), link)


def check_files_without_size(folder):
    result = run('/proc/version', '/dev/null')
    sums = subprocess.run(['sha256sum', '/dev/null', '/proc/version'], capture_output=True, text=True, check=True).stdout
    expect('files that say no size', result.returncode == 0 and result.stdout == sums, result)
    pipe = os.path.join(folder, 'pipe')
    os.mkfifo(pipe)
    process = start([pipe])
    with open(pipe, 'wb') as file:
        file.write(b'x' * 1000000)
    finish(process)
    sums = subprocess.run(['sha256sum'], input=b'x' * 1000000, capture_output=True, check=True).stdout.decode().split()[0]
    expect('a pipe that is named', process.returncode == 0 and process.stdout == f'{sums}  {pipe}\n', process)
    expect('a pipe below a folder is left out', pipe not in run(folder).stdout, process)
    os.remove(pipe)


def check_progress(folder):
    main, terminal = pty.openpty()
    big = write(folder, 'big', b'\0' * 400000000)
    with subprocess.Popen([PROGRAM, '--progress', '--workers', '1', big], stdout=subprocess.PIPE, stderr=terminal, preexec_fn=as_from_a_shell,
                          env={**os.environ, 'TERM': 'xterm'}) as process:
        os.close(terminal)
        shown = b''
        while True:
            try:
                part = os.read(main, 4096)
            except OSError:  # nobody has the other end any more
                break
            if not part:
                break
            shown += part
        stdout = process.stdout.read()
    result = types.SimpleNamespace(returncode=process.returncode, stdout=stdout, stderr=shown)
    os.close(main)
    expect('progress on a terminal', process.returncode == 0 and b'0/1 files, ' in shown and b' of 381.5 MiB, ' in shown and b'ETA ' in shown and
           shown.endswith(b'\r\x1b[K'), result)
    result = run('--progress', os.path.join(folder, 'sizes'))
    expect('no progress in a file', result.returncode == 0 and not result.stderr, result)
    os.remove(big)


def main():
    with tempfile.TemporaryDirectory() as folder:
        make_tree(folder)
        check_tree(folder)
        check_files_without_size(folder)
        check_progress(folder)
    return report()


if __name__ == '__main__':
    sys.exit(main())
