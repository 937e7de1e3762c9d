#!/usr/bin/env python3
"""Turns Google Benchmark's JSON into a table of contenders. Usage: table.py RESULT.json... | table.py --self-test

Case names are `<problem>[/<parameter>...]/<contender>/threads:<n>` and what Google Benchmark appends. For each problem and
thread count the table has each contender's median and minimum over the repetitions, the spread (median absolute deviation
over median), the ratio of its median to the best contender of the same run, and the least processor time of all its threads
together, which other programs on the machine disturb less. Counters follow, as medians; those named ratio with their spread.
"""
import json
import re
import statistics
import sys
from dataclasses import dataclass, field

SUFFIX = re.compile(r'^(real_time|process_time|manual_time|(repeats|iterations|min_time|min_warmup_time):.*)$')
NS = {'ns': 1.0, 'us': 1e3, 'ms': 1e6, 's': 1e9}
NOT_COUNTERS = {'name', 'run_name', 'run_type', 'repetitions', 'repetition_index', 'threads', 'iterations', 'real_time',
                'cpu_time', 'time_unit', 'family_index', 'per_family_instance_index', 'aggregate_name', 'aggregate_unit',
                'label', 'error_occurred', 'error_message'}


def spread_of(values):
    """Returns the median absolute deviation over the median."""
    middle = statistics.median(values)
    return statistics.median(abs(value - middle) for value in values) / middle if middle else 0.0


@dataclass
class Case:
    """One contender at one problem and thread count, with the time of each repetition in ns."""
    problem: str
    contender: str
    threads: int
    times: list = field(default_factory=list)
    processor_times: list = field(default_factory=list)
    counters: dict = field(default_factory=dict)

    @property
    def median(self):
        return statistics.median(self.times)

    @property
    def spread(self):
        return spread_of(self.times)


def parse_name(name):
    """Returns (problem, contender, threads) of a case name."""
    parts, threads = [p for p in name.split('/') if not SUFFIX.match(p)], 1
    for part in list(parts):
        if part.startswith('threads:'):
            threads = int(part.split(':')[1])
            parts.remove(part)
    return ('/'.join(parts[:-1]) or parts[-1]), (parts[-1] if len(parts) > 1 else '-'), threads


def cases(result):
    """Returns (the cases of one result in order, the errors in it)."""
    found, errors = {}, []
    for row in result['benchmarks']:
        if row.get('error_occurred'):
            errors.append(f"{row['name']}: {row.get('error_message', 'error')}")
        elif row.get('run_type', 'iteration') == 'iteration':
            key = parse_name(row['name'])
            case = found.setdefault(key, Case(*key))
            case.times.append(row['real_time'] * NS[row['time_unit']])
            if '/process_time' in row['name']:
                case.processor_times.append(row['cpu_time'] * NS[row['time_unit']])
            for name, value in row.items():
                if name not in NOT_COUNTERS and isinstance(value, (int, float)):
                    case.counters.setdefault(name, []).append(value)
    return list(found.values()), errors


def in_unit(ns):
    """Returns a time with three digits and its unit."""
    for unit in ('ns', 'us', 'ms'):
        if abs(ns) < 999.5 * NS[unit]:
            break
    else:
        unit = 's'
    value = ns / NS[unit]
    return f'{value:.0f} {unit}' if value >= 99.95 else f'{value:.1f} {unit}' if value >= 9.995 else f'{value:.2f} {unit}'


def counter(name, values):
    """Returns what the table has for a counter."""
    text = f'{statistics.median(values):.4g}'
    return f'{text} ±{spread_of(values):.1%}' if name == 'ratio' else text


def table(all_cases):
    """Returns the lines of the table."""
    groups = {}
    for case in all_cases:
        groups.setdefault((case.problem, case.threads), []).append(case)
    width = max([len(c.contender) for c in all_cases] + [9])
    lines = []
    for (problem, threads), group in groups.items():
        best = min(c.median for c in group)
        lines += ['', f'{problem}, {threads} thread{"s" if threads != 1 else ""}',
                  f'  {"contender":<{width}} {"median":>10} {"minimum":>10} {"spread":>8} {"to best":>8} {"cpu":>10}']
        for case in sorted(group, key=lambda c: c.median):
            ratio = case.median / best if best else 1.0
            processor = in_unit(min(case.processor_times)) if case.processor_times else '-'
            line = (f'  {case.contender:<{width}} {in_unit(case.median):>10} {in_unit(min(case.times)):>10} '
                    f'{case.spread:>7.1%} {ratio:>7.2f}x {processor:>10}')
            extra = ''.join(f'  {name} {counter(name, values)}' for name, values in case.counters.items())
            lines.append(line + extra)
    return lines


def record(contexts, commit):
    """Returns the lines that say on what the figures were measured."""
    first = contexts[0]
    adds = [float(c['calibration_ns_per_add']) for c in contexts if 'calibration_ns_per_add' in c]
    lines = [f"machine      {first.get('processor', 'unknown')}, {first.get('num_cpus', '?')} CPUs, governor {first.get('governor', 'unknown')}",
             f"kernel       {first.get('kernel', 'unknown')}",
             f"build        {first.get('build', 'unknown')}, weft commit {commit}",
             f"date         {first.get('date', 'unknown')}"]
    if adds:
        lines.append(f"calibration  {' '.join(f'{a:.3f}' for a in adds)} ns per dependent add, once for each program")
    return lines


def self_test():
    """Raises AssertionError unless the table of a known result is right."""
    def row(name, time, **more):
        return {'name': name, 'run_type': 'iteration', 'real_time': time, 'time_unit': 'ms', **more}

    result = {'benchmarks': [
        row('fib/weft/threads:2/process_time/real_time', 10.0, cpu_time=19.0, steals=7), row('fib/weft/threads:2/real_time', 12.0, steals=9),
        row('fib/weft/threads:2/real_time', 11.0, steals=8), row('fib/tbb/threads:2/real_time', 22.0, ratio=2.0),
        row('fib/tbb/threads:2/real_time', 22.0, ratio=2.2), row('fib/tbb/threads:2/real_time', 22.0, ratio=2.6),
        row('uts/T1/weft/iterations:1', 5.0), {**row('fib/weft/threads:2_median', 11.0), 'run_type': 'aggregate'},
        row('fib/bad/threads:2', 0.0, error_occurred=True, error_message='no threads')]}
    found, errors = cases(result)
    assert errors == ['fib/bad/threads:2: no threads'], errors
    assert [(c.problem, c.contender, c.threads) for c in found] == [('fib', 'weft', 2), ('fib', 'tbb', 2), ('uts/T1', 'weft', 1)]
    assert found[0].median == 11e6 and min(found[0].times) == 10e6 and abs(found[0].spread - 1 / 11) < 1e-9
    text = '\n'.join(table(found))
    assert re.search(r'weft +11\.0 ms +10\.0 ms +9\.1% +1\.00x +19\.0 ms +steals 8\n', text), text
    assert re.search(r'tbb +22\.0 ms +22\.0 ms +0\.0% +2\.00x +-  ratio 2\.2 ±9\.1%$', text, re.MULTILINE), text
    assert 'fib, 2 threads' in text and 'uts/T1, 1 thread\n' in text
    assert [in_unit(t) for t in (0.5, 9.999, 99.99, 999.9, 1234.0, 5.5e6, 2e9, 2e12)] == \
        ['0.50 ns', '10.0 ns', '100 ns', '1.00 us', '1.23 us', '5.50 ms', '2.00 s', '2000 s']
    assert parse_name('a/b/c/threads:4/process_time/real_time') == ('a/b', 'c', 4)
    assert 'calibration  0.250 0.300 ns' in '\n'.join(record([{'calibration_ns_per_add': '0.25'}, {'calibration_ns_per_add': '0.3'}], 'x'))


def main():
    if sys.argv[1:] == ['--self-test']:
        self_test()
        return 0
    contexts, every, errors = [], [], []
    commit = 'unknown'
    for path in sys.argv[1:]:
        with open(path, encoding='utf-8') as file:
            result = json.load(file)
        contexts += result.get('contexts', [result['context']] if 'context' in result else [])
        commit = result.get('commit', commit)
        found, bad = cases(result)
        every, errors = every + found, errors + bad
    print('\n'.join(record(contexts or [{}], commit) + (table(every) if every else ['', 'no case ran'])))
    for error in errors:
        print(f'failed: {error}', file=sys.stderr)
    return 1 if errors else 0


if __name__ == '__main__':
    sys.exit(main())
