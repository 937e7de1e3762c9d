"""What the tests of the ray tracer's command line share. The program's path is the first argument of the script."""
import os
import struct
import subprocess
import sys

PROGRAM = os.path.abspath(sys.argv[1])
SMALL = ['--size', '24x16', '--spp', '1', '--threads', '2']
ONE = (0, 0, 0, 1, 0, 0, 0, 1, 0)
failures = []


def stl(count, triangles, trailing=b''):
    """Returns a binary STL that promises `count` triangles."""
    body = b''.join(struct.pack('<12fH', 0, 0, 1, *corners, 0) for corners in triangles)
    return b'made for a test'.ljust(80) + struct.pack('<I', count) + body + trailing


def run(*arguments, prefix=(), **more):
    return subprocess.run([*prefix, PROGRAM, *arguments], **{'capture_output': True, 'text': True, 'errors': 'replace', 'timeout': 60, **more})


def expect(name, condition, result):
    if not condition:
        failures.append(name)
        print(f'FAILED: {name}\n  exit status {result.returncode}\n  stderr: {result.stderr!r}', file=sys.stderr)


def report():
    print(f'{len(failures)} failed')
    return 1 if failures else 0
