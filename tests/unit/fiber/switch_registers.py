#!/usr/bin/env python3
"""Checks that a compiler keeps nothing in the registers of a processor extension over a switch. Usage: switch_registers.py ROOT COMPILER...

Whoever switches back has overwritten them. Only compiles, so it needs no processor that has them. Prints TAP; a case is skipped where the
compiler does not know the extension.
"""
import re
import subprocess
import sys

# (name, flags, what the values are, the registers that the extension adds)
CASES = [
    ('AVX-512', ['-mavx512f', '-mavx512vl'], 'double', r'%[xyz]mm(1[6-9]|2\d|3[01])\b'),
    ('APX', ['-mapxf'], 'long', r'%r(1[6-9]|2\d|3[01])\b'),
    ('APX without its other features', ['-mapx-features=egpr'], 'long', r'%r(1[6-9]|2\d|3[01])\b'),
]
VALUES = 24
OPERATOR = {'long': '^', 'double': '+'}
SWITCH = re.compile(r'^\s*jmpq?\s+\*%rax$', re.MULTILINE)


def program(kind):
    """Returns a function that reads many values, switches, and uses them all."""
    lines = ['#include <weft/fiber/context.hpp>', f'{kind} over_switch(void* record, const volatile {kind}* from) {{']
    lines += [f'  const {kind} v{i} = from[{i}];' for i in range(VALUES)]
    lines.append('  weft::detail::switch_stacks<0, 64>(record, nullptr);')
    lines.append('  return ' + f' {OPERATOR[kind]} '.join(f'v{i}' for i in range(VALUES)) + ';')
    return '\n'.join(lines + ['}', ''])


def compiled(compiler, root, flags, kind):
    """Returns the assembly, or None, and what the compiler said."""
    argv = compiler + ['-std=c++20', '-O2', '-DNDEBUG', f'-I{root}/include', *flags, '-S', '-x', 'c++', '-o', '-', '-']
    done = subprocess.run(argv, input=program(kind), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=100, check=False)
    return (done.stdout if done.returncode == 0 else None), done.stderr


def kept(text, registers):
    """Returns those of the registers that are read after the switch before anything is put into them."""
    seen, read = set(), []
    for line in SWITCH.split(text, maxsplit=1)[1].splitlines():
        code = line.partition('#')[0].strip()
        found = {match.group() for match in re.finditer(registers, code)} - seen
        target = code.rpartition(',')[2].strip()
        is_written_only = code.startswith(('mov', 'lea', 'vmov'))
        read += sorted(r for r in found if not (r == target and is_written_only and code.count(r) == 1))
        seen |= found
    return read


def known(compiler, flags):
    """Whether the compiler and its assembler know the flags."""
    argv = compiler + [*flags, '-c', '-x', 'c++', '-o', '/dev/null', '-']
    return subprocess.run(argv, input='int i;', capture_output=True, text=True, timeout=100, check=False).returncode == 0


def main():
    root, compiler = sys.argv[1], sys.argv[2:]
    print(f'1..{len(CASES)}')
    failed = False
    for number, (name, flags, kind, registers) in enumerate(CASES, 1):
        title = f'nothing is kept over a switch in the registers that {name} adds'
        if not known(compiler, flags):
            print(f'ok {number} - {title} # SKIP the compiler does not know {" ".join(flags)}')
            continue
        text, said = compiled(compiler, root, flags, kind)
        wrong = said.splitlines() if text is None else kept(text, registers)
        failed = failed or bool(wrong)
        print(f'{"not ok" if wrong else "ok"} {number} - {title}')
        for line in wrong:
            print(f'# {line}')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
