"""Runs a program for the tests of its command line. The program's path is the first argument of the script."""
import os
import random
import resource
import signal
import subprocess
import sys
import time

PROGRAM = os.path.abspath(sys.argv[1])
SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT]
failures = []


def run(*arguments, prefix=(), **more):
    settings = {'capture_output': True, 'text': True, 'errors': 'replace', 'timeout': 100, **more}
    return subprocess.run([*prefix, PROGRAM, *arguments], **settings)


def as_from_a_shell():
    """Makes the child one that signals stop: whoever started this script may ignore some. And SIGQUIT dumps no core."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def start(arguments, prepare=as_from_a_shell):
    return subprocess.Popen([PROGRAM, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=prepare)


def finish(process):
    process.stdout, process.stderr = process.communicate(timeout=100)


def without_privileges():
    """Returns how to start a program for which permissions hold, for root too."""
    return ['setpriv', '--bounding-set=-dac_override,-dac_read_search'] if os.geteuid() == 0 else []


def expect(name, condition, result):
    if not condition:
        failures.append(name)
        print(f'FAILED: {name}\n  exit status {result.returncode}\n  stdout: {result.stdout!r}\n  stderr: {result.stderr!r}',
              file=sys.stderr)


def expect_refusal(name, arguments, words, folder, **more):
    """One sentence that has these words, and nothing that was not in the folder before."""
    before = sorted(os.listdir(folder))
    result = run(*arguments, **more)
    sentence = result.stderr.strip()
    expect(name, result.returncode == 2 and words in sentence and '\n' not in sentence and
           sentence.startswith(f'{os.path.basename(PROGRAM)}: ') and not result.stdout, result)
    expect(f'{name}: leaves no file', sorted(os.listdir(folder)) == before, result)


def expect_sentence_when_full(name, arguments):
    """Standard output is a file on a full disk."""
    with open('/dev/full', 'wb') as full:
        result = run(*arguments, capture_output=False, stdout=full, stderr=subprocess.PIPE)
        expect(f'{name} to a full disk', result.returncode == 1 and
               result.stderr.endswith('standard output: writing it failed: No space left on device\n'), result)


def seeded_random():
    """Returns random numbers from the seed that the script was given, or from one that it prints."""
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else random.randrange(1 << 32)
    print(f'seed: {seed}')
    return random.Random(seed)


def stop_twice(name, arguments, randomly, longest):
    """Sends two signals within so many seconds, so that some come while a file is written; returns the process when it has ended."""
    process = start(arguments)
    pair = randomly.choice(SIGNALS), randomly.choice(SIGNALS)
    time.sleep(randomly.uniform(0, longest))
    for number in pair:
        process.send_signal(number)
        time.sleep(randomly.choice([0, 0, 1e-4, 1e-3]))
    finish(process)
    allowed = {0, *(128 + number for number in pair), *(-number for number in pair)}
    expect(f'{name}: status of two signals', process.returncode in allowed, process)
    return process


def report():
    print(f'{len(failures)} failed')
    return 1 if failures else 0
