#!/usr/bin/env python3
"""A study over ranks and over shards gives the rows of one process, to the byte: same_rows.py PROGRAM SOURCE WORK WHAT [KILLS, 8]

WHAT is `ranks`, `shards`, `kills` or `folders`. What a table or a row says of time is left out. Prints what it did; skips with
the reason where there is no mpirun or the program was built without MPI."""
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

program, source, work = (Path(argument).resolve() for argument in sys.argv[1:4])
mpirun = ["mpirun", "--oversubscribe", "-n", "3", str(program)]
coverage_quick = source / "configs/coverage_quick.ini"
environment = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1",
                   OMPI_MCA_btl_vader_single_copy_mechanism="none")


def start(arguments):
    return subprocess.Popen([str(argument) for argument in arguments], cwd=source, env=environment, text=True,
                            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def run(arguments, code=0):
    """What it says on standard error."""
    process = start(arguments)
    said = process.communicate(timeout=900)[1]
    if process.returncode != code:
        sys.exit(f"{' '.join(map(str, arguments))}: ended with {process.returncode}, wanted {code}\n{said}")
    return said


def rows(folder):
    return re.sub(r'"(us_per_replicate|\w*_ns|\w*time\w*)":[^,}]*', "", (folder / "rows.jsonl").read_text())


def hold(what, folder, reference):
    if rows(folder) != rows(reference):
        sys.exit(f"{what}: {folder} has other rows than {reference}")
    left = [path.name for path in folder.iterdir() if path.name not in ("config.ini", "manifest.json", "rows.jsonl")]
    if left:
        sys.exit(f"{what}: leaves {left} behind in {folder}")
    print(f"{what}: the rows of one process, to the byte", flush=True)


def in_one_process(config, *options):
    folder = work / "serial"
    run([program, "run", config, *options, "--out", folder])
    return folder


def expect_mpi():
    if not shutil.which("mpirun"):
        return "there is no mpirun (scripts/setup mpi)"
    version = subprocess.run([program, "version"], capture_output=True, text=True, check=True).stdout
    return "" if "with MPI" in version else "the program was built without MPI"


def ranks():
    serial = in_one_process(coverage_quick)
    for threads in ("1", "all"):
        folder = work / f"ranks_{threads}"
        run([*mpirun, "run", coverage_quick, "--replicates.threads", threads, "--out", folder])
        hold(f"3 ranks, threads {threads}", folder, serial)
    manifest = (work / "ranks_1/manifest.json").read_text()
    for name in ("mpi", "ranks", "nodes", "threads_of_ranks"):
        if f'"{name}": "' not in manifest:
            sys.exit(f"the manifest says nothing of {name}")
    target = ["--replicates.target_se", "0.004", "--replicates.most", "900", "--network.hidden", "none, 3"]
    shutil.rmtree(serial)
    serial = in_one_process(coverage_quick, *target)
    run([*mpirun, "run", coverage_quick, *target, "--out", work / "target"])
    hold("3 ranks to a standard error", work / "target", serial)
    shutil.rmtree(serial)
    activations = [source / "configs/activations.ini"]
    serial = in_one_process(*activations)
    run([*mpirun, "run", *activations, "--out", work / "activations"])
    hold("3 ranks, cells without records", work / "activations", serial)

    said = run([*mpirun, "run", source / "configs/speed_quick.ini", "--out", work / "speed"], code=2)
    if "cannot be spread over ranks: its cells are timed" not in said or (work / "speed").exists():
        sys.exit(f"the speed study is not refused: {said}")
    said = run([*mpirun, "run", "nowhere.ini"], code=2)
    if said.count("nowhere.ini") != 1:
        sys.exit(f"wanted one line on a config that is not there, not {said}")


def shards():
    serial = in_one_process(coverage_quick)
    folders = [work / f"shard{number}" for number in range(1, 5)]
    order = list(range(4))
    random.shuffle(order)
    for number in order:
        arguments = [program, "run", coverage_quick, "--shard", f"{number + 1}/4", "--out", folders[number]]
        killed, twice = start(arguments), start(arguments)  # a scheduler that starts a task twice
        time.sleep(random.uniform(0.05, 1))
        random.choice([killed, twice]).kill()
        for process in (killed, twice):
            process.communicate(timeout=900)
        run(arguments)
    run([program, "merge", *folders, "--out", work / "merged"])
    hold("4 shards, each killed and started twice", work / "merged", serial)


def kills():
    """On 3 ranks, one of which is killed, again and again until the study is done, and then from the start."""
    serial = in_one_process(coverage_quick)
    print(f"{'kill':>4}  {'rank':>4}  {'after s':>7}  records kept  rows kept  message")
    n_kills = int(sys.argv[5]) if len(sys.argv) > 5 else 8
    n_done = n_studies = 0
    folder = work / "killed"
    while n_done < n_kills:
        process = start([*mpirun, "run", coverage_quick, "--replicates.threads", "1", "--out", folder])
        after = random.uniform(0.5, 2.5)
        time.sleep(after)
        pids = subprocess.run(["pgrep", "-P", str(process.pid)], capture_output=True, text=True).stdout.split()
        of_ranks = [pid for pid in map(int, pids) if Path(f"/proc/{pid}/exe").exists()
                    and Path(f"/proc/{pid}/exe").resolve() == program]
        rank = random.randrange(3)
        if len(of_ranks) == 3:
            os.kill(sorted(of_ranks)[rank], signal.SIGKILL)
        said = process.communicate(timeout=900)[1]
        if process.returncode == 0:
            hold(f"after {n_done} kills", folder, serial)
            shutil.rmtree(folder)
            n_studies += 1
            continue
        if len(of_ranks) < 3:
            sys.exit(f"ended with {process.returncode}, though nobody was killed: {said}")
        message = re.search(r"rank (\d+) with PID \d+ on node (\S+) exited on signal 9", said)
        if not message or int(message[1]) != rank:
            sys.exit(f"rank {rank} was killed, and the message is {said}")
        n_done += 1
        n_bytes = sum(path.stat().st_size for path in folder.glob("*.records"))
        n_rows = (folder / "rows.jsonl").read_text().count("\n") if (folder / "rows.jsonl").exists() else 0
        print(f"{n_done:4}  {rank:4}  {after:7.2f}  {n_bytes:10} B  {n_rows:9}  {message[0]}", flush=True)
    run([*mpirun, "run", coverage_quick, "--replicates.threads", "1", "--out", folder])
    hold(f"after {n_done} kills in {n_studies + 1} studies", folder, serial)


def folders():
    """A folder that fills up, and a rank that is asked to stop."""
    options = ["--replicates.threads", "1"]
    serial = in_one_process(coverage_quick)
    folder = work / "small"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", folder], capture_output=True)
    if mounted.returncode == 0:
        try:
            said = run([*mpirun, "run", coverage_quick, *options, "--out", folder / "result"], code=2)
            if "No space left" not in said:
                sys.exit(f"a full disk is not named: {said}")
            subprocess.run(["mount", "-o", "remount,size=40m", folder], check=True)
            run([*mpirun, "run", coverage_quick, *options, "--out", folder / "result"])
            hold("a folder that was full", folder / "result", serial)
        finally:
            subprocess.run(["umount", folder], check=True)
    else:
        print("a folder that is full: left out, as no file system can be mounted here")

    for name in ("TERM", "INT"):
        folder = work / f"asked_{name}"
        process = start([*mpirun, "run", coverage_quick, *options, "--out", folder])
        time.sleep(1.2)
        process.send_signal(getattr(signal, f"SIG{name}"))
        process.communicate(timeout=60)
        run([*mpirun, "run", coverage_quick, *options, "--out", folder])
        hold(f"asked to stop by {name}", folder, serial)


what = sys.argv[4]
reason = "" if what == "shards" else expect_mpi()
if reason:
    print(f"[  SKIPPED ] {reason}")
    sys.exit(0)
shutil.rmtree(work, ignore_errors=True)
work.mkdir(parents=True)
random.seed(int(os.environ.get("JACOBENCH_TEST_SEED", time.time_ns() % 1_000_000)))
{"ranks": ranks, "shards": shards, "kills": kills, "folders": folders}[what]()
