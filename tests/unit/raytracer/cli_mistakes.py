#!/usr/bin/env python3
"""Makes the mistakes that people make on the ray tracer's command line. Usage: cli_mistakes.py PROGRAM

Each must give one sentence on standard error that has the expected words, the expected exit status, and no picture.
"""
import os
import stat
import sys
import tempfile

from command_line import ONE, SMALL, expect, expect_refusal, report, run, stl, without_privileges

NAN = float('nan')
INF = float('inf')
ASCII = 'solid a\nfacet normal 0 0 1\nouter loop\nvertex 0 0 0\nvertex 1 0 0\nvertex 0 1 0\nendloop\nendfacet\nendsolid a\n'
XYZ = 'property float x\nproperty float y\nproperty float z\n'
PLY = ('ply\nformat ascii 1.0\nelement vertex {v}\n' + XYZ +
       'element face 1\nproperty list uchar int vertex_indices\nend_header\n0 0 0\n1 0 0\n0 1 0\n3 0 1 {i}\n')

# name of the file, its content, words of the message
FILES = [
    ('truncated.stl', stl(10, [ONE]), 'truncated: its header promises 10 triangles, which need 584 bytes, but it has 134'),
    ('bomb.stl', stl(0xFFFFFFFF, [])[:50].ljust(84, b'\xff'), 'its header promises 4294967295 triangles'),
    ('short.stl', b'\0' * 50, 'fewer than the 84'),
    ('nan.stl', stl(2, [ONE, (0, 0, 0, 1, NAN, 0, 0, 1, 0)]), 'triangle 1, at byte 134, has a corner that is not a finite'),
    ('inf.stl', stl(1, [(INF, 0, 0, 1, 0, 0, 0, 1, 0)]), 'triangle 0, at byte 84, has a corner that is not a finite'),
    ('nothing.stl', stl(0, []), 'it holds no triangles'),
    ('flat.stl', stl(1, [(0, 0, 0) * 3]), 'all its points are the same'),
    ('line.stl', stl(1, [(0, 0, 0, 1, 1, 1, 2, 2, 2)]), 'none of its triangles has an area'),
    ('empty.stl', b'', 'it is empty'),
    ('cut.stl', ASCII[:ASCII.index('vertex 0 1')].encode(), 'inside a facet: it is truncated'),
    ('word.stl', ASCII.replace('1 0 0', '1 zero 0').encode(), "line 5: 'zero' is not a number"),
    ('huge.stl', ASCII.replace('1 0 0', '1 1e99 0').encode(), "line 5: '1e99' is too large"),
    ('asciinan.stl', ASCII.replace('1 0 0', '1 nan 0').encode(), "line 5: 'nan' is not a finite number"),
    ('two.stl', ASCII.replace('vertex 1 0 0\n', '').encode(), 'line 7: a facet has 2 vertices'),
    ('magic.ply', b'plop\n', "does not begin with the line 'ply'"),
    ('header.ply', b'ply\nformat ascii 1.0\nelement vertex 3\n', 'the file ends inside the header'),
    ('count.ply', PLY.format(v=4000000000, i=2).encode(), "its header promises 4000000000 of 'vertex'"),
    ('minus.ply', PLY.format(v=-3, i=2).encode(), "line 3: '-3' is not a number of elements"),
    ('index.ply', PLY.format(v=3, i=3).encode(), 'line 13: face 0 names vertex 3, but there are 3 vertices'),
    ('few.ply', PLY.format(v=4, i=2).encode(), 'line 13: a list promises more numbers than the file has left'),
    ('inf.ply', PLY.format(v=3, i=2).replace('1 0 0', '1 inf 0').encode(), "line 11: 'inf' is not a finite number"),
    ('bare.ply', PLY.format(v=3, i=2).replace(XYZ, '').replace('0 0 0\n1 0 0\n0 1 0\n', '').encode(),
     'its header gives vertices no x'),
    ('points.ply', PLY.format(v=3, i=2).replace('face 1', 'face 0').encode(), 'it holds points but no faces'),
    ('zero.obj', b'v 0 0 0\nv 1 0 0\nv 0 1 0\nf 0 1 2\n', 'line 4: a face names vertex 0'),
    ('index.obj', b'v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 4\n', 'line 4: a face names vertex 4, but only 3 are defined'),
    ('back.obj', b'v 0 0 0\nv 1 0 0\nv 0 1 0\nf -1 -2 -4\n', 'line 4: a face names vertex -4'),
    ('corner.obj', b'v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 x\n', "line 4: 'x' is not a corner"),
    ('short.obj', b'v 0 0\n', 'line 1: the line ends where the z of a vertex should be'),
    ('text.obj', b'hello\n', 'it defines no vertices'),
    ('nofaces.obj', b'v 0 0 0\n', 'it holds no triangles'),
    ('wide.obj', 'v 0 0 0\n'.encode('utf-16'), 'UTF-16'),
    ('mesh.xyz', b'something', 'its name ends neither in .stl nor .ply nor .obj'),
    ('mesh', b'something', 'its name ends neither in .stl nor .ply nor .obj'),
]

# arguments, words of the message
ARGUMENTS = [
    (['--size', '0x0'], "'0x0' is out of range"),
    (['--size', '10x-3'], "'10x-3' is out of range"),
    (['--size', '99999x1'], "'99999x1' is out of range"),
    (['--size', '16384x16384'], '64 megapixels'),
    (['--size', '99999999999999999999x1'], 'is not of the form'),
    (['--size', 'big'], "'big' is not of the form WIDTHxHEIGHT"),
    (['--spp', '0'], "--spp: '0' is out of range, which is 1 to"),
    (['--spp', 'many'], "--spp: 'many' is not a whole number"),
    (['--spp', '-4'], 'out of range'),
    (['--threads', '100000'], '--threads'),
    (['--threads', '-1'], 'out of range'),
    (['--max-depth', '0'], '--max-depth'),
    (['--seed', '4294967296'], '--seed'),
    (['--exposure', 'nan'], "--exposure: 'nan' is not a finite number"),
    (['--exposure', '1e9'], 'out of range, which is -20 to 20'),
    (['--fov', '180'], '--fov'),
    (['--eye', '1,2'], "'1,2' is not of the form X,Y,Z"),
    (['--eye', '1,2,x'], "'x' is not a finite number"),
    (['--eye', '1,1,1', '--target', '1,1,1'], 'the camera stands where it looks at'),
    (['--up', 'x'], "'x' is neither y nor z"),
    (['--finish', 'cheese'], "'cheese' is not one of clay"),
    (['--up', 'z'], '--up requires --scene'),
    (['--finish', 'gold'], '--finish requires --scene'),
    (['--crease', '30'], '--crease requires --scene'),
    (['--scene', ''], '--scene: the name of the file is empty'),
    (['-o', 'a.png', '-o', 'b.png'], '--output'),
    (['--no-such-option'], '--no-such-option'),
    (['--spp'], '--spp'),
    (['stray'], 'stray'),
]


def check_files(folder):
    for name, content, words in FILES:
        path = os.path.join(folder, name)
        with open(path, 'wb') as file:
            file.write(content)
        output = os.path.join(folder, 'out.png')
        expect_refusal(name, SMALL + ['--scene', path, '--output', output], words, folder)
        result = run(*SMALL, '--scene', path, '--output', output)
        expect(f'{name}: is named', path in result.stderr, result)


def check_places(folder):
    output = os.path.join(folder, 'out.png')
    good = os.path.join(folder, 'good.stl')
    with open(good, 'wb') as file:
        file.write(stl(1, [ONE]))
    pipe = os.path.join(folder, 'pipe.stl')
    os.mkfifo(pipe)
    sub = os.path.join(folder, 'sub.stl')
    os.mkdir(sub)
    expect_refusal('missing scene', SMALL + ['--scene', os.path.join(folder, 'none.stl'), '-o', output], 'no such file', folder)
    sparse = os.path.join(folder, 'sparse.stl')
    with open(sparse, 'wb') as file:
        file.truncate(1 << 40)
    expect_refusal('a scene larger than any memory', SMALL + ['--scene', sparse, '-o', output], f'it has {1 << 40} bytes', folder)
    os.remove(sparse)
    expect_refusal('directory as scene', SMALL + ['--scene', sub, '-o', output], 'it is a directory', folder)
    expect_refusal('pipe as scene', SMALL + ['--scene', pipe, '-o', output], 'not a regular file', folder)
    expect_refusal('directory as output', SMALL + ['-o', sub], 'it is a directory', folder)
    expect_refusal('device as output', SMALL + ['-o', '/dev/null'], 'not a regular file', folder)
    expect('the device is left alone', stat.S_ISCHR(os.stat('/dev/null').st_mode), run('--help'))
    expect_refusal('no such folder', SMALL + ['-o', os.path.join(folder, 'none/out.png')], 'No such file or directory', folder)
    expect_refusal('a file as folder', SMALL + ['-o', os.path.join(good, 'out.png')], 'cannot be written', folder)
    # Rendering this would take hours.
    expect_refusal('output is checked first', ['--size', '8000x8000', '--spp', '4096', '-o', sub], 'directory', folder)
    closed = os.path.join(folder, 'closed')
    os.mkdir(closed, 0o500)
    expect_refusal('closed folder', SMALL + ['-o', os.path.join(closed, 'out.png')], 'Permission denied', folder, prefix=without_privileges())
    secret = os.path.join(folder, 'secret.stl')
    with open(secret, 'wb') as file:
        file.write(stl(1, [ONE]))
    os.chmod(secret, 0)
    expect_refusal('a scene that may not be read', SMALL + ['--scene', secret, '-o', output], 'Permission denied', folder, prefix=without_privileges())


def check_success(folder):
    output = os.path.join(folder, 'good.png')
    good = os.path.join(folder, 'good.stl')
    result = run(*SMALL, '--scene', good, '-o', output, '--hash', '--stats')
    expect('a good file', result.returncode == 0 and os.path.getsize(output) > 0 and 'BVH build' in result.stdout, result)
    # An old picture is replaced through a link, and the link stays.
    link = os.path.join(folder, 'link.png')
    os.symlink('good.png', link)
    result = run(*SMALL, '-q', '-o', link, '--exposure', '3')
    expect('a link as output', result.returncode == 0 and os.path.islink(link) and not result.stderr, result)
    result = run('--help')
    expect('--help', result.returncode == 0 and '--scene' in result.stdout and not result.stderr, result)
    mesh = os.path.join(folder, 'plain.obj')
    with open(mesh, 'w', encoding='ascii') as file:
        file.write('mtllib none.mtl\nv 0 0 0\nv 1 0 0\nv 0 1 0\nusemtl red\nf 1 2 3\n')
    result = run(*SMALL, '--scene', mesh, '-o', output)
    expect('a missing MTL is a warning', result.returncode == 0 and "warning: " in result.stderr and
           "'none.mtl' cannot be read" in result.stderr, result)
    with open(os.path.join(folder, 'wood.mtl'), 'w', encoding='ascii') as file:
        file.write('newmtl wood\nmap_Kd wood.png\n')
    with open(mesh, 'w', encoding='ascii') as file:
        file.write('mtllib wood.mtl\nv 0 0 0\nv 1 0 0\nv 0 1 0\nvt 0 0\nusemtl wood\nf 1/1 2/1 3/1\n')
    for content, words in ((None, 'wood.png: there is no such file; plain colours stand in'), (b'GIF89a', 'neither a PNG nor a JPEG')):
        if content:
            with open(os.path.join(folder, 'wood.png'), 'wb') as file:
                file.write(content)
        result = run(*SMALL, '--scene', mesh, '-o', output)
        expect('a texture that cannot be read is a warning', result.returncode == 0 and result.stderr.count('warning: ') == 1 and
               words in result.stderr, result)
    os.replace(output, os.path.join(folder, 'wood.png'))
    result = run(*SMALL, '--scene', mesh, '-o', output, '--stats')
    expect('a texture is counted', result.returncode == 0 and 'warning: ' not in result.stderr and ' 1 textures\n' in result.stdout, result)
    os.remove(link)
    os.remove(output)


def main():
    with tempfile.TemporaryDirectory() as folder:
        for arguments, words in ARGUMENTS:
            expect_refusal(' '.join(arguments), arguments if '-o' in arguments else ['-o', os.path.join(folder, 'out.png'), *arguments], words, folder)
        expect_refusal('empty output', ['--output', ''], '--output: the name of the file is empty', folder)
        check_files(folder)
        check_places(folder)
        check_success(folder)
    return report()


if __name__ == '__main__':
    sys.exit(main())
