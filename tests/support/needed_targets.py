#!/usr/bin/env python3
"""Prints what some tests need to be built, a target of ninja on each line. Usage: needed_targets.py FOLDER SUITES [NAME...]

SUITES is comma-separated. The tests are those of these suites, or of all if it is empty, with these names, or with any if there is none.
"""
import json
import os
import sys


def introspected(folder, what):
    with open(os.path.join(folder, 'meson-info', f'intro-{what}.json'), encoding='utf-8') as file:
        return json.load(file)


def needed(folder, suites, names):
    files = {target['id']: target['filename'] for target in introspected(folder, 'targets')}
    found = set()
    for test in introspected(folder, 'tests'):
        # As in 'weft:unit'.
        is_in_suite = not suites or any(suite.split(':')[-1] in suites for suite in test['suite'])
        if is_in_suite and (not names or test['name'] in names):
            found.update(os.path.relpath(file, os.path.realpath(folder)) for target in test['depends'] for file in files[target])
    return sorted(found)


if __name__ == '__main__':
    for target in needed(sys.argv[1], [suite for suite in sys.argv[2].split(',') if suite], sys.argv[3:]):
        print(target)
