#!/usr/bin/env python3
"""Joins the results of several benchmark programs into one file. Usage: merge.py OUTPUT COMMIT RESULT.json..."""
import json
import sys


def main():
    output, commit, paths = sys.argv[1], sys.argv[2], sys.argv[3:]
    merged = {'commit': commit, 'contexts': [], 'benchmarks': []}
    for path in paths:
        with open(path, encoding='utf-8') as file:
            result = json.load(file)
        merged['contexts'].append(result['context'])
        merged['benchmarks'] += result['benchmarks']
    with open(output, 'w', encoding='utf-8') as file:
        json.dump(merged, file, indent=1)
        file.write('\n')


if __name__ == '__main__':
    main()
