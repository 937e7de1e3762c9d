"""What the tests of the ray tracer's command line share. The program's path is the first argument of the script."""
import os
import struct
import sys

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), '../../support'))

from command import (PROGRAM, SIGNALS, expect, expect_refusal, expect_sentence_when_full, finish, report, run, seeded_random, start,
                     stop_twice, without_privileges)

SMALL = ['--size', '24x16', '--spp', '1', '--threads', '2']
ONE = (0, 0, 0, 1, 0, 0, 0, 1, 0)


def stl(count, triangles, trailing=b''):
    """Returns a binary STL that promises `count` triangles."""
    body = b''.join(struct.pack('<12fH', 0, 0, 1, *corners, 0) for corners in triangles)
    return b'made for a test'.ljust(80) + struct.pack('<I', count) + body + trailing
