"""Finds a kernel for the guests: Debian's, unpacked into a folder and not installed."""
import glob
import os
import re
import shutil
import subprocess
import tempfile

META_PACKAGE = 'linux-image-cloud-amd64'
VARIABLE = 'WEFT_GUEST_KERNEL'


class Unavailable(Exception):
    """Something is not here; the text says what, in one sentence."""


def apt(*command, cwd=None):
    """Runs a command of apt or dpkg and returns what it printed; Unavailable with its last line if it fails."""
    done = subprocess.run(command, cwd=cwd, env={**os.environ, 'LC_ALL': 'C'}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, errors='replace', check=False)
    if done.returncode != 0:
        lines = done.stdout.strip().splitlines()
        said = ([line for line in lines if line.startswith('E: ')] or lines or ['it said nothing'])[-1]
        raise Unavailable(f'the kernel of the guest could not be fetched: {" ".join(command)}: {said}')
    return done.stdout


def unpack_package(folder):
    """Fetches the package that the meta package stands for, and unpacks what it has in /boot into a folder that is not there yet."""
    found = re.search(r'Depends: (linux-image-\S+)', apt('apt-cache', 'depends', META_PACKAGE))
    if found is None:
        raise Unavailable(f'the kernel of the guest could not be fetched: {META_PACKAGE} depends on none')
    os.makedirs(os.path.dirname(folder), exist_ok=True)
    with tempfile.TemporaryDirectory(dir=os.path.dirname(folder)) as temporary:
        apt('apt-get', '-q', 'download', found.group(1), cwd=temporary)
        apt('dpkg-deb', '-x', glob.glob(os.path.join(temporary, '*.deb'))[0], temporary)
        os.rename(os.path.join(temporary, 'boot'), folder)


def fetch(folder):
    """Fetches the kernel. Errors: Unavailable."""
    for program in ('apt-get', 'apt-cache', 'dpkg-deb'):
        if shutil.which(program) is None:
            raise Unavailable(f'no kernel for the guest: {program} is not here, and {VARIABLE} names none')
    try:
        unpack_package(folder)
    except Unavailable:
        if os.geteuid() != 0:
            raise
        apt('apt-get', '-q', 'update')  # it may know of no package yet, or of one that is gone
        unpack_package(folder)


def find(build_folder):
    """Returns the path of a kernel. Errors: Unavailable."""
    named = os.environ.get(VARIABLE)
    if named:
        if not os.path.isfile(named):
            raise Unavailable(f'there is no kernel {named}, which {VARIABLE} names')
        return named
    folder = os.path.join(build_folder, 'kernel')
    if not os.path.isdir(folder):
        fetch(folder)
    kernels = sorted(glob.glob(os.path.join(folder, 'vmlinuz-*')))
    if not kernels:
        raise Unavailable(f'the package {META_PACKAGE} stands for has no kernel in it')
    return kernels[-1]
