#!/usr/bin/env python3
"""Reads the traces that written.cpp writes, as a viewer does. Usage: chrome_json.py PROGRAM"""
import os
import sys

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), '../../support'))

import chrome_trace
from command import expect, report, run


def read(*arguments):
    result = run(*arguments, text=False, errors=None)
    text = result.stdout.decode()
    trace = chrome_trace.load(text)
    for problem in chrome_trace.problems(trace):
        expect(f'{arguments}: {problem}', False, result)
    return trace, result


def curve(trace, name):
    return [(event['ts'], event['args']['workers']) for event in chrome_trace.of(trace, 'C', name)]


def check_changes():
    trace, result = read('changes')
    expect('open workers', curve(trace, 'open workers') ==
           [(0, 4), (0, 2008), (100_000, 8), (200_000, 2008), (1_000_000.001, 8), (2_000_000, 8)], result)
    expect('worker limit', curve(trace, 'worker limit') == [(0, 2008), (1234.567, 1500), (2_000_000, 1500)], result)
    opened = [(event['ts'], event['args']['tier'], event['args']['reason']) for event in chrome_trace.of(trace, 'i', 'opened')]
    expect('opened', opened == [(0, 1, 'work waited'), (0, 2, 'work waited'), (200_000, 2, 'high load')], result)
    closed = chrome_trace.of(trace, 'i', 'closed')
    expect('closed', [event['ts'] for event in closed] == [100_000, 1_000_000.001], result)
    expect('a close has all arguments',
           closed[0]['args'] == {'tier': 2, 'reason': 'low load', 'open tiers': 2, 'open workers': 8}, result)
    limit = chrome_trace.of(trace, 'i', 'worker limit')
    expect('the limit', [event['args'] for event in limit] == [{'before': 2008, 'after': 1500}], result)
    rows = {event['tid']: event['args']['name'] for event in chrome_trace.of(trace, 'M', 'thread_name')}
    expect('each tier has a row', list(rows.values()) == ['runtime', 'tier 0: home', 'tier 1: node', 'tier 2: siblings'], result)
    expect('events are in the row of their tier', all(rows[event['tid']] == 'tier 2: siblings' for event in closed), result)
    expect('the process has the name of the runtime', chrome_trace.of(trace, 'M', 'process_name')[0]['args']['name'] == 'idle', result)
    expect('lost events are told', trace['otherData']['lost'] == 12 and chrome_trace.of(trace, 'i', '12 older events were lost'), result)


def check_nothing():
    trace, result = read('nothing')
    expect('without tiers all workers are open', curve(trace, 'open workers') == [(0, 3), (2_000_000, 3)], result)
    expect('the limit did not change', curve(trace, 'worker limit') == [(0, 3), (2_000_000, 3)], result)
    expect('nothing is marked', not [event for event in trace['traceEvents'] if event['ph'] == 'i'], result)
    trace, result = read('text', 'open')
    expect('as it was at the end', curve(trace, 'open workers') == [(0, 3), (2_000_000, 3)], result)


def check_text():
    whole = ['', 'a "quoted" \\ back/slash', 'tab\t, line\n, bell\a, escape\x1b', 'Grüße, 你好, \U0001F9F5', '\u07ff\u0800\uffff\U00010000\U0010FFFF']
    for name in whole:
        trace, result = read('text', name)
        expect(f'{name!r}', chrome_trace.of(trace, 'M', 'process_name')[0]['args']['name'] == name, result)
    # Bytes that are no UTF-8: alone, cut short, longer than needed, half of a surrogate pair, above the last code point.
    broken = [b'\x80', b'\xff', b'caf\xe9', b'\xe4\xbd', b'\xf0\x9f\xa7', b'\xc0\xaf', b'\xe0\x80\xaf', b'\xed\xa0\x80', b'\xf4\x90\x80\x80', b'\xf8\x88\x80\x80\x80']
    for name in broken:
        trace, result = read('text', b'<' + name + b'>')
        text = chrome_trace.of(trace, 'M', 'process_name')[0]['args']['name']
        expect(f'{name!r}', text[0] == '<' and text[-1] == '>' and '\ufffd' in text, result)


if __name__ == '__main__':
    check_changes()
    check_nothing()
    check_text()
    sys.exit(report())
