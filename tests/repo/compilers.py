"""The C++ compilers that the checks use: gcc and clang where they are there, clang from the oldest on that the headers take."""
import os
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor

CANDIDATES = {'gcc': ['g++-12', 'g++'], 'clang': [f'clang++-{major}' for major in range(19, 40)]}
FLAGS = ['-std=c++20', '-fsyntax-only', '-foptimize-sibling-calls', '-DWEFT_SIBLING_CALLS=1']


def find():
    """Returns {'gcc': command, 'clang': command} of those that exist."""
    found = {kind: next((c for c in names if shutil.which(c)), None) for kind, names in CANDIDATES.items()}
    return {kind: command for kind, command in found.items() if command}


def compile_text(command, root, text, *flags):
    """Checks one translation unit given as text; returns (exit status, what the compiler said)."""
    args = [command, *FLAGS, *flags, f'-I{root}/include', f'-I{root}/lib', '-x', 'c++', '-']
    done = subprocess.run(args, input=text, capture_output=True, text=True, env={**os.environ, 'LC_ALL': 'C'}, check=False)
    return done.returncode, done.stderr


def precompiled(command, root, folder, *flags, text='#include <weft/weft.hpp>\n'):
    """Compiles a header, the umbrella, into a folder; returns the flags that put it before a text, or none where that does not work."""
    name = os.path.join(folder, 'umbrella.hpp')
    with open(name, 'w', encoding='utf-8') as file:
        file.write(text)
    is_gcc = os.path.basename(command).startswith('g++')
    output = name + ('.gch' if is_gcc else '.pch')
    args = [command, *(f for f in FLAGS if f != '-fsyntax-only'), *flags, f'-I{root}/include', f'-I{root}/lib', '-x', 'c++-header', name, '-o', output]
    if subprocess.run(args, capture_output=True, check=False).returncode != 0:
        return []
    return ['-include', name] if is_gcc else ['-include-pch', output]


def parallel(function, items):
    """Calls function for each item on as many threads as there are CPUs; returns the results in order."""
    with ThreadPoolExecutor(max_workers=len(os.sched_getaffinity(0))) as pool:
        return list(pool.map(function, items))
