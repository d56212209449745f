#!/usr/bin/env python3
"""Prints the code of C files as `file:line:text`, without comments and without the inside of strings
and character constants (an #include keeps its name), so that the other lints can grep for names."""
import re
import sys

TOKEN = re.compile(
    r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def blank(match):
    text = match.group(0)
    if text[0] == '/':
        return '\n' * text.count('\n') or ' '
    return text[0] * 2


def code_lines(source):
    kept = []
    for line in source.split('\n'):
        kept.append(line.replace('"', '\0') if line.startswith('#include') else line)
    return TOKEN.sub(blank, '\n'.join(kept)).replace('\0', '"').split('\n')


for path in sys.argv[1:]:
    with open(path, encoding='utf-8') as file:
        for number, text in enumerate(code_lines(file.read()), 1):
            if text.strip():
                print(f'{path}:{number}:{text}')
