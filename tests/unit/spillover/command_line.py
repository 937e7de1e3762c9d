"""What the tests of spillover's command line share. The program's path is the first argument of the script."""
import os
import sys

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), '../../support'))

import chrome_trace
from command import SIGNALS, PROGRAM, as_from_a_shell, expect, expect_refusal, expect_sentence_when_full, finish, report, run, start, without_privileges

# Little load, for a short time: every machine can do it.
SHORT = ['--seconds', '0.5', '--peak', '20', '--least', '5']
