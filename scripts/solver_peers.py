"""The problems of scripts/compare_solvers, and every solver's run from the same starts.

Model: S(theta) = sum (y - f)^2 + k sum theta^2, of all weights and biases or of the weights alone, in the units of the
data as they stand. Theta is in the order of lib/jacobench/network/perceptron.hpp. A run yields a row a start (a dict): status,
and either a reason or objective and rss (computed here, for every solver alike), steps, evaluations, cpu_s, stop, settled (by
the solver's own rule).
"""

import one_thread  # before numpy is imported

import csv
import dataclasses
import datetime
import json
import os
import pathlib
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import zlib

import numpy as np
import scipy
from scipy import optimize, special

root = pathlib.Path(__file__).resolve().parent.parent
field = root / "configs/field"


@dataclasses.dataclass(frozen=True)
class Problem:
    name: str
    data: str  # of configs/field, or a teacher's name
    output: str
    hidden: tuple
    decay: float
    n_starts: int = 20
    activation: str = "logistic"
    decay_biases: bool = True


@dataclasses.dataclass(frozen=True)
class Teacher:
    """Data of a random network: theta ~ N(0, 4 / n_l-1), inputs uniform on (-1, 1), y = (f + noise) in units of f's sd."""

    n_inputs: int
    hidden: tuple
    n: int
    noise: float
    activation: str = "logistic"


teachers = {
    "teacher_5-10-5-1": Teacher(5, (10, 5), 1210, 0.1, "tanh"),
    "teacher_1-4-1": Teacher(1, (4,), 104, 0.05),
    "teacher_3-8-1": Teacher(3, (8,), 300, 0.1),
    "teacher_300-4-1": Teacher(300, (4,), 60, 0.3),
}

problems = [
    Problem("cars_2", "cars_s", "dist", (2,), 0.01),
    Problem("cars_10", "cars_s", "dist", (10,), 0.01),
    Problem("rock_3", "rock_s", "perm", (3,), 0.01),
    Problem("rock_8", "rock_s", "perm", (8,), 0.01),
    Problem("faithful_5", "faithful_s", "waiting", (5,), 1e-3),
    Problem("faithful_10", "faithful_s", "waiting", (10,), 1e-4),
    Problem("mcycle_4", "mcycle_s", "accel", (4,), 1e-3),
    Problem("mcycle_20", "mcycle_s", "accel", (20,), 0.01),
    Problem("airq_10", "airq_s", "Ozone", (10,), 0.1),
    Problem("cpus_2", "cpus_s", "perf", (2,), 0.01),
    Problem("cpus_5", "cpus_s", "perf", (5,), 0.01),
    Problem("cpus_10", "cpus_s", "perf", (10,), 1e-3),
    Problem("swiss_4", "swiss_s", "Fertility", (4,), 0.1),
    Problem("boston_5", "boston_s", "medv", (5,), 0.1),
    Problem("boston_10", "boston_s", "medv", (10,), 0.01, 10),
    Problem("boston_20", "boston_s", "medv", (20,), 0.01, 5),
    Problem("orange_3", "orange_s", "circumference", (3,), 0.01),
    Problem("trees_3", "trees_s", "Volume", (3,), 0.01),
    Problem("iris4_4", "iris4_s", "Petal.Width", (4,), 0.01),
    Problem("teacher_1-4-1", "teacher_1-4-1", "y", (4,), 0),
    Problem("teacher_3-8-1", "teacher_3-8-1", "y", (8,), 1e-4),
    Problem("teacher_5-10-5-1", "teacher_5-10-5-1", "y", (10, 5), 0, 6, "tanh"),
    Problem("teacher_300-4-1", "teacher_300-4-1", "y", (4,), 0.01, 5),
]


class Network:
    """A multilayer perceptron with an identity output, its values and its Jacobian."""

    activations = {"logistic": (special.expit, lambda a: a * (1 - a)), "tanh": (np.tanh, lambda a: 1 - a * a)}

    def __init__(self, n_inputs, hidden, activation):
        self.sizes = [n_inputs, *hidden, 1]
        self.phi, self.slope = self.activations[activation]
        self.n_params = sum((below + 1) * units for below, units in zip(self.sizes, self.sizes[1:]))

    def layers(self, theta):
        at = 0
        for below, units in zip(self.sizes, self.sizes[1:]):
            W = theta[at : at + units * below].reshape(units, below)
            at += units * below
            yield W, theta[at : at + units]
            at += units

    def forward(self, theta, X):
        A = [X]
        layers = list(self.layers(theta))
        for W, b in layers[:-1]:
            A.append(self.phi(A[-1] @ W.T + b))
        W, b = layers[-1]
        return A, (A[-1] @ W.T + b)[:, 0]

    def values(self, theta, X):
        return self.forward(theta, X)[1]

    def jacobian(self, theta, X):
        A, _ = self.forward(theta, X)
        layers = list(self.layers(theta))
        delta = np.ones((len(X), 1))
        blocks = []
        for l in reversed(range(len(layers))):
            blocks += [delta, (delta[:, :, None] * A[l][:, None, :]).reshape(len(X), -1)]
            if l > 0:
                delta = (delta @ layers[l][0]) * self.slope(A[l])
        return np.hstack(blocks[::-1])


class Task:
    """A problem with its data, its starts and a folder for what the other programs read."""

    def __init__(self, problem, seed, n_starts, folder):
        self.problem = problem
        self.folder = pathlib.Path(folder)
        self.data_file = field / f"{problem.data}.csv"
        if problem.data in teachers:
            self.data_file = self.folder / f"{problem.data}.csv"
            write_teacher_data(teachers[problem.data], self.data_file, seed)
        with open(self.data_file, newline="") as file:
            names, *rows = csv.reader(file)
        table = np.array(rows, dtype=float)
        self.inputs = [name for name in names if name != problem.output]
        self.X = table[:, [names.index(name) for name in self.inputs]]
        self.y = table[:, names.index(problem.output)]
        self.network = Network(len(self.inputs), problem.hidden, problem.activation)
        self.penalties = np.full(self.network.n_params, float(problem.decay))
        if not problem.decay_biases:
            for _, b in self.network.layers(self.penalties):
                b[:] = 0
        # nnet's own: uniform up to its default rang.
        random = np.random.default_rng([seed, zlib.crc32(problem.name.encode())])
        self.starts = random.uniform(-0.7, 0.7, (n_starts, self.network.n_params))

    def residuals(self, theta):
        return np.concatenate([self.network.values(theta, self.X) - self.y, np.sqrt(self.penalties) * theta])

    def jacobian(self, theta):
        J = self.network.jacobian(theta, self.X)
        return np.vstack([J, np.diag(np.sqrt(self.penalties))])

    def row(self, theta, own_objective, **others):
        """Of a solver that ended at theta and calls its objective so."""
        r = self.residuals(np.asarray(theta))
        objective = float(r @ r)
        if not np.isfinite(objective):
            return failed("the objective is not finite where it ended", others.get("cpu_s"))
        # nnet's logistic is 0 or 1 beyond |z| = 15, where 1 - phi is 3e-7.
        if abs(objective - own_objective) > 1e-4 * objective + 1e-12:
            return failed(f"it minimises something else: {own_objective!r} is {objective!r}", others.get("cpu_s"))
        rss = float(r[: len(self.y)] @ r[: len(self.y)])
        return {"status": "ok", "objective": objective, "rss": rss, **others}


def failed(reason, cpu_s=None):
    return {"status": "failed", "reason": " ".join(str(reason).split()), "cpu_s": cpu_s}


def write_teacher_data(teacher, file, seed):
    random = np.random.default_rng([seed, zlib.crc32(file.stem.encode())])
    network = Network(teacher.n_inputs, teacher.hidden, teacher.activation)
    theta = np.concatenate([2 / np.sqrt(W.shape[1]) * random.standard_normal(part.size)
                            for W, b in network.layers(np.zeros(network.n_params)) for part in (W, b)])
    X = random.uniform(-1, 1, (teacher.n, teacher.n_inputs))
    f = network.values(theta, X)
    y = (f - f.mean()) / f.std() + teacher.noise * random.standard_normal(teacher.n)
    with open(file, "w", newline="") as out:
        writer = csv.writer(out)
        writer.writerow([f"x{d}" for d in range(teacher.n_inputs)] + ["y"])
        writer.writerows([[repr(float(v)) for v in row] for row in np.column_stack([X, y])])


def write_rows(file, header, rows):
    with open(file, "w", newline="") as out:
        writer = csv.writer(out)
        if header:
            writer.writerow(header)
        writer.writerows([[repr(float(v)) for v in row] for row in rows])


# --- Each solver: why_not(task) says in words why it is left out, or nothing; run(task) yields a row a start.


class TrialSolver:
    """A solver of the program jacobench_solver_trial; together: one run, and one row, of all starts."""

    def __init__(self, name, program, seconds, summary, together=False):
        self.name, self.program, self.seconds, self.summary, self.together = name, program, seconds, summary, together

    def why_not(self, task):
        return None if self.name in program_info(self.program)["solvers"] else "the program was built without it"

    def run(self, task):
        if self.together:
            lines, how_it_ended = self.run_from(task, task.starts)
            yield {"starts": len(task.starts), **(self.row(task, json.loads(lines[0])) if lines else failed(how_it_ended))}
            return
        begin = 0
        while begin < len(task.starts):
            lines, how_it_ended = self.run_from(task, task.starts[begin:])
            for line in lines:
                yield self.row(task, json.loads(line))
            begin += len(lines)
            if begin < len(task.starts):
                yield failed(how_it_ended)
                begin += 1

    def run_from(self, task, starts):
        """Its lines up to the first start from which there is none, and why there is none."""
        file = task.folder / "starts.csv"
        write_rows(file, [f"p{p}" for p in range(task.network.n_params)], starts)
        problem = task.problem
        command = [self.program, self.name, "--data", task.data_file, "--inputs", ",".join(task.inputs), "--outputs",
                   problem.output, "--hidden", "x".join(map(str, problem.hidden)), "--activation", problem.activation,
                   "--decay", repr(problem.decay), "--decay_biases", "yes" if problem.decay_biases else "no",
                   "--starts", file, "--seconds", repr(self.seconds)]
        lines = []
        with tempfile.TemporaryFile("w+") as complaints:
            running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=complaints, text=True)
            # A solver looks at its limit between two steps; one that is asked too rarely is stopped from here.
            patience = 4 * self.seconds * (len(starts) if self.together else 1) + 10
            while True:
                stop = threading.Timer(patience, running.kill)
                stop.start()
                line = running.stdout.readline()
                stop.cancel()
                if not line:
                    break
                lines.append(line)
            code = running.wait()
            complaints.seek(0)
            if code == -signal.SIGKILL:
                return lines, f"no answer within {patience:g} s"
            return lines, f"ended with code {code}: {complaints.read().strip()}"

    @staticmethod
    def row(task, line):
        if line.pop("status") != "ok":
            return failed(line["reason"], line["cpu_s"])
        return task.row(line.pop("theta"), line.pop("objective"), **line)


class Nnet:
    def __init__(self, name, summary, maxit="default", reltol="default", abstol="default"):
        self.name, self.summary, self.settings = name, summary, [str(maxit), str(reltol), str(abstol)]

    def why_not(self, task):
        if not shutil.which("Rscript"):
            return "R is not installed; scripts/setup solvers installs it"
        if not nnet_version():
            return "R has no nnet; scripts/setup solvers installs it"
        if len(task.problem.hidden) != 1 or task.problem.activation != "logistic":
            return "nnet has one hidden layer of logistic units"
        if task.problem.decay > 0 and not task.problem.decay_biases:
            return "nnet penalises biases as well"
        return None

    def run(self, task):
        hidden, n_inputs = task.problem.hidden[0], len(task.inputs)
        order = nnet_order(n_inputs, hidden)
        starts, out = task.folder / "nnet_starts.csv", task.folder / "nnet.csv"
        write_rows(starts, None, task.starts[:, order])
        out.unlink(missing_ok=True)
        done = subprocess.run(
            ["Rscript", "--vanilla", root / "scripts/fit_with_nnet.R", task.data_file, task.problem.output, str(hidden),
             repr(task.problem.decay), starts, *self.settings, out], capture_output=True, text=True)
        lines = list(csv.reader(open(out))) if out.exists() else []
        for status, *cells in lines:
            if status != "ok":
                yield failed(cells[0])
                continue
            cpu_s, value, convergence, steps = map(float, cells[:4])
            theta = np.empty(len(order))
            theta[order] = [float(cell) for cell in cells[4:]]
            yield task.row(theta, value, steps=int(steps), cpu_s=cpu_s, settled=convergence == 0,
                           stop="converged" if convergence == 0 else "iteration limit")
        for _ in range(len(task.starts) - len(lines)):
            yield failed(f"Rscript ended with code {done.returncode}: {done.stderr.strip()[-300:]}")


def nnet_order(n_inputs, hidden):
    """Where in theta nnet's parameters stand: unit by unit, the bias first."""
    order = []
    for i in range(hidden):
        order += [n_inputs * hidden + i, *range(i * n_inputs, (i + 1) * n_inputs)]
    above = (n_inputs + 1) * hidden
    return order + [above + hidden, *range(above, above + hidden)]


class TimeLimit(Exception):
    pass


class LeastSquares:
    """SciPy's least_squares with its usual tolerances, columns scaled by the Jacobian, as many evaluations as it wants."""

    def __init__(self, method, seconds):
        self.name, self.method, self.seconds = f"scipy_{method}", method, seconds
        self.summary = f"scipy.optimize.least_squares(method='{method}', x_scale='jac', max_nfev=100000)"

    def why_not(self, task):
        n_residuals = len(task.y) + (task.network.n_params if task.problem.decay > 0 else 0)
        if self.method == "lm" and n_residuals < task.network.n_params:
            return "lm takes no fewer residuals than parameters"
        return None

    def run(self, task):
        for start in task.starts:
            yield self.run_from(task, start)

    def run_from(self, task, start):
        begun = time.process_time()
        best = [np.inf, start]
        counts = {"evaluations": 0, "jacobians": 0}

        def residuals(theta):
            counts["evaluations"] += 1
            r = task.residuals(theta)
            if (objective := r @ r) < best[0]:
                best[:] = [objective, theta.copy()]
            if time.process_time() - begun > self.seconds:
                raise TimeLimit
            return r

        def jacobian(theta):
            counts["jacobians"] += 1
            return task.jacobian(theta)

        try:
            fit = optimize.least_squares(residuals, start, jacobian, method=self.method, x_scale="jac", max_nfev=100000)
            theta, stop, is_settled = fit.x, f"status {fit.status}", fit.status > 0
        except TimeLimit:
            theta, stop, is_settled = best[1], "time limit", False
        except Exception as error:  # a row, not a lost run
            return failed(error, time.process_time() - begun)
        cpu_s = time.process_time() - begun
        r = task.residuals(theta)
        return task.row(theta, float(r @ r), steps=counts["jacobians"], cpu_s=cpu_s, stop=stop, settled=bool(is_settled),
                        **counts)


own_solvers = ("jacobench", "jacobench_fit", "jacobench_auto")


def make_solvers(program, seconds):
    return [
        TrialSolver("jacobench", program, seconds, "jacobench::fit, from the start given alone"),
        TrialSolver("jacobench_fit", program, seconds, "one jacobench::fit of all starts, units of the best drawn anew as often but for one",
                    True),
        TrialSolver("jacobench_auto", program, seconds, "one jacobench::fit as the command's default is: units drawn anew from where "
                    "each start leads, until five of them have reached the best", True),
        Nnet("nnet", "R's nnet(maxit = 20000), its own tolerances (reltol 1e-8)", maxit=20000),
        Nnet("nnet_tight", "R's nnet(maxit = 20000, reltol = 1e-12, abstol = 0)", 20000, 1e-12, 0),
        Nnet("nnet_defaults", "R's nnet with its defaults: maxit 100"),
        LeastSquares("lm", seconds),
        LeastSquares("trf", seconds),
        TrialSolver("gsl", program, seconds, "gsl_multifit_nlinear, trs lmaccel, xtol = gtol = 1e-8"),
    ]


def text_of(table, columns):
    """A table for people; what a line has not is empty."""
    cells = [list(columns)] + [[form.format(line[name]) if name in line else "" for name, form in columns.items()]
                               for line in table]
    widths = [max(len(row[c]) for row in cells) for c in range(len(columns))]
    return "".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() + "\n" for row in cells)


# --- What the results were made with.

_program_info = {}
_begun = time.monotonic()


def program_info(program):
    if program not in _program_info:
        _program_info[program] = json.loads(subprocess.run([program, "--list"], check=True, capture_output=True).stdout)
    return _program_info[program]


def nnet_version():
    if not shutil.which("Rscript"):
        return None
    if "nnet" not in _program_info:
        said = subprocess.run(["Rscript", "--vanilla", "-e", 'cat(as.character(packageVersion("nnet")))'],
                              capture_output=True, text=True)
        _program_info["nnet"] = said.stdout.strip() if said.returncode == 0 else None
    return _program_info["nnet"]


def r_version():
    if not shutil.which("Rscript"):
        return None
    said = subprocess.run(["Rscript", "--vanilla", "-e", "cat(as.character(getRversion()))"], capture_output=True, text=True)
    return said.stdout.strip() or None


def processor():
    with open("/proc/cpuinfo") as info:
        first = dict(line.rstrip("\n").replace("\t", "").split(": ", 1) for line in info.read().split("\n\n")[0].splitlines() if ": " in line)
    name = first.get("model name", "unknown")
    return f"{name}, family {first['cpu family']} model {first['model']}" if "cpu family" in first else name


def git(*arguments):
    said = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True)
    return said.stdout.strip() if said.returncode == 0 else "unknown"


def manifest(arguments, **others):
    """No path of the machine and no host name."""
    return {
        "command_line": " ".join(pathlib.Path(a).name if a.startswith("/") else a for a in arguments),
        "scripts": {"commit": git("rev-parse", "HEAD"), "tree_state": "dirty" if git("status", "--porcelain") else "clean"},
        "peers": {"R": r_version(), "nnet": nnet_version(), "python": platform.python_version(), "numpy": np.__version__,
                  "scipy": scipy.__version__},
        "machine": {"cpu": processor(), "hardware_threads": os.cpu_count(), "load_average": os.getloadavg()},
        "started": now(),
        **others,
    }


def finish(about, folder):
    """Writes the manifest: how long all took, and how much of it in processor time of this process and of those it started."""
    about |= {"ended": now(), "wall_s": round(time.monotonic() - _begun), "processor_s": round(sum(os.times()[:4]))}
    (folder / "manifest.json").write_text(json.dumps(about, indent=2) + "\n")
    print(f"{folder.name}: {about['wall_s']} s, {about['processor_s']} s of processor time", file=sys.stderr)


def now():
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
