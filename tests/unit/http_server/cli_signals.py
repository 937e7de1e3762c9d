#!/usr/bin/env python3
"""Starts http_server, asks it for something, and stops it. Usage: cli_signals.py PROGRAM"""
import http.client
import os
import re
import signal
import subprocess
import sys
import tempfile


def start(program, folder, *arguments):
    process = subprocess.Popen([program, '--listen', '127.0.0.1:0', *arguments, folder], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    line = process.stdout.readline()
    found = re.search(r'http://127\.0\.0\.1:(\d+)/', line)
    if not found:
        return process, None
    return process, int(found.group(1))


def finish(process):
    _, said = process.communicate(timeout=60)
    return process.returncode, said


def check(name, is_right, what):
    if not is_right:
        sys.exit(f'{name}: {what}')


def has_ring(process):
    """Whether io_uring is what it asks the kernel by."""
    folder = f'/proc/{process.pid}/fd'
    return any('io_uring' in os.readlink(os.path.join(folder, name)) for name in os.listdir(folder))


def check_signals(program, folder, backend):
    for number in (signal.SIGINT, signal.SIGTERM):
        process, port = start(program, folder, '--io-backend', backend)
        client = http.client.HTTPConnection('127.0.0.1', port, timeout=60)
        client.request('GET', '/file.txt')
        check(f'a file, {backend}', client.getresponse().read() == b'content', 'it is another one')
        check(f'the backend {backend}', has_ring(process) == (backend == 'uring'), 'it is another one')
        process.send_signal(number)
        status, said = finish(process)
        check(f'{number.name}, {backend}', status == 0 and f'signal {number.value}' in said, (status, said))
    # A request that never ends holds the drain up, and a second signal ends that.
    process, port = start(program, folder, '--io-backend', backend, '--drain', '60000', '--request', '60000')
    client = http.client.HTTPConnection('127.0.0.1', port, timeout=60)
    client.connect()
    client.sock.sendall(b'POST /api/count HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n')
    check(f'a request, {backend}', client.sock.recv(100).startswith(b'HTTP/1.1 100'), 'it was not begun')
    process.send_signal(signal.SIGTERM)
    check(f'a drain, {backend}', 'no new connections' in process.stderr.readline(), 'it has not begun')
    process.send_signal(signal.SIGTERM)
    status, said = finish(process)
    check(f'a second signal, {backend}', status == 1 and 'broken off by signal 15' in said, (status, said))


def works(program, folder, backend):
    """Epoll does anywhere."""
    process, port = start(program, folder, '--io-backend', backend)
    if port is not None:
        process.send_signal(signal.SIGTERM)
    status, said = finish(process)
    check(f'a start, {backend}', status == 0 if port is not None else status == 1 and 'io_uring' in said, (status, said))
    return port is not None


def main():
    program = sys.argv[1]
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, 'file.txt'), 'w') as file:
            file.write('content')
        check_signals(program, folder, 'epoll')
        if works(program, folder, 'uring'):
            check_signals(program, folder, 'uring')
    done = subprocess.run([program, '--listen', 'nowhere'], capture_output=True, text=True, timeout=60)
    check('a mistake', done.returncode == 2 and "'nowhere' is no address" in done.stderr, done)
    done = subprocess.run([program, '--io-backend', 'aio'], capture_output=True, text=True, timeout=60)
    check('no backend', done.returncode == 2 and "--io-backend: 'aio' is none of these: auto uring epoll" in done.stderr, done)
    done = subprocess.run([program, '/no/such/folder'], capture_output=True, text=True, timeout=60)
    check('no folder', done.returncode == 2 and '/no/such/folder: No such file or directory' in done.stderr, done)


if __name__ == '__main__':
    sys.exit(main())
