#!/usr/bin/env python3
"""Refuses an #include that lib/layers.txt does not allow. Usage: layers.py ROOT"""
import re
import sys

import tree

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^">]+)[">]')
NO_LAYER = {'packaging', 'docs'}   # folders of lib/ that hold no C++


def table(root):
    """Returns {layer: set of layers it may include}, having checked the order."""
    rows, findings = {}, []
    for number, line in enumerate(tree.read(root, 'lib/layers.txt').splitlines(), 1):
        if not line.strip() or line.startswith('#'):
            continue
        layer, _, needed = line.partition(':')
        layer, needed = layer.strip(), needed.split()
        findings += [f'lib/layers.txt:{number}: {layer} names {n}, which is not an earlier layer'
                     for n in needed if n not in rows]
        rows[layer] = {layer, *needed}
    return rows, findings


def layer_of(path, rows):
    """Returns (layer, is public) of a file; layer is None for the umbrella headers and '' where there is no such layer."""
    parts = path.split('/')
    public = path.startswith('include/weft/')
    inner = parts[2:] if public else parts[1:]
    if len(inner) == 1:
        return None, public
    return (inner[0] if inner[0] in rows else ''), public


def check_include(path, layer, public, quote, target, rows):
    """Returns what is wrong with one #include, or None."""
    if quote == '"' and public:
        return 'a public header includes public headers only, as <weft/...>'
    if target.startswith('weft/'):
        parts = target.split('/')[1:]
        if parts == ['version.hpp']:
            return None
        if len(parts) == 1:
            return f'a layer does not include the umbrella header {target}'
        named = parts[0]
    elif quote == '"':
        if '..' in target.split('/'):
            return 'no relative paths: write "<layer>/<file>"'
        if '/' not in target:
            return None                                   # the same folder
        named = target.split('/')[0]
    else:
        return None                                       # the system's
    if named not in rows:
        return f'{named} is not a layer of lib/layers.txt' if quote == '<' or '/' in target else None
    if named not in rows[layer]:
        return f'layer {layer} may not include {named} (lib/layers.txt)'
    return None


def check(root):
    rows, findings = table(root)
    for path in tree.files(root):
        if not path.endswith(tree.CODE) or not path.startswith(('include/weft/', 'lib/')):
            continue
        layer, public = layer_of(path, rows)
        if layer is None:
            if not public:
                findings.append(f'{path}: belongs into the folder of a layer')
            continue
        if layer == '':
            findings.append(f'{path}: its folder is not a layer of lib/layers.txt')
            continue
        _, comments = tree.split(tree.read(root, path))
        for number, line in enumerate(tree.read(root, path).split('\n'), 1):
            match = INCLUDE.match(line)
            if not match or comments[number - 1].strip().startswith('#'):
                continue
            wrong = check_include(path, layer, public, match.group(1), match.group(2), rows)
            if wrong:
                findings.append(f'{path}:{number}: {wrong}')
    return findings


if __name__ == '__main__':
    sys.exit(tree.report(check(sys.argv[1])))
