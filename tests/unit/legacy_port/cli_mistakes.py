#!/usr/bin/env python3
"""Makes the mistakes that people make on legacy_port's command line. Usage: cli_mistakes.py PROGRAM

Each must give one sentence on standard error that has the expected words, the expected exit status, and no database.
"""
import gzip
import os
import resource
import sqlite3
import sys
import tempfile

from command_line import entry, expect, expect_refusal, expect_sentence_when_full, query, report, run, without_privileges, write

GOOD = entry('tool', '1.0')
WHOLE = gzip.compress(GOOD.encode() * 50)

# name of the file, its content, words of the message
FILES = [
    ('cut.gz', WHOLE[:-10], 'it is truncated'),
    ('cut_early.gz', WHOLE[:15], 'it is truncated'),
    ('no_sum.gz', WHOLE[:-8] + b'\0' * 8, 'it cannot be inflated: incorrect data check'),
    ('spoilt.gz', WHOLE[:20] + b'\xff' * 20 + WHOLE[40:], 'it cannot be inflated'),
    ('cut_in_a_block.gz', gzip.compress(os.urandom(200000).hex().encode())[:100000], 'line 1: it is longer than 65536 characters'),
    ('binary.gz', gzip.compress(bytes(1000000)), 'line 1: it has a character of value 0, so this is no text'),
    ('prose.gz', gzip.compress(b'All is new.\n'), "line 1: this is not the heading of an entry, such as 'tool (1.0-1)"),
    ('half.gz', gzip.compress(GOOD[:-60].encode()), "is not followed by 'Name <address>  date'"),
    ('open.gz', gzip.compress(GOOD[:50].encode()), 'the file ends inside an entry'),
    ('bomb.gz', gzip.compress(b'x' * 50000000), 'line 1: it is longer than'),
    ('deep.gz', gzip.compress(GOOD.replace('  * one thing\n', ''.join(' ' * i + '* x\n' for i in range(2, 600))).encode()), 'nested more than 500 deep'),
]

# arguments, words of the message
ARGUMENTS = [
    (['--workers', 'many'], "--workers: 'many' is not a whole number"),
    (['--workers', '-1'], "--workers: '-1' is out of range, which is 0 to 1024"),
    (['--workers', '1025'], 'out of range'),
    (['--workers', '99999999999999999999'], 'is not a whole number'),
    (['--delay', '10001'], 'out of range, which is 0 to 10000'),
    (['--delay', '1.5'], "'1.5' is not a whole number"),
    (['--delay'], '--delay'),
    (['--database', ''], '--database: the name is empty'),
    (['--doc', ''], '--doc: the name is empty'),
    (['--no-such-option'], '--no-such-option'),
]


def check_files(folder, database):
    good = write(folder, 'good.gz', GOOD)
    for name, content, words in FILES:
        path = write(folder, name, content, bytes)
        expect_refusal(name, ['-d', database, path], f'{path}: ', folder)
        for workers in ('1', '3'):
            expect_refusal(f'{name} among others', ['-d', database, '--workers', workers, *[good] * 20, path, *[good] * 20], words, folder)


def check_places(folder, database):
    good = os.path.join(folder, 'good.gz')
    pipe = os.path.join(folder, 'pipe.gz')
    os.mkfifo(pipe)
    sub = os.path.join(folder, 'sub')
    os.mkdir(sub)
    expect_refusal('missing file', ['-d', database, os.path.join(folder, 'none.gz')], 'there is no such file', folder)
    expect_refusal('folder as file', ['-d', database, sub], 'it is a directory', folder)
    expect_refusal('pipe as file', ['-d', database, pipe], 'it is not a regular file', folder)
    secret = write(folder, 'secret.gz', GOOD)
    os.chmod(secret, 0)
    expect_refusal('a file that may not be read', ['-d', database, secret], 'Permission denied', folder, prefix=without_privileges())
    expect_refusal('folder as database', ['-d', sub, good], 'it is a directory', folder)
    expect_refusal('no such folder', ['-d', os.path.join(folder, 'none/a.db'), good], 'No such file or directory', folder)
    expect_refusal('device as database', ['-d', '/dev/null', good], 'not a regular file', folder)
    closed = os.path.join(folder, 'closed')
    os.mkdir(closed, 0o500)
    expect_refusal('closed folder', ['-d', os.path.join(closed, 'a.db'), good], 'Permission denied', folder, prefix=without_privileges())
    expect_refusal('an empty doc folder', ['-d', database, '--doc', sub], 'no package in it has a changelog', folder)
    expect_refusal('a doc folder beside a file', ['-d', database, '--doc', folder, good], '--doc: no folder is searched when files are named', folder)
    expect_refusal('no doc folder', ['-d', database, '--doc', os.path.join(folder, 'none')], 'No such file or directory', folder)


def check_old_database(folder):
    good = os.path.join(folder, 'good.gz')
    expect_refusal('an input as database', ['-d', good, good], 'it is no SQLite database', folder)
    text = write(folder, 'precious.txt', 'x', bytes)
    expect_refusal('a text as database', ['-d', text, good], 'it is no SQLite database, and only such are replaced', folder)
    old = os.path.join(folder, 'old.db')
    connection = sqlite3.connect(old)
    connection.execute('CREATE TABLE precious (x)')
    connection.execute('PRAGMA journal_mode = WAL')
    connection.execute('INSERT INTO precious VALUES (1)')
    connection.commit()
    expect_refusal('a database in use', ['-d', old, good], 'it is in use: there is a file', folder)
    connection.close()
    expect_refusal('a mistake keeps the old database', ['-d', old, os.path.join(folder, 'none.gz')], 'no such file', folder)
    expect('the old database is there', query(old, 'SELECT * FROM precious') == [(1,)], run('--help'))
    many = write(folder, 'many.gz', ''.join(entry('tool', str(i)) for i in range(3000)))
    expect_refusal('a file that may not grow', ['-d', os.path.join(folder, 'full.db'), many], 'SQLite says: ', folder,
                   preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536)))


def check_streams(folder, database):
    good = os.path.join(folder, 'good.gz')
    expect_sentence_when_full('--help', ['--help'])
    expect_sentence_when_full('the report', ['-d', database, good])
    os.remove(database)
    result = run('-q', '-d', database, good, preexec_fn=lambda: [os.close(n) for n in (0, 1, 2)])
    expect('all streams closed', result.returncode == 0 and query(database, 'SELECT count(*) FROM entries') == [(1,)], result)
    os.remove(database)
    result = run('--help')
    expect('--help', result.returncode == 0 and '--unmarked' in result.stdout and not result.stderr, result)


def main():
    with tempfile.TemporaryDirectory() as folder:
        database = os.path.join(folder, 'out.db')
        for arguments, words in ARGUMENTS:
            expect_refusal(' '.join(arguments), ['-d', database, *arguments] if '--database' not in arguments else arguments, words, folder)
        check_files(folder, database)
        check_places(folder, database)
        check_old_database(folder)
        check_streams(folder, database)
    return report()


if __name__ == '__main__':
    sys.exit(main())
