#!/usr/bin/env python3
"""Checks that include/weft/version.hpp and meson.build give the same version. Usage: version.py ROOT"""
import re
import sys

import tree


def check(root):
    project = re.search(r"\bversion: '(\d+)\.(\d+)\.(\d+)'", tree.read(root, 'meson.build'))
    header = tree.read(root, 'include/weft/version.hpp') if 'include/weft/version.hpp' in tree.files(root) else None
    if header is None:
        return ['include/weft/version.hpp: missing']
    found = [re.search(rf'#define WEFT_VERSION_{part} (\d+)\b', header) for part in ('MAJOR', 'MINOR', 'PATCH')]
    if not all(found):
        return ['include/weft/version.hpp: needs #define WEFT_VERSION_MAJOR, _MINOR and _PATCH with a number each']
    numbers = tuple(f.group(1) for f in found)
    if numbers != project.groups():
        return [f"include/weft/version.hpp says {'.'.join(numbers)}, meson.build {'.'.join(project.groups())}"]
    return []


if __name__ == '__main__':
    sys.exit(tree.report(check(sys.argv[1])))
