#!/usr/bin/env python3
"""Runs legacy_port on small changelogs and looks into the database. Usage: cli_content.py PROGRAM

The content is the same for any number of workers, and whether blocking calls are marked or not.
"""
import gzip
import os
import sys
import tempfile

from command_line import entry, expect, query, report, run, write

ENTRIES = 'SELECT package, version, distribution, urgency, maintainer, email, date, items FROM entries ORDER BY 1, 2'
BUGS = 'SELECT bug, package, version FROM closed_bugs ORDER BY 1, 2, 3'


def check_columns(folder):
    text = (entry('tool', '2.0', ['x (Closes: #12, #34)', 'y\n    - part\n    - part'], name='Jörg', urgency='HIGH') +
            entry('tool', '1.0', date='long ago'))
    path = write(folder, 'tool.gz', text)
    database = os.path.join(folder, 'tool.db')
    result = run('-d', database, path)
    expect('one file', result.returncode == 0 and 'tool.db: 1 file, 2 entries, 2 bugs closed\n' in result.stderr, result)
    expect('its entries', query(database, ENTRIES) == [
        ('tool', '1.0', 'unstable', 'low', 'A. Author', 'a@example.org', None, 1),
        ('tool', '2.0', 'unstable', 'high', 'Jörg', 'a@example.org', '2006-01-02T15:04:05-07:00', 4)], result)
    expect('its bugs', query(database, BUGS) == [(12, 'tool', '2.0'), (34, 'tool', '2.0')], result)
    expect('its file', query(database, 'SELECT path, entries FROM files') == [(path, 2)], result)
    expect('the report', '2006' in result.stdout and 'Jörg' in result.stdout and 'Most bugs closed' in result.stdout, result)
    expect('the ticks', 'jobs of others started' in result.stderr and 'were marked' in result.stderr, result)
    one = write(folder, 'one.gz', entry('tool', '1.0', ['x (Closes: #12)']))
    result = run('-d', database, one)
    expect('one of each', 'tool.db: 1 file, 1 entry, 1 bug closed\n' in result.stderr, result)
    result = run('-q', '-d', database, path)
    expect('quiet', result.returncode == 0 and not result.stdout and not result.stderr, result)


def check_formats(folder):
    database = os.path.join(folder, 'formats.db')
    text = entry('tool', '1.0')
    other = entry('tool', '0.9')
    for name, content, count in (
            ('several members', gzip.compress(text.encode()) + gzip.compress(other.encode()), 2),
            ('not compressed', (text + other).encode(), 2),
            ('an empty file', b'', 0),
            ('nothing, compressed', gzip.compress(b''), 0)):
        path = write(folder, 'format.gz', content, bytes)
        result = run('-d', database, path)
        expect(name, result.returncode == 0 and query(database, 'SELECT count(*) FROM entries') == [(count,)], result)
    path = write(folder, 'settings.gz', text.replace('urgency', 'a=b,' * 16000 + 'urgency'))
    result = run('-d', database, path)
    expect('many settings', result.returncode == 0 and query(database, 'SELECT urgency FROM entries') == [('low',)], result)
    path = write(folder, 'blocks.gz', ''.join(entry('tool', str(i), ['x' * (i % 97)] * (i % 5)) for i in range(5000)))
    result = run('-d', database, path)
    expect('many blocks', result.returncode == 0 and query(database, 'SELECT count(*), sum(items) FROM entries') == [(5000, 10000)], result)


def check_many_files(folder):
    paths = []
    for i in range(40):
        text = ''.join(entry(f'p{i % 30}', f'{v}', [f'Closes: #{100 * i + v}']) for v in range(1 + 20 * (i % 7)))
        paths.append(write(folder, f'many/{i}.gz', text))
    contents = set()
    database = os.path.join(folder, 'many.db')
    for more in (['--workers', '1'], ['--workers', '2'], ['--workers', '5'], ['--workers', '2', '--delay', '1'],
                 ['--workers', '1', '--unmarked'], ['--workers', '3', '--unmarked', '--delay', '1'], []):
        result = run('-d', database, *more, *paths)
        expect(f'many files, {more}', result.returncode == 0 and '40 files' in result.stderr, result)
        contents.add((tuple(query(database, ENTRIES)), tuple(query(database, BUGS))))
    expect('the same content', len(contents) == 1, result)
    entries, bugs = next(iter(contents))
    expect('an entry that two files have is there once', len(entries) < 40 * 70, result)
    written = f'40 files, {len(entries)} entries, {len(bugs)} bugs closed'
    expect(f'the counts are what was written, {written}', written in result.stderr, result)
    result = run('-d', database, paths[2], paths[2])
    written = f"1 file, {len(query(database, ENTRIES))} entries, {len(query(database, BUGS))} bugs closed"
    expect(f'a file that is named twice counts once, {written}', written in result.stderr, result)
    return paths


def check_unmarked(folder):
    """The runtime says where a worker is blocked, if nobody has told it that it will be."""
    path = write(folder, 'slow.gz', entry('tool', '1.0'))
    database = os.path.join(folder, 'slow.db')
    result = run('-d', database, '--workers', '1', '--delay', '400', path)
    expect('marked calls are not reported', result.returncode == 0 and 'not marked' not in result.stderr, result)
    result = run('-d', database, '--workers', '1', '--delay', '400', '--unmarked', path)
    expect('unmarked calls are reported', result.returncode == 0 and 'that is not marked with weft::blocking' in result.stderr and
           'blocking calls were not marked' in result.stderr, result)


def check_search(folder):
    doc = os.path.join(folder, 'doc')
    write(doc, 'one/changelog.Debian.gz', entry('one', '1.0'))
    write(doc, 'one/changelog.gz', 'Version 1.0\n\n  everything is new\n')
    write(doc, 'two/changelog.gz', entry('two', '1.0') + 'Thu Jul 18 01:30:22 MDT 1996\n')
    write(doc, 'two/copyright.gz', entry('not', 'read'))
    write(doc, 'three/changelog.Debian.gz', gzip.compress(entry('three', '1.0').encode())[:-10], bytes)
    write(doc, 'four/changelog.Debian', entry('not', 'read'))
    os.symlink('one', os.path.join(doc, 'five'))
    database = os.path.join(folder, 'doc.db')
    result = run('-d', database, '--doc', doc)
    expect('a search', result.returncode == 0 and '2 files, 2 entries' in result.stderr and
           '; 1 file is in another format; 1 goes on in another format\n' in result.stderr, result)
    expect('a search warns', 'warning: ' in result.stderr and 'three/changelog.Debian.gz: it is truncated' in result.stderr, result)
    expect('what it finds', query(database, 'SELECT package FROM entries ORDER BY 1') == [('one',), ('two',)], result)


def check_database(folder):
    """An old database is replaced, through a link too, and keeps its mode."""
    path = write(folder, 'new.gz', entry('new', '1.0'))
    database = os.path.join(folder, 'tool.db')
    os.chmod(database, 0o600)
    link = os.path.join(folder, 'link.db')
    os.symlink('tool.db', link)
    result = run('-d', link, path)
    expect('an old database', result.returncode == 0 and query(database, 'SELECT package FROM entries') == [('new',)] and
           os.path.islink(link) and os.stat(database).st_mode & 0o777 == 0o600, result)
    empty = write(folder, 'empty.db', b'', bytes)
    result = run('-d', empty, path)
    expect('an empty file', result.returncode == 0 and len(query(empty, ENTRIES)) == 1, result)
    result = run(path, cwd=folder)
    expect('without --database', result.returncode == 0 and os.path.exists(os.path.join(folder, 'changelogs.db')), result)


def main():
    with tempfile.TemporaryDirectory() as folder:
        check_columns(folder)
        check_formats(folder)
        check_many_files(folder)
        check_unmarked(folder)
        check_search(folder)
        check_database(folder)
        left = [name for name in os.listdir(folder) if name.endswith('.part') or '-journal' in name]
        expect(f'{left} are left', not left, run('--help'))
    return report()


if __name__ == '__main__':
    sys.exit(main())
