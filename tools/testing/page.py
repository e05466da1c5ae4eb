# SPDX-License-Identifier: GPL-2.0
"""Reads the commands of a page of the documentation, to run them.

A command stands after "$ " in an indented block, and the lines after it are
what it prints. A block with a caption is a file of that name.
"""

import re
import subprocess
import textwrap

BLOCK = re.compile(r"^(?:\.\. code-block:: \w+(?P<options>(?:\n +:.*)*)|(?:.*[^:\n])?::)\n\n"
                   r"(?P<body>(?:(?:   ?.*)?\n)+)", re.MULTILINE)


def blocks(text):
    """The indented blocks of a page: a file name or None, and the text."""
    for match in BLOCK.finditer(text):
        caption = re.search(r":caption: (\S+)", match["options"] or "")
        yield caption and caption[1], textwrap.dedent(match["body"])


def commands(body):
    """Each command of a block, and what is shown after it."""
    for part in re.split(r"^\$ ", body, flags=re.MULTILINE)[1:]:
        command, _, shown = part.partition("\n")
        yield command, shown.strip()


def run(command, shown, folder):
    """Runs a command. Returns why it is not as the page says, or nothing.

    It prints what is shown, if anything is, and succeeds, unless a "not ok" is
    shown. Empty lines do not count.
    """
    done = subprocess.run(["bash", "-c", command], cwd=folder, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    should = 1 if "not ok" in shown else 0
    if done.returncode != should:
        return f"exit status {done.returncode}, not {should}\n{done.stdout}{done.stderr}"
    if shown and lines(done.stdout) != lines(shown):
        return f"it says:\n{done.stdout}{done.stderr}"
    return ""


def lines(text):
    return [line.rstrip() for line in text.splitlines() if line.strip()]


def result(number, why, name):
    """Prints a result as TAP, and before it why it failed."""
    for line in why.splitlines():
        print(f"# {line}")
    print(f"{'not ok' if why else 'ok'} {number} - {name}", flush=True)
