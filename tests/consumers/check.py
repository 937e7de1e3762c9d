#!/usr/bin/env python3
"""Builds and runs the consumer projects of this folder against weft. Usage: check.py ROOT [WORDS]

Prints one TAP line for each check; with WORDS only checks whose names contain them. weft is built and installed into a
temporary folder, shared by one compiler and static by the other, and each consumer is built with every compiler here.
What README.md prints for users is taken from there: the program, the build files, and the options for an installation.
"""
import filecmp
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor

HERE = os.path.dirname(os.path.abspath(__file__))
COMPILERS = {'gcc': ['g++-12', 'g++'], 'clang': [f'clang++-{major}' for major in range(19, 40)]}
# What must not be exported by a library that leaves the program's allocator alone.
ALLOCATOR = {'malloc', 'free', 'calloc', 'realloc', 'aligned_alloc', 'posix_memalign', '_Znwm', '_Znam', '_ZdlPv', '_ZdaPv'}
# What is checked here are files that are installed and projects that find them; several sources at once are compiled faster.
FEWER_UNITS = ['-Dunity_size=8', '-Dunity=on']
SUBPROJECT_IN_FEWER = ['-Dunity_size=8', '-Dunity=subprojects']


class Failed(Exception):
    pass


def run(command, cwd=None, **variables):
    """Runs a command and returns what it printed; raises Failed with that text when it fails."""
    done = subprocess.run(command, cwd=cwd, env={**os.environ, **variables}, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode != 0:
        raise Failed(f'{" ".join(command)}\nexit status {done.returncode}\n{done.stdout}')
    return done.stdout


def introspect(build, what):
    return json.loads(run(['meson', 'introspect', build, f'--{what}']))


def find_compilers():
    found = {kind: next((c for c in names if shutil.which(c)), None) for kind, names in COMPILERS.items()}
    return {kind: command for kind, command in found.items() if command}


class Consumers:
    def __init__(self, root, temporary):
        self.root, self.temporary = root, temporary
        self.compilers = find_compilers()
        self.installations, self.being_installed = {}, {}
        with open(os.path.join(root, 'README.md'), encoding='utf-8') as file:
            self.readme = file.read()

    def printed(self, language, words):
        """Returns the block of the README in this language that has these words."""
        for block in re.findall(rf'^```{language}\n(.*?)^```$', self.readme, re.DOTALL | re.MULTILINE):
            if words in block:
                return block
        raise Failed(f'README.md has no {language} with "{words}"')

    def folder(self, name):
        path = os.path.join(self.temporary, name.replace(' ', '_'))
        os.makedirs(path)
        return path

    def installed(self, form, kind):
        """Returns the library and header folders of a weft installed in this form by this compiler; builds it the first time."""
        with self.being_installed.setdefault((form, kind), threading.Lock()):
            return self.install_once(form, kind)

    def install_once(self, form, kind):
        if (form, kind) not in self.installations:
            prefix, build = self.folder(f'prefix_{form}_{kind}'), self.folder(f'build_{form}_{kind}')
            libdir, includedir = 'lib', 'include'
            if form == 'static':
                # Some distributions give absolute folders that are not below the prefix.
                other = self.folder(f'other_{form}_{kind}')
                libdir, includedir = os.path.join(other, libdir), os.path.join(other, includedir)
            options = re.findall(r'-D\S+', self.printed('sh', 'meson setup'))
            run(['meson', 'setup', build, self.root, '--prefix', prefix, '--libdir', libdir, '--includedir', includedir,
                 f'-Ddefault_library={form}', '--werror', *FEWER_UNITS, *options], CXX=self.compilers[kind])
            extra = [t['name'] for t in introspect(build, 'targets') if t['name'] != 'weft']
            if extra:
                raise Failed(f'for an installation {extra} are built')
            run(['meson', 'install', '-C', build, '--quiet'])
            self.installations[form, kind] = os.path.join(prefix, libdir), os.path.join(prefix, includedir)
        return self.installations[form, kind]

    def readme_project(self, name, file, text):
        """Returns a folder with the first program of the README, and a file with this text."""
        place = self.folder(name)
        for path, content in (('main.cpp', self.printed('cpp', 'int main()')), (file, text)):
            with open(os.path.join(place, path), 'w', encoding='utf-8') as out:
                out.write(content)
        return place

    def check_readme_program(self, path, **variables):
        said = run([path], **variables)
        if said != 'fib(30) = 832040\n':
            raise Failed(f'the program of README.md printed {said}')

    def readme_subproject(self, kind):
        """The program starts where it was installed, without the folder that it was built in."""
        place = self.readme_project(f'readme subproject {kind}', 'meson.build', self.printed('meson', 'project('))
        os.makedirs(os.path.join(place, 'subprojects'))
        os.symlink(self.root, os.path.join(place, 'subprojects/weft'))
        build, target = os.path.join(place, 'out'), self.folder(f'readme installed {kind}')
        run(['meson', 'setup', build, place, '--prefix', '/usr', *SUBPROJECT_IN_FEWER], CXX=self.compilers[kind])
        run(['meson', 'install', '-C', build, '--quiet'], DESTDIR=target)
        shutil.rmtree(build)
        self.check_readme_program(os.path.join(target, 'usr/bin/app'))

    def readme_pkg_config(self, library_kind):
        libdir, _ = self.installed('shared', library_kind)
        place = self.readme_project('readme pkg_config', 'build.sh', self.printed('sh', 'pkg-config'))
        # LD_LIBRARY_PATH stands for ldconfig, which needs root.
        variables = {'PKG_CONFIG_PATH': f'{libdir}/pkgconfig', 'LD_LIBRARY_PATH': libdir}
        run(['sh', '-e', 'build.sh'], place, **variables)
        self.check_readme_program(os.path.join(place, 'app'), **variables)

    def readme_cmake(self, library_kind, kind):
        libdir, _ = self.installed('shared', library_kind)
        place = self.readme_project(f'readme cmake {kind}', 'CMakeLists.txt', self.printed('cmake', 'find_package'))
        run(['cmake', '-S', '.', '-B', 'out', f'-DCMAKE_PREFIX_PATH={os.path.dirname(libdir)}', f'-DCMAKE_CXX_COMPILER={self.compilers[kind]}'], place)
        run(['cmake', '--build', 'out'], place)
        self.check_readme_program(os.path.join(place, 'out/app'))

    def copy(self, project, name):
        place = os.path.join(self.folder(name), project)
        shutil.copytree(os.path.join(HERE, project), place)
        return place

    def pkg_config(self, form, library_kind, kind, flags='-O2'):
        libdir, _ = self.installed(form, library_kind)
        place = self.copy('pkg_config', f'pkg_config {form} {library_kind} {kind} {flags}')
        variables = {'PKG_CONFIG_PATH': f'{libdir}/pkgconfig', 'LD_LIBRARY_PATH': libdir}
        static = '--static' if form == 'static' else ''
        run(['make', f'CXX={self.compilers[kind]}', f'CXXFLAGS={flags} -Wall -Wextra -Werror', f'STATIC={static}'], place, **variables)
        run(['./consumer'], place, **variables)
        for variable in ('has_hwloc', 'has_mimalloc', 'has_uring'):
            if run(['pkg-config', f'--variable={variable}', 'weft'], **variables).strip() not in ('0', '1'):
                raise Failed(f'the .pc file has no variable {variable}')
        names = run(['pkg-config', '--print-requires', '--print-requires-private', 'weft'], **variables).split()
        libraries = run(['pkg-config', '--static', '--libs-only-l', 'weft'], **variables).split()
        if [n for n in names if n not in ('hwloc', 'mimalloc', 'liburing')] or [n for n in libraries if n not in ('-lweft', '-lhwloc', '-lmimalloc', '-luring')]:
            raise Failed(f'the .pc file asks its users for {names} {libraries}, and nothing in weft uses that')

    def mixed(self, form, library_kind, kind):
        libdir, _ = self.installed(form, library_kind)
        place = self.copy('mixed', f'mixed {form} {library_kind} {kind}')
        variables = {'PKG_CONFIG_PATH': f'{libdir}/pkgconfig', 'LD_LIBRARY_PATH': libdir}
        make = ['make', f'CXX={self.compilers[kind]}', f'STATIC={"--static" if form == "static" else ""}']
        run(make + ['checked'], place, **variables)
        run(['./checked'], place, **variables)
        for waits_for in ('counter', 'event'):
            try:
                said = run(['./checked', waits_for], place, **variables)
            except Failed as failure:
                said = str(failure)
            if 'a ThreadMutex' not in said or 'is still held where a fiber suspends' not in said:
                raise Failed(f'a fiber waited for a {waits_for} with a locked ThreadMutex, and was not found out: {said}')
        for program in ('checks_first', 'checks_last'):
            run(make + ['CXXFLAGS=', program], place, **variables)
            run([f'./{program}'], place, **variables)
        run(make + ['CXXFLAGS=-O1 -fsanitize=address', 'sanitized'], place, **variables)
        said = run(['./sanitized'], place, **variables)
        if 'AddressSanitizer' not in said or '-Db_sanitize=address' not in said:
            raise Failed(f'the error does not name the sanitizer and what to do: {said}')

    def cmake(self, form, library_kind, kind):
        libdir, _ = self.installed(form, library_kind)
        place = self.copy('cmake', f'cmake {form} {library_kind} {kind}')
        run(['cmake', '-S', '.', '-B', 'out', f'-DCMAKE_PREFIX_PATH={os.path.dirname(libdir)}', '-DCMAKE_BUILD_TYPE=Release',
             f'-DCMAKE_CXX_COMPILER={self.compilers[kind]}'], place)
        run(['cmake', '--build', 'out'], place)
        run(['./out/consumer'], place, LD_LIBRARY_PATH='')

    def cmake_version(self):
        libdir, _ = self.installed('shared', next(iter(self.compilers)))
        place = self.copy('cmake', 'cmake version')
        project = os.path.join(place, 'CMakeLists.txt')
        with open(project, encoding='utf-8') as file:
            text = file.read()
        with open(project, 'w', encoding='utf-8') as file:
            file.write(text.replace('find_package(weft 0.1', 'find_package(weft 99.0'))
        try:
            run(['cmake', '-S', '.', '-B', 'out', f'-DCMAKE_PREFIX_PATH={os.path.dirname(libdir)}'], place)
        except Failed as failure:
            if '99.0' in str(failure):
                return
            raise
        raise Failed('find_package(weft 99.0) found this version')

    def subproject(self, form, kind):
        place = self.copy('meson_subproject', f'subproject {form} {kind}')
        os.makedirs(os.path.join(place, 'subprojects'))
        os.symlink(self.root, os.path.join(place, 'subprojects/weft'))
        build, target = os.path.join(place, 'out'), self.folder(f'installed {form} {kind}')
        log = run(['meson', 'setup', build, place, '--prefix', '/usr', *SUBPROJECT_IN_FEWER, f'-Ddefault_library={form}'], CXX=self.compilers[kind])
        if re.search(r'weft.*WARNING|WARNING.*weft', log):
            raise Failed(log)
        run(['meson', 'test', '-C', build])
        run(['meson', 'install', '-C', build, '--quiet'], DESTDIR=target)
        installed = [os.path.relpath(os.path.join(d, f), target) for d, _, names in os.walk(target) for f in names]
        if installed != ['usr/bin/consumer']:
            raise Failed(f'the subproject installed {installed}')
        self.check_subproject_adds_nothing(build)

    def check_subproject_adds_nothing(self, build):
        if [t['name'] for t in introspect(build, 'tests')] != ['consumer']:
            raise Failed('the subproject defines tests')
        extra = [t['name'] for t in introspect(build, 'targets') if t['name'] not in ('consumer', 'weft')]
        if extra:
            raise Failed(f'the subproject defines {extra}')
        buildtype = next(o['value'] for o in introspect(build, 'buildoptions') if o['name'] == 'buildtype')
        if buildtype != 'debug':
            raise Failed(f'the subproject changed buildtype to {buildtype}')
        with open(os.path.join(build, 'build.ninja'), encoding='utf-8') as file:
            rules = file.read()
        own = re.search(r'consumer\.p/main\.cpp\.o:.*?\n ARGS = (.*)', rules, re.DOTALL).group(1).split('\n')[0].split()
        allowed = r'-I.*|-isystem.*|-std=.*|-O0|-g|-Wall|-Winvalid-pch|-fdiagnostics-color=always|-fcolor-diagnostics|-D_FILE_OFFSET_BITS=64|-pthread|' \
                  r'-D_GLIBCXX_ASSERTIONS=1|-foptimize-sibling-calls|-DWEFT_SIBLING_CALLS=1'
        strange = [a for a in own if not re.fullmatch(allowed, a)]
        if strange:
            raise Failed(f'the subproject adds {strange} to its consumer')

    def exports(self, kind):
        library = os.path.join(self.installed('shared', kind)[0], 'libweft.so')
        names = run(['nm', '-D', '--defined-only', '--format=posix', library]).splitlines()
        names = [line.split()[0] for line in names]
        strange = [n for n in names if n in ALLOCATOR or not re.match(r'_Z[A-Z]*N?K?4weft|_ZNK?4weft|weft_', n)]
        if strange or not names:
            raise Failed(f'{library} exports {strange or "nothing"}')
        needed = re.findall(r'NEEDED.*\[(.*)\]', run(['readelf', '-d', library]))
        # A mimalloc of the system may replace malloc; anything else here would be linked without being used.
        strange = [n for n in needed if not re.match(r'lib(c|m|stdc\+\+|gcc_s|pthread|hwloc|uring)\.so|ld-linux', n)]
        if strange:
            raise Failed(f'{library} needs {strange}')
        soname = re.findall(r'SONAME.*\[(.*)\]', run(['readelf', '-d', library]))
        if soname != ['libweft.so.0']:
            raise Failed(f'the soname is {soname}')

    def plugin(self, library_kind, kind):
        libdir, _ = self.installed('shared', library_kind)
        place = self.copy('plugin', f'plugin {library_kind} {kind}')
        variables = {'PKG_CONFIG_PATH': f'{libdir}/pkgconfig', 'LD_LIBRARY_PATH': libdir}
        run(['make', f'CXX={self.compilers[kind]}', 'CXXFLAGS=-O2 -Wall -Wextra -Werror'], place, **variables)
        run(['./host'], place, **variables)

    def headers(self):
        _, includedir = self.installed('shared', next(iter(self.compilers)))
        difference = filecmp.dircmp(os.path.join(self.root, 'include/weft'), os.path.join(includedir, 'weft'))
        if difference.left_only or difference.right_only or difference.diff_files:
            raise Failed(f'installed headers differ: {difference.left_only} {difference.right_only} {difference.diff_files}')

    def checks(self):
        """Yields (name, function) of each check."""
        kinds = list(self.compilers)
        library_kinds = {'shared': kinds[0], 'static': kinds[-1]}
        for form, library_kind in library_kinds.items():
            for kind in kinds:
                yield f'pkg-config, {form} library by {library_kind}, consumer by {kind}', \
                    lambda f=form, l=library_kind, k=kind: self.pkg_config(f, l, k)
                yield f'cmake, {form} library by {library_kind}, consumer by {kind}', \
                    lambda f=form, l=library_kind, k=kind: self.cmake(f, l, k)
            # It has functions of its own of all that headers define, and whatever these need must be in the library.
            yield f'pkg-config, {form} library by {library_kind}, consumer by {kinds[0]} without optimisation', \
                lambda f=form, l=library_kind: self.pkg_config(f, l, kinds[0], '-O0')
        for (form, library_kind), kind in zip(library_kinds.items(), reversed(kinds)):
            yield f'programs with checks or a sanitizer by {kind}, {form} library without by {library_kind}', \
                lambda f=form, l=library_kind, k=kind: self.mixed(f, l, k)
        yield 'cmake refuses a version that is not there', self.cmake_version
        for form, kind in zip(('static', 'shared'), kinds * 2):
            yield f'meson subproject, {form}, by {kind}', lambda f=form, k=kind: self.subproject(f, k)
        for kind in kinds:
            yield f'README.md: meson subproject, by {kind}', lambda k=kind: self.readme_subproject(k)
            yield f'README.md: cmake, by {kind}', lambda k=kind: self.readme_cmake(library_kinds['shared'], k)
        if shutil.which('g++'):
            yield 'README.md: pkg-config', lambda: self.readme_pkg_config(library_kinds['shared'])
        yield f'the shared library by {library_kinds["shared"]} exports weft only', lambda: self.exports(library_kinds['shared'])
        for kind in kinds:
            yield f'handlers of the shared library stay when a plugin by {kind} is unloaded', \
                lambda k=kind: self.plugin(library_kinds['shared'], k)
        yield 'all public headers are installed', self.headers


def failure_of(entry):
    """Makes one check, and returns what it has failed with, or None."""
    _, check = entry
    try:
        check()
    except (Failed, OSError, subprocess.SubprocessError) as failure:
        return failure
    return None


def main():
    words = sys.argv[2] if len(sys.argv) > 2 else ''
    number = 0
    # Most of the time one compiler compiles one file, so there are as many checks at once as processors.
    with tempfile.TemporaryDirectory() as temporary, ThreadPoolExecutor(max_workers=len(os.sched_getaffinity(0))) as pool:
        checks = [c for c in Consumers(os.path.abspath(sys.argv[1]), temporary).checks() if words in c[0]]
        for (name, _), failure in zip(checks, pool.map(failure_of, checks)):
            number += 1
            print(f'{"ok" if failure is None else "not ok"} {number} - {name}', flush=True)
            if failure is not None:
                print(f'{name}: {failure}', file=sys.stderr, flush=True)
    print(f'1..{number}')
    return 0


if __name__ == '__main__':
    sys.exit(main())
