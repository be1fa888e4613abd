"""Importing it, before numpy and torch, has them and what is started here run on one thread, and OpenBLAS on the kernels that
jacobench chose: an OpenBLAS that does not know the processor runs kernels without AVX (lib/jacobench/kernel/blas.hpp)."""

import os
import pathlib
import re
import subprocess

program = pathlib.Path(__file__).resolve().parent.parent / "build/release/experiments/jacobench"

for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"
if program.exists():
    version = subprocess.run([program, "version"], capture_output=True, text=True).stdout
    if kernels := re.search(r"^OpenBLAS \S+ (\S+)$", version, re.MULTILINE):
        os.environ.setdefault("OPENBLAS_CORETYPE", kernels[1])
