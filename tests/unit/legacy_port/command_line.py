"""What the tests of legacy_port's command line share. The program's path is the first argument of the script."""
import gzip
import os
import sqlite3
import sys

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), '../../support'))

from command import (SIGNALS, expect, expect_refusal, expect_sentence_when_full, finish, report, run, seeded_random, start, stop_twice,
                     without_privileges)


def entry(package, version, items=('one thing',), date='Mon, 02 Jan 2006 15:04:05 -0700', name='A. Author', urgency='low'):
    body = ''.join(f'  * {item}\n' for item in items)
    return f'{package} ({version}) unstable; urgency={urgency}\n\n{body}\n -- {name} <a@example.org>  {date}\n\n'


def write(folder, name, content, compress=gzip.compress):
    path = os.path.join(folder, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, 'wb') as file:
        file.write(compress(content.encode() if isinstance(content, str) else content))
    return path


def query(database, sql):
    connection = sqlite3.connect(database)
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()
