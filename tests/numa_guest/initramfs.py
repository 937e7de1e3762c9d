"""Writes the file system that a guest begins with: a cpio archive in the format that the kernel calls newc."""
import stat

CONSOLE = (5, 1)  # its major and minor number


def entry(inode, name, mode, data=b'', device=(0, 0)):
    path = name.encode() + b'\0'
    fields = [inode, mode, 0, 0, 1, 0, len(data), 0, 0, *device, len(path), 0]
    header = b'070701' + b''.join(b'%08X' % field for field in fields)
    record = header + path
    record += bytes(-len(record) % 4)
    return record + data + bytes(-len(data) % 4)


def write(target, programs, texts):
    """programs and texts: from names in the root of the guest to paths here."""
    records = [('dev', stat.S_IFDIR | 0o755), ('proc', stat.S_IFDIR | 0o555), ('sys', stat.S_IFDIR | 0o555), ('tmp', stat.S_IFDIR | 0o777)]
    archive = [entry(number, name, mode) for number, (name, mode) in enumerate(records, 1)]
    archive.append(entry(len(archive) + 1, 'dev/console', stat.S_IFCHR | 0o600, device=CONSOLE))
    for files, mode in ((programs, 0o755), (texts, 0o644)):
        for name, path in files.items():
            with open(path, 'rb') as file:
                archive.append(entry(len(archive) + 1, name, stat.S_IFREG | mode, file.read()))
    archive.append(entry(0, 'TRAILER!!!', 0))
    with open(target, 'wb') as file:
        file.write(b''.join(archive))
