#!/usr/bin/env python3
"""scripts/slurm_array through a Slurm of one node, started here and stopped again: slurm.py PROGRAM SOURCE WORK

Skips with the reason where Slurm is not installed or cannot be started."""
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

program, source, work = (Path(argument).resolve() for argument in sys.argv[1:4])
daemons = []


def skip(reason):
    print(f"[  SKIPPED ] {reason}")
    sys.exit(0)


def fail(text):
    for log in sorted(work.glob("*.log")) + sorted((work / "output").glob("*.log")):
        print(f"--- {log.name}\n{log.read_text()[-2000:]}")
    sys.exit(text)


def start(*arguments):
    log = open(work / f"{arguments[0]}.log", "w")
    daemons.append(subprocess.Popen(arguments, stdout=log, stderr=log, env=environment))


def ask(*arguments):
    return subprocess.run([str(argument) for argument in arguments], cwd=work, env=environment, capture_output=True,
                          text=True, timeout=60)


def wait_for(what, is_so, seconds):
    end = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > end or any(daemon.poll() is not None for daemon in daemons):
            return False
        time.sleep(0.2)
    return True


for tool in ("slurmctld", "slurmd", "munged", "sbatch"):
    if not shutil.which(tool, path=os.environ["PATH"] + ":/usr/sbin"):
        skip(f"there is no {tool} (scripts/setup slurm)")
if os.geteuid() != 0:
    skip("Slurm's daemons are started by root")

shutil.rmtree(work, ignore_errors=True)
for folder in ("state", "spool", "output", "munge"):
    (work / folder).mkdir(parents=True)
os.chmod(work / "munge", 0o755)
key = work / "munge/key"
key.write_bytes(os.urandom(128))
key.chmod(0o600)
node = os.uname().nodename
(work / "slurm.conf").write_text(f"""ClusterName=test
SlurmctldHost={node}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
SlurmctldPort=26817
SlurmdPort=26818
AuthType=auth/munge
AuthInfo=socket={work}/munge/socket
CredType=cred/munge
StateSaveLocation={work}/state
SlurmdSpoolDir={work}/spool
SlurmctldPidFile={work}/slurmctld.pid
SlurmdPidFile={work}/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerParameters=sched_interval=1
JobAcctGatherType=jobacct_gather/none
MpiDefault=none
ReturnToService=2
NodeName={node} NodeAddr=127.0.0.1 CPUs={os.cpu_count()} State=UNKNOWN
PartitionName=all Nodes={node} Default=YES MaxTime=INFINITE State=UP
""")
environment = dict(os.environ, SLURM_CONF=str(work / "slurm.conf"), JACOBENCH=str(program),
                   PATH=os.environ["PATH"] + ":/usr/sbin")
study = source / "configs/coverage_quick.ini"
options = ["--network.hidden", "none, 3", "--replicates.threads", "1"]
try:
    start("munged", "-F", "--force", "--key-file", key, "--socket", work / "munge/socket", "--pid-file",
          work / "munge/pid", "--log-file", work / "munge/log", "--seed-file", work / "munge/seed")
    if not wait_for("munge", (work / "munge/socket").exists, 10):
        skip("munged does not start here: " + (work / "munged.log").read_text().strip()[-200:])
    start("slurmctld", "-D")
    start("slurmd", "-D", "-N", node)
    if not wait_for("a node", lambda: "idle" in ask("sinfo", "-h", "-o", "%t").stdout, 30):
        skip("no Slurm of one node comes up here: " + (work / "slurmd.log").read_text().strip()[-300:])

    submitted = ask(source / "scripts/slurm_array", 4, study, *options)
    jobs = re.findall(r"job (\d+)", submitted.stdout)
    if submitted.returncode != 0 or len(jobs) != 2:
        fail(f"scripts/slurm_array: {submitted.stdout}{submitted.stderr}")
    if not wait_for("the merge", lambda: not ask("squeue", "-h").stdout.strip(), 300):
        fail("the jobs do not end: " + ask("squeue").stdout)
    serial = subprocess.run([program, "run", study, *options, "--out", work / "serial"], capture_output=True, text=True)
    rows = [re.sub(r'"us_per_replicate":[^,}]*', "", (folder / "rows.jsonl").read_text())
            for folder in (work / "serial", work / "output/coverage_quick") if (folder / "rows.jsonl").exists()]
    if serial.returncode != 0 or len(rows) != 2 or rows[0] != rows[1]:
        fail("the array and its merge do not give the rows of one process")
    print(f"{submitted.stdout.strip()}: the rows of one process, to the byte")
finally:
    for daemon in reversed(daemons):
        daemon.terminate()
    for daemon in daemons:
        daemon.wait(timeout=30)
