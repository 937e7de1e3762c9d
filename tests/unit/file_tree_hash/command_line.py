"""What the tests of file_tree_hash's command line share. The program's path is the first argument of the script."""
import os
import sys

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), '../../support'))

from command import (PROGRAM, SIGNALS, as_from_a_shell, expect, expect_refusal, expect_sentence_when_full, finish, report, run, seeded_random,
                     start, without_privileges)


def write(folder, name, content=b''):
    path = os.path.join(os.fsencode(folder), os.fsencode(name))
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, 'wb') as file:
        file.write(content)
    return os.fsdecode(path)
