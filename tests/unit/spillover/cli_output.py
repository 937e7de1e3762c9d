#!/usr/bin/env python3
"""Looks at what spillover writes: the picture, the table, and what a terminal gets. Usage: cli_output.py PROGRAM"""
import os
import pty
import signal
import subprocess
import sys
import tempfile
import time
import types
import xml.etree.ElementTree

from command_line import PROGRAM, SHORT, SIGNALS, as_from_a_shell, chrome_trace, expect, finish, report, run, start

SVG = '{http://www.w3.org/2000/svg}'


def check_picture(folder):
    output = os.path.join(folder, 'out.svg')
    result = run('-o', output, '--synthetic', 'node:2 l3:2 core:1 pu:2', *SHORT)
    expect('a run', result.returncode == 0 and 'CPU-seconds of workers' in result.stdout and 'wrote' in result.stderr, result)
    expect('lines for a file', '\ntiered, ' in result.stderr and '% offered' in result.stderr and '\x1b' not in result.stderr, result)
    picture = xml.etree.ElementTree.parse(output).getroot()
    texts = [element.text for element in picture.iter(SVG + 'text')]
    expect('the picture is SVG', picture.tag == SVG + 'svg', result)
    expect('four panels of two lines', len(list(picture.iter(SVG + 'polyline'))) == 8, result)
    expect('the offered load', len(list(picture.iter(SVG + 'polygon'))) == 1, result)
    for words in ('offered', 'all open', 'tiered', 'seconds', 'peak', 'Workers of open tiers'):
        expect(f'the picture says {words}', words in texts, result)
    os.remove(output)
    result = run('-q', '-o', output, *SHORT)
    expect('quiet', result.returncode == 0 and not result.stderr and result.stdout, result)


def check_trace(folder):
    output, traced = os.path.join(folder, 'out.svg'), os.path.join(folder, 'out.json')
    # More than the processors can do, so that work waits and tiers open.
    result = run('-o', output, '--trace', traced, '--synthetic', 'l3:2 core:1 pu:2', '--seconds', '0.5', '--peak', '400')
    expect('a traced run', result.returncode == 0 and f'wrote {output} and {traced}' in result.stderr, result)
    with open(traced, encoding='utf-8') as file:
        trace = chrome_trace.load(file.read())
    expect('the trace can be shown', not chrome_trace.problems(trace), types.SimpleNamespace(
        returncode=0, stdout='', stderr='\n'.join(chrome_trace.problems(trace))))
    opened = chrome_trace.of(trace, 'i', 'opened')
    expect('a tier opened', opened and opened[0]['args']['tier'] == 1, result)
    expect('and why', opened[0]['args']['reason'] in ('work waited', 'high load'), result)
    counts = [event['args']['workers'] for event in chrome_trace.of(trace, 'C', 'open workers')]
    expect('open workers', counts[0] == 1 and 4 in counts, result)
    os.remove(output)
    os.remove(traced)


def check_signals(folder):
    """The folder stays as it was, whenever the signal comes."""
    before = sorted(os.listdir(folder))
    for number in SIGNALS:
        process = start(['-q', '-o', os.path.join(folder, 'new.svg'), '--seconds', '60'])
        time.sleep(0.5)
        process.send_signal(number)
        finish(process)
        # A program that has not begun to watch yet ends by the signal itself.
        expect(f'{number.name}', process.returncode in (128 + number, -number) and not process.stdout, process)
        expect(f'{number.name} leaves no file', sorted(os.listdir(folder)) == before, process)


def on_a_terminal(arguments, environment, stop_after=None):
    """Returns the status and what a terminal got on standard error. Stops the program when it has seen these words."""
    master, slave = pty.openpty()
    process = subprocess.Popen([PROGRAM, *arguments], stdout=subprocess.DEVNULL, stderr=slave, preexec_fn=as_from_a_shell,
                               env={**os.environ, 'TERM': 'xterm', 'LC_ALL': 'C.UTF-8', **environment})
    os.close(slave)
    seen = b''
    while True:
        try:
            piece = os.read(master, 65536)
        except OSError:
            break
        if not piece:
            break
        seen += piece
        if stop_after is not None and stop_after in seen:
            process.send_signal(signal.SIGINT)
            stop_after = None
    os.close(master)
    return types.SimpleNamespace(returncode=process.wait(100), stdout='', stderr=seen.decode(errors='replace'))


def check_terminal(folder):
    output = os.path.join(folder, 'out.svg')
    result = on_a_terminal(['-o', output, '--synthetic', 'l3:2 core:1', *SHORT], {'NO_COLOR': ''})
    expect('frames', result.returncode == 0 and 'tier 1 ' in result.stderr and '\x1b[32m' in result.stderr, result)
    expect('the cursor comes back', result.stderr.count('\x1b[?25l') == result.stderr.count('\x1b[?25h') == 2, result)
    result = on_a_terminal(['-o', output, *SHORT], {'NO_COLOR': '1', 'LC_ALL': 'C'})
    expect('no colour', '\x1b[32m' not in result.stderr and 'offered' in result.stderr and result.stderr.isascii(), result)
    result = on_a_terminal(['-o', output, *SHORT], {'TERM': 'dumb'})
    expect('a dumb terminal', '\x1b' not in result.stderr and 'all open, ' in result.stderr and '% offered' in result.stderr, result)
    os.remove(output)
    result = on_a_terminal(['-o', output, '--seconds', '60'], {}, stop_after=b'offered')
    expect('Ctrl-C', result.returncode == 130 and result.stderr.endswith('\x1b[?25h'), result)
    expect('Ctrl-C leaves no file', not os.listdir(folder), result)


def main():
    with tempfile.TemporaryDirectory() as folder:
        check_picture(folder)
        check_trace(folder)
    with tempfile.TemporaryDirectory() as folder:
        check_signals(folder)
        check_terminal(folder)
    return report()


if __name__ == '__main__':
    sys.exit(main())
