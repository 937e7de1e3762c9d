#!/usr/bin/env python3
"""Makes the mistakes that people make on topology's command line. Usage: cli_mistakes.py PROGRAM

Each must give one sentence on standard error that has the expected words, the expected exit status, and no plan.
"""
import os
import sys
import tempfile

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), '../../support'))

from command import expect, expect_refusal, expect_sentence_when_full, report, run, without_privileges

# arguments, words of the message
ARGUMENTS = [
    (['--workers', 'many'], '--workers'),
    (['--workers', '5000'], '--workers'),
    (['--synthetic', 'core:many'], "--synthetic: description of a machine, line 1: 'many' is no count"),
    (['--synthetic', 'core:2', '--xml', 'machine.xml'], '--xml'),
    (['--no-such-option'], '--no-such-option'),
    (['word'], 'word'),
]


def write(folder, name, text):
    path = os.path.join(folder, name)
    with open(path, 'w', encoding='utf-8') as file:
        file.write(text)
    return path


def check_descriptions(folder):
    missing = os.path.join(folder, 'none.txt')
    expect_refusal('no such description', ['--description', missing], f'{missing}: it cannot be read: No such file or directory', folder)
    expect_refusal('a folder as description', ['--description', folder], f'{folder}: it cannot be read: Is a directory', folder)
    wrong = write(folder, 'wrong.txt', 'package 0\ncoers 0-3\n')
    expect_refusal('a description with a mistake', ['--description', wrong],
                   f"{wrong}: description of a machine, line 2: 'coers' begins no line", folder)
    secret = write(folder, 'secret.txt', 'core:2\n')
    os.chmod(secret, 0)
    expect_refusal('a description that may not be read', ['--description', secret], f'{secret}: it cannot be read: Permission denied', folder,
                   prefix=without_privileges())
    result = run('--description', '/dev/stdin', input='core:2 pu:2\n')
    expect('a description from a pipe', result.returncode == 0 and '2 cores, 4 processors' in result.stdout, result)


def check_xml(folder):
    text = write(folder, 'text.xml', 'no machine\n')
    if 'built without hwloc' in run('--xml', text).stderr:
        expect_refusal('no hwloc', ['--xml', text], f'--xml: {text} cannot be read, because weft was built without hwloc', folder)
        return
    missing = os.path.join(folder, 'none.xml')
    expect_refusal('no such XML', ['--xml', missing], f'--xml: {missing} cannot be read: No such file or directory', folder)
    expect_refusal('a folder as XML', ['--xml', folder], f'--xml: {folder} cannot be read: Is a directory', folder)
    expect_refusal('XML that is none', ['--xml', text], f'--xml: {text} is no file that lstopo --of xml has written', folder)
    secret = write(folder, 'secret.xml', '')
    os.chmod(secret, 0)
    expect_refusal('XML that may not be read', ['--xml', secret], f'--xml: {secret} cannot be read: Permission denied', folder,
                   prefix=without_privileges())


def main():
    with tempfile.TemporaryDirectory() as folder:
        for arguments, words in ARGUMENTS:
            expect_refusal(' '.join(arguments), arguments, words, folder)
        check_descriptions(folder)
        check_xml(folder)
        expect_sentence_when_full('--help', ['--help'])
        expect_sentence_when_full('the plans', ['--synthetic', 'core:2'])
    return report()


if __name__ == '__main__':
    sys.exit(main())
