#!/usr/bin/env python3
"""Makes the mistakes that people make on spillover's command line. Usage: cli_mistakes.py PROGRAM

Each must give one sentence on standard error that has the expected words, the expected exit status, and no picture.
"""
import os
import sys
import tempfile

from command_line import SHORT, expect, expect_refusal, expect_sentence_when_full, report, run, without_privileges

# arguments, words of the message
ARGUMENTS = [
    (['--workers', 'many'], "--workers: 'many' is not a whole number"),
    (['--workers', '-1'], "--workers: '-1' is out of range, which is 0 to 4096"),
    (['--workers', '99999999999999999999'], 'is not a whole number'),
    (['--seconds', '0'], "--seconds: '0' is out of range, which is 0.5 to 3600"),
    (['--seconds', 'nan'], "--seconds: 'nan' is not a number"),
    (['--seconds', '5s'], "--seconds: '5s' is not a number"),
    (['--peak', '1e9'], 'is out of range, which is 1 to 400'),
    (['--least', '-5'], 'is out of range, which is 0 to 400'),
    (['--job-us', '1'], 'is out of range, which is 10 to 100000'),
    (['--seed', '1.5'], "'1.5' is not a whole number"),
    (['--seconds', '3600', '--job-us', '10', '--peak', '400'], 'so many jobs would fill the memory'),
    (['--synthetic', 'core:many'], '--synthetic: '),
    (['--synthetic', ''], '--synthetic: the text is empty'),
    (['--synthetic', 'core:5000'], '--synthetic: it has more than 4096 processors'),
    (['--output', ''], '--output: the text is empty'),
    (['--trace', ''], '--trace: the text is empty'),
    (['--no-such-option'], '--no-such-option'),
    (['word'], 'word'),
]


def check_places(folder):
    closed = os.path.join(folder, 'closed')
    os.mkdir(closed, 0o500)
    expect_refusal('a folder', ['-o', closed, *SHORT], 'it is a directory', folder)
    expect_refusal('no such folder', ['-o', os.path.join(folder, 'none/a.svg'), *SHORT], 'No such file or directory', folder)
    expect_refusal('a device', ['-o', '/dev/null', *SHORT], 'not a regular file', folder)
    expect_refusal('a closed folder', ['-o', os.path.join(closed, 'a.svg'), *SHORT], 'Permission denied', folder,
                   prefix=without_privileges())
    output = os.path.join(folder, 'out.svg')
    missing = os.path.join(folder, 'none/a.json')
    expect_refusal('a trace in a folder that is not there', ['-o', output, '--trace', missing, *SHORT],
                   f'{missing}: it cannot be written: No such file or directory', folder)
    expect_refusal('a trace that is a folder', ['-o', output, '--trace', closed, *SHORT], f'{closed}: it is a directory', folder)
    expect_refusal('a trace in a closed folder', ['-o', output, '--trace', os.path.join(closed, 'a.json'), *SHORT], 'Permission denied',
                   folder, prefix=without_privileges())
    for same in (output, os.path.join(folder, '.', 'out.svg')):
        expect_refusal('a trace in the picture', ['-o', output, '--trace', same, *SHORT], '--trace: it is the file of the picture', folder)
    # Neither is there yet.
    for name, same in (('new.svg', './new.svg'), ('./new.svg', 'new.svg'), ('new.svg', os.path.join(os.path.realpath(folder), 'new.svg'))):
        expect_refusal(f'a trace in the picture, {name} and {same}', ['-o', name, '--trace', same, *SHORT],
                       '--trace: it is the file of the picture', folder, cwd=folder)


def main():
    with tempfile.TemporaryDirectory() as folder:
        output = os.path.join(folder, 'out.svg')
        for arguments, words in ARGUMENTS:
            expect_refusal(' '.join(arguments), arguments if '--output' in arguments else ['-o', output, *arguments], words, folder)
        check_places(folder)
        expect_sentence_when_full('--help', ['--help'])
        expect_sentence_when_full('the table', ['-q', '-o', output, *SHORT])
        result = run('--help')
        expect('--help', result.returncode == 0 and '--synthetic' in result.stdout and not result.stderr, result)
    return report()


if __name__ == '__main__':
    sys.exit(main())
