"""What the checks in this folder share: which files the tree has, and C++ text without comments or strings."""
import os
import re
import subprocess

TOKEN = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|(?<![\w\'])\'(?:\\.|[^\'\\\n])+\'', re.DOTALL)
CODE = ('.hpp', '.cpp', '.h', '.c', '.S')


def files(root):
    """Returns the paths of all files of the tree, relative to root: what git tracks or would, or else what is there."""
    try:
        listed = subprocess.run(['git', '-C', root, 'ls-files', '-z', '-co', '--exclude-standard'], capture_output=True,
                                check=True, text=True).stdout.split('\0')
        top = subprocess.run(['git', '-C', root, 'rev-parse', '--show-toplevel'], capture_output=True, check=True,
                             text=True).stdout.strip()
        if os.path.realpath(top) == os.path.realpath(root):
            return sorted({f for f in listed if f and os.path.isfile(os.path.join(root, f))})
    except (OSError, subprocess.CalledProcessError):
        pass
    found = []
    for folder, folders, names in os.walk(root):
        folders[:] = [f for f in folders if f not in ('.git', 'build', '__pycache__')]
        found += [os.path.relpath(os.path.join(folder, name), root) for name in names]
    return sorted(found)


def read(root, path):
    """Returns the text of a file, or None where it is not text."""
    with open(os.path.join(root, path), 'rb') as file:
        data = file.read()
    if b'\0' in data:
        return None
    try:
        return data.decode('utf-8')
    except UnicodeDecodeError:
        return None


def split(text):
    """Returns (code, comments): the same lines twice, once without comments and strings, once with comments only."""
    def blank(part):
        return re.sub(r'[^\n]', ' ', part)

    code, comments, end = [], [], 0
    for match in TOKEN.finditer(text):
        between, token = text[end:match.start()], match.group()
        code.append(between)
        comments.append(blank(between))
        is_comment = token.startswith(('//', '/*'))
        code.append(blank(token) if is_comment else '"' + blank(token[1:-1]) + '"')
        comments.append(token if is_comment else blank(token))
        end = match.end()
    code.append(text[end:])
    comments.append(blank(text[end:]))
    return ''.join(code).split('\n'), ''.join(comments).split('\n')


def report(findings):
    """Prints the findings and returns the exit status."""
    for finding in findings:
        print(finding)
    return 1 if findings else 0
