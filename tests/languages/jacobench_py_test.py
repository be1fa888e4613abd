"""scripts/jacobench.py on models of scikit-learn and PyTorch: closed forms, and finite differences of the models' own predictions.

Exit code 77: a package is missing, and the reason is printed."""

import csv
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest
import warnings

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent.parent / "scripts"))
try:
    import numpy as np
    import sklearn.compose
    import sklearn.neural_network
    import sklearn.pipeline
    import sklearn.preprocessing
    from scipy import stats
except ImportError as error:
    print(f"skipped: {error}; scripts/setup python installs it")
    sys.exit(77)
try:
    import torch
except ImportError:
    torch = None

import jacobench

warnings.simplefilter("ignore")
random = np.random.default_rng(1)
X = random.uniform(-2, 2, (40, 2))
y = np.sin(X[:, 0]) + 0.5 * X[:, 1] + random.normal(0, 0.1, 40)
X_new = np.array([[0.0, 0.0], [1.0, -1.0], [3.0, 2.0]])


def ols_prediction_band(X, y, X_new, level=0.95):
    A, A_new = np.column_stack([np.ones(len(X)), X]), np.column_stack([np.ones(len(X_new)), X_new])
    coefficients, rss = np.linalg.lstsq(A, y, rcond=None)[:2]
    dof = len(y) - A.shape[1]
    se = np.sqrt(rss[0] / dof * (1 + np.einsum("ij,jk,ik->i", A_new, np.linalg.inv(A.T @ A), A_new)))
    half = stats.t.ppf(0.5 + level / 2, dof) * se
    return A_new @ coefficients - half, A_new @ coefficients + half


def linear_model():
    return sklearn.neural_network.MLPRegressor((), solver="lbfgs", alpha=0, max_iter=1000, tol=1e-12, random_state=1)


def tanh_model(alpha=0.01):
    return sklearn.neural_network.MLPRegressor((3,), activation="tanh", solver="lbfgs", alpha=alpha, max_iter=5000, tol=1e-14,
                                               random_state=1)


def in_scalings(model):
    pipeline = sklearn.pipeline.make_pipeline(sklearn.preprocessing.StandardScaler(), sklearn.preprocessing.MinMaxScaler((-1, 1)), model)
    return sklearn.compose.TransformedTargetRegressor(pipeline, transformer=sklearn.preprocessing.StandardScaler())


def differences(f, at, h=1e-6):
    """Central differences of f, an array, by the entries of the array `at`, which f reads."""
    columns = []
    for place in np.ndindex(at.shape):
        kept = at[place]
        at[place] = kept + h
        above = np.array(f(), float)
        at[place] = kept - h
        below = np.array(f(), float)
        at[place] = kept
        columns.append((above - below).reshape(-1) / (2 * h))
    return np.column_stack(columns)


class ScikitLearn(unittest.TestCase):
    # A linear network without a penalty is ordinary least squares, in whatever units its columns are.
    def test_linear_network_has_the_band_of_ordinary_least_squares(self):
        lower, upper = ols_prediction_band(X, y, X_new)
        for model in (linear_model(), in_scalings(linear_model())):
            bands = jacobench.interval(model.fit(X, y), X, y, X_new)
            np.testing.assert_allclose(bands.lower, lower, rtol=1e-10)
            np.testing.assert_allclose(bands.upper, upper, rtol=1e-10)
            np.testing.assert_allclose(bands.se, (upper - lower) / (2 * stats.t.ppf(0.975, 37)), rtol=1e-10)
            self.assertEqual(bands.reasons, [""] * 3)

    # At the polished weights, by the model's own predictions alone: differences are good to some 1e-10, of which the inverse of
    # J'J + K makes at most its condition times that.
    def test_band_is_the_delta_method_by_differences_of_the_models_own_predictions(self):
        alpha = 0.01
        model = tanh_model(alpha).fit(X, y)
        bands = jacobench.interval(model, X, y, X_new, kind="mean", method="laplace")
        for (W, b), coefs, intercepts in zip(bands.layers, model.coefs_, model.intercepts_):
            coefs[:], intercepts[:] = W.T, b
        np.testing.assert_allclose(bands.fit, model.predict(X_new), rtol=1e-12)
        parts = [part for pair in zip(model.coefs_, model.intercepts_) for part in pair]
        J = np.column_stack([differences(lambda: model.predict(X), part) for part in parts])
        G = np.column_stack([differences(lambda: model.predict(X_new), part) for part in parts])
        K = np.concatenate([np.full(part.size, alpha if part.ndim == 2 else 0.0) for part in parts])
        A = np.linalg.inv(J.T @ J + np.diag(K))
        rss = np.sum((y - model.predict(X)) ** 2)
        dof = len(y) - np.trace(J @ A @ J.T)
        se = np.sqrt(rss / dof * np.einsum("ij,jk,ik->i", G, A, G))
        np.testing.assert_allclose(bands.se, se, rtol=1e-5)

    def test_jacobians_are_those_of_the_models_own_predictions_in_its_units(self):
        model = in_scalings(tanh_model()).fit(X, y)
        mlp = model.regressor_.steps[-1][1]
        J, names = jacobench.jacobian(model, X_new)
        by_part = []
        for coefs, intercepts in zip(mlp.coefs_, mlp.intercepts_):
            by_weights = differences(lambda: model.predict(X_new), coefs).reshape(3, *coefs.shape)
            by_part += [by_weights.transpose(0, 2, 1).reshape(3, -1), differences(lambda: model.predict(X_new), intercepts)]
        np.testing.assert_allclose(J, np.column_stack(by_part), rtol=1e-7, atol=1e-8)
        self.assertEqual(names[0], "y0:w1[0,0]")
        J, names = jacobench.jacobian(model, X_new, wrt="inputs")
        rows = X_new.copy()
        by_input = differences(lambda: model.predict(rows), rows).reshape(3, 3, 2)
        np.testing.assert_allclose(J, np.array([by_input[n, n] for n in range(3)]), rtol=1e-7, atol=1e-8)

    def test_says_that_training_stopped_early(self):
        model = sklearn.neural_network.MLPRegressor((3,), solver="lbfgs", activation="tanh", max_iter=3, random_state=1).fit(X, y)
        bands = jacobench.interval(model, X, y, X_new)
        self.assertIn("the model is not at a minimum", " ".join(bands.notes))
        self.assertIn("conformal", " ".join(bands.notes))
        self.assertIn("the model is at a minimum", " ".join(jacobench.interval(tanh_model().fit(X, y), X, y, X_new).notes))

    def test_a_model_that_predicts_something_else_is_refused_with_the_row(self):
        model = tanh_model().fit(X, y)
        predict = model.predict
        model.predict = lambda rows: predict(rows) + 1e-9 * (np.arange(len(rows)) == 5)
        with self.assertRaisesRegex(jacobench.Refused, "row 5: the model predicts"):
            jacobench.interval(model, X, y, X_new)

    def test_what_cannot_be_represented_is_refused_by_name(self):
        quantiles = sklearn.preprocessing.QuantileTransformer(n_quantiles=10)
        model = sklearn.compose.TransformedTargetRegressor(tanh_model(), transformer=quantiles).fit(X, y)
        with self.assertRaisesRegex(jacobench.Refused, "QuantileTransformer is not affine"):
            jacobench.interval(model, X, y, X_new)
        with self.assertRaisesRegex(jacobench.Refused, "is not fitted"):
            jacobench.interval(tanh_model(), X, y, X_new)
        with self.assertRaisesRegex(jacobench.Refused, "dict: not a model that is known"):
            jacobench.interval({}, X, y, X_new)


def in_the_program(folder, *arguments):
    """A run of the program on files in the folder, which is to end well."""
    subprocess.run([jacobench.find_program(), *arguments], cwd=folder, check=True, capture_output=True)


class OneNetworkHeldInSeveralWays(unittest.TestCase):
    """One network with logistic units, near a minimum with decay .01 on all parameters, and one band by every way to it."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        generator = np.random.default_rng(2)
        self.layers = [(generator.normal(size=(3, 2)), generator.normal(size=3)), (generator.normal(size=(1, 3)), generator.normal(size=1))]
        jacobench.write_csv(self.folder / "named.csv", ["x0", "x1", "y0"], np.column_stack([X, y]))
        jacobench.write_csv(self.folder / "new.csv", ["x0", "x1"], X_new)
        # So near to a minimum that all ways lead to this one.
        self.directly()
        polished = json.loads((self.folder / "fit.json").read_text())["model"]["layers"]
        self.layers = [(np.round(layer["weights"], 4), np.round(layer["bias"], 4)) for layer in polished]

    def band_of_model_file(self, model):
        in_the_program(self.folder, "fit", "named.csv", "--outputs", "y0", "--from", model, "--starts", "0", "--decay", "0.01",
                       "--decay_biases", "yes", "--out", "fit.json")
        in_the_program(self.folder, "interval", "fit.json", "--at", "new.csv", "--kind", "prediction", "--out", "bands.csv")
        with open(self.folder / "bands.csv", newline="") as file:
            rows = list(csv.DictReader(file))
        return np.array([[float(row[c]) for c in ("fit", "prediction_lower", "prediction_upper", "se_prediction")] for row in rows])

    def directly(self):
        activations = ["logistic", "identity"]
        layers = [{"activation": a, "weights": W.tolist(), "bias": b.tolist()} for a, (W, b) in zip(activations, self.layers)]
        (self.folder / "model.json").write_text(json.dumps({"format": "jacobench-mlp", "version": 1, "layers": layers}))
        return self.band_of_model_file("model.json")

    def sequential(self):
        net = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Sigmoid(), torch.nn.Linear(3, 1)).double()
        with torch.no_grad():
            for module, (W, b) in zip((net[0], net[2]), self.layers):
                module.weight.copy_(torch.from_numpy(W)), module.bias.copy_(torch.from_numpy(b))
        return net

    # All go to the same minimum, where what rounding leaves of the gradient is far below 1e-10 of a bound.
    @unittest.skipIf(torch is None, "torch is not there; scripts/setup python installs it")
    def test_an_onnx_file_has_the_band_of_the_model_file(self):
        torch.onnx.export(self.sequential(), torch.from_numpy(X), str(self.folder / "net.onnx"), opset_version=13)
        in_the_program(self.folder, "import", "net.onnx", "--out", "imported.json")
        np.testing.assert_allclose(self.band_of_model_file("imported.json"), self.directly(), rtol=1e-10)

    def test_scikit_learn_has_the_band_of_the_model_file(self):
        model = sklearn.neural_network.MLPRegressor((3,), activation="logistic", solver="lbfgs", alpha=0.01, max_iter=1).fit(X, y)
        for (W, b), coefs, intercepts in zip(self.layers, model.coefs_, model.intercepts_):
            coefs[:], intercepts[:] = W.T, b
        bands = jacobench.interval(model, X, y, X_new)
        # scikit-learn's penalty leaves biases out.
        self.directly()
        in_the_program(self.folder, "fit", "named.csv", "--outputs", "y0", "--from", "model.json", "--starts", "0", "--decay", "0.01",
                       "--decay_biases", "no", "--out", "fit.json")
        in_the_program(self.folder, "interval", "fit.json", "--at", "new.csv", "--kind", "prediction", "--out", "bands.csv")
        with open(self.folder / "bands.csv", newline="") as file:
            lower = [float(row["prediction_lower"]) for row in csv.DictReader(file)]
        np.testing.assert_allclose(bands.lower, lower, rtol=1e-10)

    def test_nnet_has_the_band_of_the_model_file(self):
        scripts = pathlib.Path(jacobench.__file__).parent
        rscript = shutil.which("Rscript")
        packages = 'q(status = !all(sapply(c("nnet", "jsonlite"), requireNamespace, quietly = TRUE)))'
        if not rscript or subprocess.run([rscript, "-e", packages], capture_output=True).returncode:
            self.skipTest("R with nnet and jsonlite is not there; scripts/setup r installs it")
        # nnet's order: of each unit its bias, then its weights.
        weights = np.concatenate([np.column_stack([b, W]).reshape(-1) for W, b in self.layers])
        for name, rows in (("data", np.column_stack([X, y])), ("points", X_new), ("weights", weights[:, None])):
            np.savetxt(self.folder / f"{name}.csv", rows, delimiter=",", fmt="%.17g")
        beside = pathlib.Path(__file__).parent / "same_band.R"
        subprocess.run([rscript, beside, scripts, self.folder], check=True, capture_output=True)
        np.testing.assert_allclose(np.loadtxt(self.folder / "band.csv", delimiter=","), self.directly(), rtol=1e-10)


@unittest.skipIf(torch is None, "torch is not there; scripts/setup python installs it")
class PyTorch(unittest.TestCase):
    def test_batch_norms_are_folded_and_dropout_is_said(self):
        torch.manual_seed(1)
        nn = torch.nn
        net = nn.Sequential(nn.BatchNorm1d(2), nn.Linear(2, 3), nn.BatchNorm1d(3), nn.Tanh(), nn.Dropout(0.1), nn.BatchNorm1d(3),
                            nn.Linear(3, 1)).double()
        net(torch.from_numpy(X))  # running statistics
        bands = jacobench.interval(net, X, y, X_new, decay=0.1)
        self.assertEqual(sum("folded" in note for note in bands.notes), 3)
        self.assertEqual(sum("dropout" in note for note in bands.notes), 1)
        self.assertTrue(np.all(np.isfinite(bands.lower) & (bands.lower < bands.upper)))
        self.assertTrue(net.training)

    def test_single_precision_is_widened_and_said(self):
        torch.manual_seed(1)
        net = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Tanh(), torch.nn.Linear(3, 1))
        J, _ = jacobench.jacobian(net, X_new)
        rows = torch.tensor(X_new, dtype=torch.float32)
        for row, wanted in zip(J, rows):
            gradients = torch.autograd.grad(net(wanted[None])[0, 0], list(net.parameters()))
            np.testing.assert_allclose(row, np.concatenate([g.numpy().reshape(-1) for g in gradients]), rtol=1e-5, atol=1e-6)
        self.assertIn("single precision", " ".join(jacobench.interval(net, X, y, X_new, decay=0.1).notes))

    def test_modules_and_their_parameters_are_refused_by_place(self):
        nn = torch.nn
        with self.assertRaisesRegex(jacobench.Refused, r"Sequential\[1\], GELU: approximate is tanh"):
            jacobench.jacobian(nn.Sequential(nn.Linear(2, 3), nn.GELU(approximate="tanh"), nn.Linear(3, 1)).double(), X_new)
        with self.assertRaisesRegex(jacobench.Refused, r"Sequential\[1\], Softmax: cannot be represented"):
            jacobench.jacobian(nn.Sequential(nn.Linear(2, 3), nn.Softmax(1), nn.Linear(3, 1)).double(), X_new)


if __name__ == "__main__":
    unittest.main()
