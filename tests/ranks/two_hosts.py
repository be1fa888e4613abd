#!/usr/bin/env python3
"""A study over ranks on two hosts gives the rows of one process, to the byte: two_hosts.py PROGRAM SOURCE WORK

The hosts are network namespaces of this machine, joined by a pair of virtual cards; mpirun starts its daemon on the other one
with a stand-in for ssh. One host is killed once, and the study goes on. Skips with the reason where that cannot be had."""
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

program, source, work = (Path(argument).resolve() for argument in sys.argv[1:4])
hosts = {"jbhosta": "10.213.7.1", "jbhostb": "10.213.7.2"}


def skip(reason):
    print(f"[  SKIPPED ] {reason}")
    sys.exit(0)


def ip(*arguments):
    return subprocess.run(["ip", *arguments], capture_output=True, text=True)


if not shutil.which("mpirun"):
    skip("there is no mpirun (scripts/setup mpi)")
if "with MPI" not in subprocess.run([program, "version"], capture_output=True, text=True).stdout:
    skip("the program was built without MPI")
if os.geteuid() != 0 or not shutil.which("ip"):
    skip("network namespaces are made by root, with ip (iproute2)")
shutil.rmtree(work, ignore_errors=True)
work.mkdir(parents=True)
environment = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")
# In place of ssh HOST COMMAND: the command in that host's namespaces of network and name.
agent = work / "agent"
agent.write_text(f"""#!/bin/bash
while [[ $1 == -* ]]; do shift; done
address=$1; shift
case $address in {" ".join(f"{address}) host={name} ;;" for name, address in hosts.items())} esac
exec ip netns exec $host unshare --uts bash -c "hostname $host; cd {work}; $*"
""")
agent.chmod(0o755)
study = [source / "configs/coverage_quick.ini", "--network.hidden", "none, 3, 10", "--replicates.number", "1500",
         "--replicates.threads", "1"]


def start(folder):
    run = (f"hostname jbhosta; exec mpirun --mca plm_rsh_agent {agent} --mca oob_tcp_if_include 10.213.7.0/24 "
           f"--mca btl_tcp_if_include 10.213.7.0/24 --mca btl tcp,self --oversubscribe "
           f"--host {hosts['jbhosta']}:2,{hosts['jbhostb']}:2 -n 4 "
           + " ".join(f"'{word}'" for word in [program, "run", *study, "--out", folder]))
    return subprocess.Popen(["ip", "netns", "exec", "jbhosta", "unshare", "--uts", "bash", "-c", run], env=environment,
                            cwd=work, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def rows(folder):
    return re.sub(r'"us_per_replicate":[^,}]*', "", (folder / "rows.jsonl").read_text())


try:
    for name in hosts:
        if ip("netns", "add", name).returncode != 0:
            skip("no network namespaces here: " + ip("netns", "add", name).stderr.strip())
    made = ip("link", "add", "jbcarda", "netns", "jbhosta", "type", "veth", "peer", "name", "jbcardb", "netns", "jbhostb")
    if made.returncode != 0:
        skip("no virtual network cards here: " + made.stderr.strip())
    for (name, address), card in zip(hosts.items(), ("jbcarda", "jbcardb")):
        for arguments in (["addr", "add", f"{address}/24", "dev", card], ["link", "set", card, "up"],
                          ["link", "set", "lo", "up"]):
            if (done := ip("-n", name, *arguments)).returncode != 0:
                skip("the hosts cannot be joined: " + done.stderr.strip())

    subprocess.run([program, "run", *study, "--out", work / "serial"], check=True, capture_output=True)
    process = start(work / "two")
    time.sleep(2)
    on_b = [int(pid) for pid in ip("netns", "pids", "jbhostb").stdout.split()
            if Path(f"/proc/{pid}/exe").exists() and Path(f"/proc/{pid}/exe").resolve() == program]
    if on_b:
        os.kill(on_b[0], 9)
    said = process.communicate(timeout=120)[1]
    message = re.search(r"process rank \d+ with PID \d+ on node \S+ exited on signal 9", said)
    if on_b and process.returncode != 0 and not message:
        sys.exit(f"the message names no rank and node: {said}")
    process = start(work / "two")
    said = process.communicate(timeout=300)[1]
    if process.returncode != 0:
        sys.exit(said)
    nodes = re.findall(r'"nodes": "([^"]*)"', (work / "two/manifest.json").read_text())
    if not nodes or "jbhosta" not in nodes[-1] or "jbhostb" not in nodes[-1]:
        sys.exit(f"the manifest names other nodes: {nodes}")
    if rows(work / "two") != rows(work / "serial"):
        sys.exit("two hosts give other rows than one process")
    print(f"{nodes[-1]}, after: {message[0] if message else 'no kill'}: the rows of one process, to the byte")
finally:
    for name in hosts:
        ip("netns", "del", name)
