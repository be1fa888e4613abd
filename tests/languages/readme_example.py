"""Runs the first block of a language in README.md, word for word, and looks at what it left: readme_example.py LANGUAGE PROGRAM
[PICTURE]. The picture is kept as PICTURE where one is named. Exit code 77: a package is missing."""

import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

language, program = sys.argv[1:3]
root = pathlib.Path(__file__).resolve().parent.parent.parent
block = re.search(rf"```{language}\n(# A band for .*?)```\n", (root / "README.md").read_text(), re.DOTALL)[1]
with tempfile.TemporaryDirectory() as folder:
    folder = pathlib.Path(folder)
    for name in ("configs", "scripts"):
        (folder / name).symlink_to(root / name)
    (folder / "example").write_text(block)
    done = subprocess.run([program, "example"], cwd=folder, capture_output=True, text=True)
    print(done.stdout, done.stderr, sep="")
    missing = re.search(r"No module named '\w+'|there is no package called .\w+.", done.stderr)
    if missing:
        print(f"skipped: {missing[0]}; scripts/setup {language} installs it")
        sys.exit(77)
    pictures = list(folder.glob("*.svg"))
    if done.returncode or len(pictures) != 1 or "<svg" not in pictures[0].read_text():
        sys.exit(f"the example of {language} ended with {done.returncode} and left {len(pictures)} pictures")
    if "is at a minimum" not in done.stdout:
        sys.exit("the example does not say where the model is")
    if len(sys.argv) > 3:
        shutil.copy(pictures[0], sys.argv[3])
