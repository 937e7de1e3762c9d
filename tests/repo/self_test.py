#!/usr/bin/env python3
"""Shows that each check here finds a planted defect, and nothing in a tree that is well. Usage: self_test.py"""
import io
import os
import sys
import tempfile
import unittest

import compile_fail
import compilers
import conventions
import edges
import layers
import listed
import public_headers
import shape
import test_files
import tree
import version

WELL = {
    '.clang-format': 'BasedOnStyle: Google\n',
    '.gitignore': '/build/\n',
    'LICENSE': 'MIT\n',
    'meson.build': "project('weft', 'cpp', version: '1.2.3')\n",
    'include/weft/version.hpp': '#define WEFT_VERSION_MAJOR 1\n#define WEFT_VERSION_MINOR 2\n#define WEFT_VERSION_PATCH 3\n',
    'include/weft/base/atomic.hpp': '#pragma once\n#include <atomic>\n',
    'include/weft/base/job.hpp': '#pragma once\n#include <cstdint>\n',
    'include/weft/coro/task.hpp': '#pragma once\n#include <weft/base/job.hpp>\n#include <weft/version.hpp>\nstruct Task {};\n',
    'lib/layers.txt': '# layers\nbase:\ncoro: base\nsched: base coro\n',
    'lib/coro/meson.build': "weft_sources += files('task.cpp')\n",
    'lib/coro/task.cpp': '#include <weft/coro/task.hpp>\n#include "base/word.hpp"\n',
    'lib/base/word.hpp': '''#pragma once
#include <weft/base/atomic.hpp>
// An order is named in comments and "strings" only: seq_cst.
inline int read(const Atomic<int>& word) {
  // [word.read] acquire: pairs with [word.write].
  return word.load(acquire);
}
inline void write(Atomic<int>& word) {
  // relaxed: only this thread writes it.
  const int old = word.load(relaxed);
  word.store(old + 1, release);  // [word.write] release: pairs with [word.read].
}
''',
    'tests/compile_fail/task_discarded.cpp': '''// expect: ignoring return value
#include <weft/coro/task.hpp>
[[nodiscard]] Task make();
#ifdef WEFT_CORRECT
void f() { Task t = make(); (void)t; }
#else
void f() { make(); }
#endif
''',
}


class Checks(unittest.TestCase):
    def tree_with(self, changes):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        for path, text in {**WELL, **changes}.items():
            full = os.path.join(folder.name, path)
            os.makedirs(os.path.dirname(full), exist_ok=True)
            with open(full, 'w', encoding='utf-8') as file:
                file.write(text)
        return folder.name

    def finds(self, module, words, changes):
        found = '\n'.join(module.check(self.tree_with(changes)))
        self.assertIn(words, found)

    def test_a_good_tree_has_no_findings(self):
        root = self.tree_with({'lib/base/word.hpp': '#pragma once\n'})
        for module in (layers, shape, listed, version, conventions, public_headers):
            self.assertEqual(module.check(root), [], module.__name__)
        self.assertEqual(edges.check(self.tree_with({})), [])

    def test_an_include_against_the_table(self):
        self.finds(layers, 'base may not include coro', {'include/weft/base/bad.hpp': '#include <weft/coro/task.hpp>\n'})
        self.finds(layers, 'coro may not include sched', {'lib/coro/bad.cpp': '#include "sched/worker.hpp"\n'})
        self.finds(layers, 'base may not include sched', {'lib/base/bad.cpp': '  #  include <weft/sched/pool.hpp>\n'})

    def test_other_bad_includes(self):
        self.finds(layers, 'umbrella', {'lib/coro/bad.cpp': '#include <weft/weft.hpp>\n'})
        self.finds(layers, 'public headers only', {'include/weft/coro/bad.hpp': '#include "base/word.hpp"\n'})
        self.finds(layers, 'relative', {'lib/coro/bad.cpp': '#include "../base/word.hpp"\n'})

    def test_folders_and_order_of_the_table(self):
        self.finds(layers, 'not a layer', {'lib/util/helpers.hpp': '#pragma once\n'})
        self.finds(layers, 'not an earlier layer', {'lib/layers.txt': 'base: coro\ncoro: base\n'})

    def test_raw_atomics(self):
        self.finds(edges, 'std::atomic belongs', {'lib/coro/bad.hpp': 'std::atomic<int> word;\n'})
        self.finds(edges, 'belongs into', {'include/weft/coro/bad.hpp': '#include <atomic>\n'})

    def test_a_default_order(self):
        self.finds(edges, 'load without a memory order', {'lib/coro/bad.hpp': 'int f(Atomic<int>& w) { return w.load(); }\n'})
        self.finds(edges, 'fetch_add without', {'lib/coro/bad.hpp': 'void f(Atomic<int>& w) {\n  w.fetch_add(\n      g(1));\n}\n'})

    def test_an_order_without_its_comment(self):
        for order in ('acquire', 'release', 'acq_rel', 'seq_cst', 'std::memory_order_seq_cst'):
            self.finds(edges, 'without an edge tag', {'lib/coro/bad.hpp': f'// Fast.\nint f(Atomic<int>& w) {{ return w.load({order}); }}\n'})
        self.finds(edges, 'relaxed without a comment', {'lib/coro/bad.hpp': 'int f(Atomic<int>& w) { return w.load(relaxed); }\n'})

    def test_an_edge_with_one_end(self):
        self.finds(edges, '[lonely.end] is named only here',
                   {'lib/coro/bad.hpp': '// [lonely.end] acquire.\nint f(Atomic<int>& w) { return w.load(acquire); }\n'})

    def test_shape(self):
        self.finds(shape, 'fixed entries', {'notes.txt': 'x\n'})
        self.finds(shape, '501 lines', {'lib/coro/long.cpp': 'int x;\n' * 501})
        self.finds(shape, 'unfinished work', {'lib/coro/bad.cpp': '// TO' + 'DO: later\n'})
        self.finds(shape, 'blanks at the end', {'lib/coro/bad.cpp': 'int x; \n'})
        self.finds(shape, 'no newline', {'lib/coro/bad.cpp': 'int x;'})

    def test_an_unlisted_file(self):
        self.finds(listed, 'never built', {'lib/coro/forgotten.cpp': 'int x;\n'})
        self.finds(listed, 'never built', {'tests/unit/coro/task_test.cpp': 'int x;\n'})

    def test_versions_that_differ(self):
        self.finds(version, 'says 1.2.3', {'meson.build': "project('weft', 'cpp', version: '1.2.4')\n"})

    def test_clangs_calling_convention_under_a_common_name(self):
        function = 'WEFT_KEEPS_REGISTERS void f() noexcept {}\n'
        inside = f'inline namespace WEFT_TRANSFER_NAMESPACE {{\n{function}}}  // namespace WEFT_TRANSFER_NAMESPACE\n'
        self.assertEqual(conventions.check(self.tree_with({'lib/coro/good.hpp': inside})), [])
        self.finds(conventions, 'outside WEFT_TRANSFER_NAMESPACE', {'lib/coro/bad.hpp': inside + function})
        self.finds(conventions, 'or in a class', {'lib/coro/bad.hpp': inside.replace('WEFT_K', '  WEFT_K')})

    def test_a_base_that_the_reference_leaves_out(self):
        for bad in ('class WEFT_API Bad : public detail::Base {', 'struct Bad : detail::Base {', 'class Bad : public Good, public detail::Base {',
                    'template <class T> class Bad final : public detail::Base<T> {'):
            self.finds(conventions, 'a public base in detail', {'include/weft/coro/task.hpp': bad + '\n'})
        self.assertEqual(conventions.check(self.tree_with({'include/weft/coro/task.hpp': 'class Good : private detail::Base {\n'})), [])

    @unittest.skipUnless(compilers.find(), 'no compiler')
    def test_a_header_that_needs_another(self):
        self.finds(public_headers, 'does not compile alone', {'include/weft/base/job.hpp': '#pragma once\nstd::uint8_t x;\n'})
        self.finds(public_headers, 'does not compile alone', {'include/weft/base/job.hpp': 'struct Job {};\n'})

    @unittest.skipUnless(compilers.find(), 'no compiler')
    def test_a_test_file_that_needs_another(self):
        umbrella = {'include/weft/weft.hpp': '#pragma once\n'}
        whole = {**umbrella, 'tests/unit/coro/part.hpp': 'inline int part = 1;\n'}
        path = 'tests/unit/coro/part_test.cpp'
        good = '#include "unit/coro/part.hpp"\nint twice() { return 2 * part; }\n'
        self.assertEqual(test_files.check(self.tree_with({**whole, path: good})), [])
        self.finds(test_files, 'does not compile alone', {**whole, path: 'int twice() { return 2 * part; }\n'})
        self.finds(test_files, 'does not compile alone', {**umbrella, path: good})

    @unittest.skipUnless(compilers.find(), 'no compiler')
    def test_a_mistake_that_compiles(self):
        def run(changes):
            return '\n'.join(str(wrong) for _, wrong in compile_fail.check(self.tree_with(changes)))

        path, good = 'tests/compile_fail/task_discarded.cpp', WELL['tests/compile_fail/task_discarded.cpp']
        self.assertNotIn('compiles, and must not', run({}))
        self.assertIn('compiles, and must not', run({path: good.replace('[[nodiscard]]', '')}))
        self.assertIn('fails without saying', run({path: good.replace('ignoring return value', 'no such words')}))
        self.assertIn('corrected form fails', run({path: good.replace('(void)t;', 'undeclared();')}))

    def test_comments_and_strings_are_told_apart(self):
        code, comments = tree.split('int a = 1\'000; // "x"\nauto s = "// no"; /* b\n c */ int d;\n')
        self.assertEqual([line.rstrip() for line in code], ["int a = 1'000;", 'auto s = "     ";', '      int d;', ''])
        self.assertEqual([line.strip() for line in comments], ['// "x"', '/* b', 'c */', ''])


if __name__ == '__main__':
    said = io.StringIO()
    result = unittest.TextTestRunner(stream=said).run(unittest.defaultTestLoader.loadTestsFromTestCase(Checks))
    if not result.wasSuccessful():
        print(said.getvalue())
    sys.exit(0 if result.wasSuccessful() else 1)
