#!/usr/bin/env python3
"""Takes the ray tracer's outputs away: full disks, closed streams, signals. Usage: cli_output.py PROGRAM [SEED]

Whatever happens, the folder holds a whole picture or what it held before, and no unfinished file.
"""
import fcntl
import os
import pty
import resource
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time

from command_line import (ONE, PROGRAM, SIGNALS, SMALL, expect, expect_sentence_when_full, finish, report, run, seeded_random, start, stl,
                          stop_twice)

ENDLESS = ['--size', '2000x2000', '--spp', '4096']
MIDDLE = ['--size', '300x200']


def is_whole(path):
    with open(path, 'rb') as file:
        content = file.read()
    return content.startswith(b'\x89PNG') and content[-8:-4] == b'IEND'


def samples_for(seconds, folder):
    """Returns how many samples per pixel keep this build busy for about so long with a picture of MIDDLE's size.

    A build with sanitizers takes fifty times as long as one without.
    """
    output = os.path.join(folder, 'out.png')
    started = time.monotonic()
    subprocess.run([PROGRAM, '-q', *MIDDLE, '--spp', '1', '-o', output], check=True, timeout=60)
    taken = time.monotonic() - started
    os.remove(output)
    return str(max(1, round(seconds / taken)))


def check_streams(folder):
    """A stream that is closed or full is a sentence if it is needed, and nothing is written to a wrong file."""
    output = os.path.join(folder, 'out.png')
    for option in ('--help', '--hash', '--stats'):
        expect_sentence_when_full(option, [*SMALL, option, '-o', output])
    for closed in ([1], [2], [0, 1, 2]):
        os.path.exists(output) and os.remove(output)
        result = run(*SMALL, '--hash', '-o', output, preexec_fn=lambda numbers=closed: [os.close(n) for n in numbers])
        expect(f'{closed} closed: status', result.returncode == (1 if 1 in closed else 0), result)
        expect(f'{closed} closed: picture', is_whole(output), result)
    result = run(*SMALL, '-o', output, preexec_fn=lambda: os.close(1))
    expect('standard output is closed and not needed', result.returncode == 0, result)
    os.remove(output)


def check_disk(folder):
    output = os.path.join(folder, 'out.png')
    for old in (None, b'old'):
        if old:
            with open(output, 'wb') as file:
                file.write(old)
        before = sorted(os.listdir(folder))
        result = run('--size', '200x100', '--spp', '1', '-q', '-o', output,
                     preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000)))
        expect('a file that may not grow', result.returncode == 2 and
               result.stderr == f'raytracer: {output}: writing it failed: File too large\n', result)
        expect('a file that may not grow leaves none', sorted(os.listdir(folder)) == before, result)
    with open(output, 'rb') as file:
        expect('the old picture stays', file.read() == b'old', result)
    result = run(*SMALL, '-q', '--scene', output, '-o', output)
    os.remove(output)
    scene = os.path.join(folder, 'scene.stl')
    with open(scene, 'wb') as file:
        file.write(stl(1, [ONE]))
    link = os.path.join(folder, 'link.png')
    os.symlink('scene.stl', link)
    for target in (scene, link):
        result = run(*SMALL, '--scene', scene, '-o', target)
        expect('the scene as output', result.returncode == 2 and 'it is the scene' in result.stderr and
               os.path.getsize(scene) == 134, result)
    os.remove(link)
    os.remove(scene)
    loop = os.path.join(folder, 'loop.png')
    os.symlink('loop.png', loop)
    result = run(*SMALL, '-o', loop)
    expect('a link to itself', result.returncode == 2 and 'cannot be written' in result.stderr, result)
    os.remove(loop)


def wait_until_watched(process, number):
    """Returns when the program has blocked the signal, which its watching thread then waits for."""
    while process.poll() is None:
        with open(f'/proc/{process.pid}/status', encoding='ascii') as status:
            blocked = next(line for line in status if line.startswith('SigBlk:'))
        if int(blocked.split()[1], 16) >> (number - 1) & 1:
            return
        time.sleep(0.01)


def check_first_signal(folder):
    before = sorted(os.listdir(folder))
    for number in SIGNALS:
        process = start([*ENDLESS, '-o', os.path.join(folder, 'out.png')])
        wait_until_watched(process, number)
        process.send_signal(number)
        # The whole picture would take hours.
        finish(process)
        expect(f'{number.name}: status', process.returncode == 128 + number, process)
        expect(f'{number.name}: leaves no file', sorted(os.listdir(folder)) == before, process)


def check_ignored_signal(folder):
    """What nohup and shells do for jobs in the background."""
    output = os.path.join(folder, 'out.png')
    samples = samples_for(1, folder)
    process = start([*MIDDLE, '--spp', samples, '-o', output], lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
    for _ in range(5):
        time.sleep(0.05)
        process.send_signal(signal.SIGHUP)
    finish(process)
    expect('an ignored signal', process.returncode == 0 and is_whole(output), process)
    os.remove(output)


def check_many_signals(folder):
    """Two signals at any moment, so that some of them come while the file is written."""
    randomly = seeded_random()
    scene = os.path.join(folder, 'scene.stl')
    with open(scene, 'wb') as file:
        file.write(stl(1, [ONE]))
    output = os.path.join(folder, 'out.png')
    arguments = ['-q', '--scene', scene, '--size', '160x120', '--spp', '1', '-o', output]
    started = time.monotonic()
    subprocess.run([PROGRAM, *arguments], check=True, timeout=60)
    whole_time = time.monotonic() - started
    for turn in range(min(40, max(5, round(10 / whole_time)))):  # fewer where a build is slow
        os.path.exists(output) and os.remove(output)
        process = stop_twice(turn, arguments, randomly, 1.2 * whole_time)
        files = sorted(os.listdir(folder))
        expect(f'{turn}: two signals leave no unfinished file', files in (['scene.stl'], ['out.png', 'scene.stl']), process)
        expect(f'{turn}: two signals leave a whole picture', 'out.png' not in files or is_whole(output), process)
    os.path.exists(output) and os.remove(output)
    os.remove(scene)


def check_terminal(folder):
    """On a terminal one line is drawn over and over and wiped in the end; a pipe gets no control characters."""
    output = os.path.join(folder, 'out.png')
    arguments = [*MIDDLE, '--spp', samples_for(2, folder), '-o', output]
    outside, inside = pty.openpty()
    columns = 50
    fcntl.ioctl(inside, termios.TIOCSWINSZ, struct.pack('HHHH', 24, columns, 0, 0))
    process = subprocess.Popen([PROGRAM, *arguments], stderr=inside, env={**os.environ, 'TERM': 'xterm'})
    os.close(inside)
    said = b''
    try:
        while piece := os.read(outside, 4096):
            said += piece
    except OSError:
        pass  # The end of what a terminal has to say.
    os.close(outside)
    process.wait(timeout=60)
    process.stderr = said.decode(errors='replace')
    lines = process.stderr.split('\r\n')
    expect('a bar on a terminal', process.returncode == 0 and '\r[' in process.stderr and 'ETA' in process.stderr, process)
    drawn = [line.replace('\x1b[K', '') for line in lines[0].split('\r')[:-1]]
    expect('the bar fits the terminal', all(len(line) < columns for line in drawn), process)
    expect('the bar is wiped', len(lines) == 2 and '\r\x1b[Kraytracer: wrote ' in lines[0] and not lines[1], process)
    result = run(*arguments)
    expect('no bar in a pipe', result.returncode == 0 and '\x1b' not in result.stderr and '\r' not in result.stderr, result)
    os.remove(output)


def check_threads(folder):
    pictures = set()
    for threads in (1, 2, 5):
        output = os.path.join(folder, 'out.png')
        run('-q', '--size', '96x54', '--spp', '2', '--threads', str(threads), '-o', output)
        with open(output, 'rb') as file:
            pictures.add(file.read())
        os.remove(output)
    expect('the same file from any number of workers', len(pictures) == 1, run('--help'))


def main():
    with tempfile.TemporaryDirectory() as folder:
        check_streams(folder)
        check_disk(folder)
        check_first_signal(folder)
        check_ignored_signal(folder)
        check_many_signals(folder)
        check_terminal(folder)
        check_threads(folder)
        left = os.listdir(folder)
        expect(f'nothing is left but {left}', not left, run('--help'))
    return report()


if __name__ == '__main__':
    sys.exit(main())
