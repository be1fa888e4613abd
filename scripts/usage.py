"""What a script answers to -h and --help: its own description."""

import sys


def answer_help(description):
    if "-h" in sys.argv[1:] or "--help" in sys.argv[1:]:
        print(description.strip())
        sys.exit()
