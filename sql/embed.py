#!/usr/bin/env python3
"""Turns the .sql files named on the command line into a C source and its header: comments and indentation off, which every run
would send over the wire; one constant a file."""
import pathlib
import sys


def body(path):
    lines = path.read_text(encoding="ascii").splitlines()
    return "\n".join(line.strip() for line in lines if not line.startswith("--")).strip()


def literal(text):
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return "\n".join(f'    "{line}\\n"' for line in escaped.split("\n"))


def main(source, header, *paths):
    files = [pathlib.Path(path) for path in paths]
    declarations = [f"extern const char sql_{file.stem}[];" for file in files]
    definitions = [f"const char sql_{file.stem}[] =\n{literal(body(file))};\n" for file in files]
    pathlib.Path(header).write_text("#pragma once\n" + "\n".join(declarations) + "\n", encoding="ascii")
    pathlib.Path(source).write_text('#include "statements.h"\n\n' + "\n".join(definitions), encoding="ascii")


main(*sys.argv[1:])
