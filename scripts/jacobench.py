"""Intervals and Jacobians of networks that Python holds: import jacobench; bands = jacobench.interval(model, X, y, X_new).

model: scikit-learn's MLPRegressor, alone, last in a Pipeline, or in a TransformedTargetRegressor with an affine transformer
       (StandardScaler, MinMaxScaler, MaxAbsScaler, RobustScaler); or a PyTorch Sequential of Linear layers, BatchNorm1d, Dropout,
       Flatten, Identity and the activations below.
What it takes from a model is held against the model's own predictions before anything is computed: 1e-12 of the largest
prediction in double precision, 1e-6 in single. Then the fit is polished from the model's weights, with the penalty that the model
was trained with, and what is said of the data is said of that fit: Bands.notes has how far it was from the model.

Needs numpy, and the program jacobench: the one that $JACOBENCH names, or of this clone (scripts/build release), or on the path.
"""

import csv
import dataclasses
import io
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import warnings

import numpy as np

settled_move = 0.05  # in standard errors: FitEnd::has_settled
double_tolerance, single_tolerance = 1e-12, 1e-6


class Refused(ValueError):
    """What cannot be represented, or is not what it was taken for, in one line."""


@dataclasses.dataclass
class Bands:
    """Of each new row, in the units of y: [M], or [M, K] for several outputs. NaN where a reason stands."""

    fit: np.ndarray  # of the polished network
    se: np.ndarray  # of what is bounded; NaN where the method has none
    lower: np.ndarray
    upper: np.ndarray
    reasons: list  # [M]: why there is no bound, or ""
    notes: list  # one line each: what was done to the model, and how far the fit moved
    report: str  # of `jacobench fit`
    layers: list  # (weights [out, in], bias [out] or None) of the polished network


@dataclasses.dataclass
class Network:
    """A model as the program sees it: z = network(u), u = to_inputs(X), y = z * y_scale + y_shift."""

    layers: list  # (weights [out, in], bias [out] or None, activation), from the inputs up
    to_inputs: callable
    predict: callable  # of the source itself, in the units of y  [N, K]
    input_scale: np.ndarray = None  # du/dX of each column, where to_inputs is affine by columns
    y_shift: np.ndarray = 0.0
    y_scale: np.ndarray = 1.0
    decay: float = 0.0  # added to the sum of squares of z, times the squared weights; biases are free
    is_single: bool = False
    notes: list = dataclasses.field(default_factory=list)

    def file(self):
        layers = []
        for W, b, activation in self.layers:
            layers.append({"activation": activation, "weights": np.asarray(W, float).tolist()})
            if b is not None:
                layers[-1]["bias"] = np.asarray(b, float).tolist()
        return {"format": "jacobench-mlp", "version": 1, "layers": layers}

    @property
    def n_outputs(self):
        return len(self.layers[-1][0])


def interval(model, X, y, X_new, *, level=0.95, kind="prediction", method=None, decay=None, weights=None, program=None):
    """Bounds for each row of X_new, of the fit of `model` to (X, y), the data that it was trained on.

    kind: "prediction", of a new observation, or "mean", of the fitted function. method: of `jacobench list interval_methods`.
    decay: k of k |weights|^2 added to the sum of squares of the scaled outputs; None: as the model was trained. weights [N]: the
    variance of an observation is sigma^2 over its weight.
    """
    program = find_program(program)
    network = network_of(model)
    y = np.asarray(y, float).reshape(len(y), -1)
    if y.shape[1] != network.n_outputs:
        raise Refused(f"y: has {y.shape[1]} columns, the model {network.n_outputs} outputs")
    if decay is not None:
        network.decay = float(decay)
    inputs, new_inputs = network.to_inputs(X), network.to_inputs(X_new)
    names = [f"x{d}" for d in range(inputs.shape[1])]
    outputs = [f"y{k}" for k in range(y.shape[1])]
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        write_model(network, folder / "model.json")
        hold_predictions(program, network, X, inputs, names, folder)
        table = np.column_stack([inputs, (y - network.y_shift) / network.y_scale])
        columns = names + outputs
        chosen = ["--inputs", ",".join(names), "--outputs", ",".join(outputs)]
        if weights is not None:
            table, columns = np.column_stack([table, np.asarray(weights, float)]), columns + ["weight"]
            chosen += ["--weights", "weight"]
        write_csv(folder / "data.csv", columns, table)
        chosen += ["--from", folder / "model.json", "--starts", "0", "--decay", repr(network.decay), "--decay_biases", "no", "--output_noise", "shared"]
        before = fit_file(program, folder, "as_it_is.json", chosen + ["--max_iterations", "0"])
        after = fit_file(program, folder, "fit.json", chosen)
        write_csv(folder / "new.csv", names, new_inputs)
        arguments = ["interval", folder / "fit.json", "--at", folder / "new.csv", "--kind", kind, "--level", repr(level)]
        arguments += ["--method", method] if method else []
        bands, reasons = read_bands(run(program, arguments, (0, 1)).stdout, kind, len(new_inputs), y.shape[1])
    for name, values in bands.items():
        bands[name] = values * network.y_scale + (0 if name == "se" else network.y_shift)
    notes = network.notes + moves(network, before, after, bands["fit"] - network.predict(X_new))
    if y.shape[1] == 1:
        bands = {name: values[:, 0] for name, values in bands.items()}
    layers = [(np.array(layer["weights"]), np.array(layer["bias"]) if "bias" in layer else None) for layer in after["model"]["layers"]]
    return Bands(**bands, reasons=reasons, notes=notes, report=after["report"], layers=layers)


def jacobian(model, X, wrt="parameters", *, program=None):
    """dy/dtheta [N K, P] or dy/dX [N K, D] in the units of y and X, row n K + k, and the names of the columns."""
    program = find_program(program)
    network = network_of(model)
    if wrt == "inputs" and network.input_scale is None:
        raise Refused("wrt inputs: what stands before the network is not an affine map of each column; give it scaled inputs")
    inputs = network.to_inputs(X)
    names = [f"x{d}" for d in range(inputs.shape[1])]
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        write_model(network, folder / "model.json")
        hold_predictions(program, network, X, inputs, names, folder)
        arguments = ["jacobian", folder / "model.json", folder / "rows.csv", "--wrt", wrt, "--inputs", ",".join(names)]
        write_csv(folder / "first.csv", names, inputs[:1])
        run(program, arguments + ["--out", folder / "J.npy"])
        J = np.load(folder / "J.npy")
        arguments[2] = folder / "first.csv"
        header = next(csv.reader(io.StringIO(run(program, arguments).stdout)))
    n_entries = J.shape[-1]
    J = J.reshape(-1, n_entries) * np.tile(np.broadcast_to(network.y_scale, network.n_outputs), len(inputs))[:, None]
    return (J if network.input_scale is None or wrt != "inputs" else J * network.input_scale), header[-n_entries:]


# --- what a model is ---


def network_of(model):
    for base in type(model).__mro__:
        reader = readers.get(base.__name__)
        if reader:
            return reader(model)
    raise Refused(f"{type(model).__name__}: not a model that is known; known are {', '.join(readers)}")


# Affine transformers of scikit-learn: what they multiply and what they add.
def affine(transformer):
    name = type(transformer).__name__
    if name == "StandardScaler":
        scale = 1.0 if transformer.scale_ is None else 1 / transformer.scale_
        mean = 0.0 if transformer.mean_ is None else transformer.mean_
        return scale, -mean * scale
    if name == "MinMaxScaler" and not transformer.clip:
        return transformer.scale_, transformer.min_
    if name == "MaxAbsScaler":
        return 1 / transformer.scale_, 0.0
    if name == "RobustScaler":
        scale = 1.0 if transformer.scale_ is None else 1 / transformer.scale_
        centre = 0.0 if transformer.center_ is None else transformer.center_
        return scale, -centre * scale
    return None


def of_mlp_regressor(model):
    if not hasattr(model, "coefs_"):
        raise Refused("MLPRegressor: is not fitted; call fit first")
    last = len(model.coefs_) - 1
    layers = [(W.T, b, "identity" if i == last else model.activation)
              for i, (W, b) in enumerate(zip(model.coefs_, model.intercepts_))]
    network = Network(layers, to_inputs=lambda X: np.asarray(X, float), predict=lambda X: columns_of(model.predict(X)),
                      input_scale=np.ones(model.coefs_[0].shape[0]), decay=model.alpha * model.n_outputs_,
                      is_single=model.coefs_[0].dtype == np.float32)
    if model.solver != "lbfgs":
        network.notes.append(
            f"MLPRegressor: trained by {model.solver} in batches, whose penalty is alpha over the size of a batch; the one here is alpha "
            f"= {model.alpha:g} over the number of rows, as of lbfgs (decay= gives another)")
    if model.early_stopping:
        network.notes.append("MLPRegressor: early_stopping held rows back and ended before the minimum")
    return network


def of_pipeline(model):
    network = network_of(model.steps[-1][1])
    before = [step for _, step in model.steps[:-1] if step is not None and step != "passthrough"]
    scale = np.ones(1)
    for step in before:
        map_ = affine(step)
        scale = None if map_ is None or scale is None else scale * map_[0]
    inner = network.to_inputs

    def to_inputs(X):
        for step in before:
            X = step.transform(X)
        return inner(X)

    network.to_inputs = to_inputs
    network.input_scale = None if scale is None else network.input_scale * scale
    network.predict = lambda X: columns_of(model.predict(X))
    return network


def of_transformed_target(model):
    network = network_of(model.regressor_)
    map_ = affine(model.transformer_)
    if map_ is None:
        raise Refused(
            f"TransformedTargetRegressor: {type(model.transformer_).__name__} is not affine; make the band of the transformed target, and "
            "transform its bounds (of a prediction: those of a mean are of another quantity)")
    network.y_scale, network.y_shift = 1 / np.broadcast_to(map_[0], network.n_outputs), -map_[1] / map_[0]
    network.predict = lambda X: columns_of(model.predict(X))
    return network


torch_activations = {"Tanh": "tanh", "ReLU": "relu", "Sigmoid": "logistic", "Mish": "mish", "SiLU": "silu", "SELU": "selu",
                     "Softsign": "softsign", "GELU": "gelu", "ELU": "elu", "LeakyReLU": "leaky_relu", "Softplus": "softplus"}
# The one value of a module's parameter that the catalogue has.
torch_parameters = {"GELU": ("approximate", "none"), "ELU": ("alpha", 1.0), "LeakyReLU": ("negative_slope", 0.01),
                    "Softplus": ("beta", 1)}


def of_sequential(model):
    layers, notes = [], []
    scale, shift = 1.0, 0.0  # of what comes next, BatchNorm layers before it
    for place, module in enumerate(model):
        name = type(module).__name__
        where = f"Sequential[{place}], {name}"
        if name == "Linear":
            W = tensor(module.weight)
            b = None if module.bias is None else tensor(module.bias)
            if np.any(shift != 0):
                b = (0 if b is None else b) + W @ np.broadcast_to(shift, W.shape[1])
            layers.append([W * scale, b, "identity", False])
            scale, shift = 1.0, 0.0
        elif name in torch_activations:
            if not layers or layers[-1][3] or np.any(scale != 1.0) or np.any(shift != 0.0):
                raise Refused(f"{where}: an activation is wanted right after a Linear or a BatchNorm1d that follows one")
            parameter, value = torch_parameters.get(name, (None, None))
            if parameter and getattr(module, parameter) != value:
                raise Refused(f"{where}: {parameter} is {getattr(module, parameter)}; {value} alone is known")
            layers[-1][2:] = [torch_activations[name], True]
        elif name == "BatchNorm1d":
            if module.running_var is None:
                raise Refused(f"{where}: has no running statistics, so that rows of a batch depend on each other")
            by = 1 / np.sqrt(tensor(module.running_var) + module.eps)
            by = by if module.weight is None else by * tensor(module.weight)
            plus = -tensor(module.running_mean) * by + (0 if module.bias is None else tensor(module.bias))
            if layers and not layers[-1][3]:
                W, b = layers[-1][:2]
                layers[-1][:2] = [W * by[:, None], plus if b is None else b * by + plus]
            else:
                scale, shift = scale * by, shift * by + plus
            notes.append(f"{where}: folded into the layer beside it, with its running statistics")
        elif name == "Dropout":
            notes.append(f"{where}: trained with dropout, which least squares does not describe; it is not there in evaluation. A bootstrap "
                         "of the whole training, or conformal intervals, describe what was trained")
        elif name not in ("Flatten", "Identity"):
            raise Refused(f"{where}: cannot be represented; known are Linear, BatchNorm1d, Dropout, Flatten, Identity and "
                          + ", ".join(torch_activations))
    if not layers or np.any(scale != 1.0) or np.any(shift != 0.0):
        raise Refused("Sequential: ends with a BatchNorm1d that no Linear is beside, or has no Linear")
    is_single = str(next(model.parameters()).dtype) != "torch.float64"
    if is_single:
        notes.append("Sequential: its weights are of single precision, and are widened to double")
    return Network([tuple(layer[:3]) for layer in layers], to_inputs=lambda X: columns_of(tensor(X)),
                   predict=lambda X: columns_of(torch_predictions(model, X)), input_scale=np.ones(layers[0][0].shape[1]),
                   is_single=is_single, notes=notes)


def tensor(values):
    return np.asarray(values.detach().cpu().numpy() if hasattr(values, "detach") else values, float)


def torch_predictions(model, X):
    import torch

    was_training = model.training
    model.eval()
    with torch.no_grad():
        values = model(torch.as_tensor(tensor(X), dtype=next(model.parameters()).dtype))
    model.train(was_training)
    return tensor(values)


readers = {"MLPRegressor": of_mlp_regressor, "Pipeline": of_pipeline, "TransformedTargetRegressor": of_transformed_target,
           "Sequential": of_sequential}


# --- what the program is told and tells ---


def find_program(program=None):
    beside = pathlib.Path(__file__).resolve().parent.parent / "build" / "release" / "experiments" / "jacobench"
    for candidate in (program, os.environ.get("JACOBENCH"), beside, shutil.which("jacobench")):
        if candidate and pathlib.Path(candidate).is_file():
            return str(candidate)
    raise Refused("jacobench: the program is not built; run scripts/build release, or name it in $JACOBENCH")


def run(program, arguments, codes=(0,)):
    done = subprocess.run([program, *map(str, arguments)], capture_output=True, text=True)
    if done.returncode not in codes:
        raise Refused(done.stderr.strip() or f"jacobench {arguments[0]} ended with {done.returncode}")
    return done


def columns_of(values):
    values = np.asarray(values, float)
    return values[:, None] if values.ndim == 1 else values.reshape(len(values), -1)


def write_model(network, file):
    for number, (W, b, _) in enumerate(network.layers):
        if not np.all(np.isfinite(W)) or b is not None and not np.all(np.isfinite(b)):
            raise Refused(f"layer {number + 1}: has a weight that is not finite; training diverged")
    file.write_text(json.dumps(network.file()))


def write_csv(file, columns, rows):
    """Shortest digits that read back to the same bits."""
    with open(file, "w", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(columns)
        writer.writerows([[repr(float(value)) for value in row] for row in rows])


def hold_predictions(program, network, X, inputs, names, folder):
    write_csv(folder / "rows.csv", names, inputs)
    run(program, ["evaluate", folder / "model.json", folder / "rows.csv", "--inputs", ",".join(names), "--out", folder / "values.npy"])
    values = columns_of(np.load(folder / "values.npy")) * network.y_scale + network.y_shift
    its_own = network.predict(X)
    tolerance = single_tolerance if network.is_single else double_tolerance
    wrong = ~(np.abs(values - its_own) <= tolerance * np.max(np.abs(its_own)))  # not finite is wrong too
    if np.any(wrong):
        row, output = np.argwhere(wrong)[0]
        raise Refused(f"row {row}: the model predicts {its_own[row, output]!r}, its layers as they were read {values[row, output]!r}; "
                      f"they are to agree to {tolerance:g} of the largest prediction")


def fit_file(program, folder, name, arguments):
    done = run(program, ["fit", folder / "data.csv", *arguments, "--out", folder / name], (0, 1))
    fit = json.loads((folder / name).read_text())
    return {"report": done.stdout, **fit}


def read_bands(text, kind, M, K):
    rows = list(csv.DictReader(io.StringIO(text)))
    number = lambda cell: float(cell) if cell else np.nan
    columns = {"fit": "fit", "se": f"se_{kind}", "lower": f"{kind}_lower", "upper": f"{kind}_upper"}
    bands = {name: np.array([number(row[column]) for row in rows]).reshape(M, K) for name, column in columns.items()}
    return bands, [rows[m * K]["reason"] for m in range(M)]


def moves(network, before, after, shift):
    """How far the model was from the minimum of the sum of squares and its penalty, and where that led."""
    objective = lambda its: its["rss"] + its["end"]["penalty"]
    remaining = before["end"].get("remaining")
    where = f"a minimum of the sum of squares with decay {network.decay:g}"
    if remaining and remaining["move"] <= settled_move:
        return [f"the model is at {where}: no estimate would move by more than {remaining['move']:.2g} of its standard error"]
    how_far = (f"an estimate would move by {remaining['move']:.2g} of its standard error, and the objective is predicted to fall by "
               f"{remaining['fall']:.2g} s^2" if remaining else "there is no s to compare with")
    notes = [f"the model is not at {where}: {how_far}",
             f"polished from its weights: objective {objective(before):.6g} to {objective(after):.6g}; at the new rows the fit moved by up to "
             f"{np.nanmax(np.abs(shift)):.3g}",
             "the bands are those of the polished fit: of a training that stops early the delta method says nothing; a bootstrap of the whole "
             "training, or conformal intervals, would"]
    warnings.warn("jacobench: " + "; ".join(notes[:2]), stacklevel=3)
    return notes
