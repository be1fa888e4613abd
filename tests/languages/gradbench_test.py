"""scripts/gradbench_mlp and its tools: both sides of the protocol, tools that are wrong, and messages that are none."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

root = pathlib.Path(__file__).resolve().parent.parent.parent
program = os.environ["JACOBENCH"]
evaluation = [sys.executable, str(root / "scripts/gradbench_mlp")]
quick = ["--networks", "3-4-2:5,2-3-1:4", "--min_seconds", "0", "--min_runs", "2"]

# A tool that changes what jacobench answers to an evaluation.
changed_tool = """
import json, subprocess, sys
tool = subprocess.Popen([{program!r}, "gradbench"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
for line in sys.stdin:
    print(line, end="", file=tool.stdin, flush=True)
    message = json.loads(line)
    if message["kind"] == "end":
        break
    answer = json.loads(tool.stdout.readline())
    if message["kind"] == "evaluate" and message["function"] == "jacobian":
        J = answer["output"]
        {change}
    print(json.dumps(answer), flush=True)
"""


def play(*tools):
    run = subprocess.run(evaluation + [word for tool in tools for word in ("--tool", tool)] + quick, capture_output=True, text=True)
    return run.returncode, run.stdout.splitlines()[1:], run.stderr


class GradBench(unittest.TestCase):
    def test_jacobench_and_scripts_are_right(self):
        tools = [f"{program} gradbench"]
        for name, module in ("numpy", "numpy"), ("functorch", "functorch"):
            if subprocess.run(["/usr/bin/python3", "-c", f"import {module}"], capture_output=True).returncode == 0:
                tools.append(f"{root}/scripts/gradbench_script_tool {name}")
        code, lines, error = play(*tools)
        self.assertEqual((0, ""), (code, error), lines)
        self.assertEqual(4 * len(tools), len(lines))
        for line in lines:
            self.assertIn(" us ", line)

    def test_under_gradbench_messages_and_answers_take_turns(self):
        """As GradBench runs it: the evaluation's output is the tool's input, and the other way round."""
        with tempfile.TemporaryFile("w+") as heard:
            to_eval, from_tool = os.pipe()
            evaluating = subprocess.Popen(evaluation + quick, stdin=to_eval, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            tool = subprocess.Popen([program, "gradbench"], stdin=subprocess.PIPE, stdout=from_tool, text=True)
            os.close(to_eval), os.close(from_tool)
            messages = []
            for line in evaluating.stdout:
                messages.append(json.loads(line))
                print(line, end="", file=tool.stdin, flush=True)
            tool.stdin.close()
            self.assertEqual((0, 0), (evaluating.wait(60), tool.wait(60)), evaluating.stderr.read())
            evaluating.stdout.close(), evaluating.stderr.close()
        self.assertEqual(list(range(len(messages))), [message["id"] for message in messages])
        self.assertEqual(["start", "define"] + 4 * ["evaluate", "analysis"] + ["end"], [message["kind"] for message in messages])
        for message in messages:
            if message["kind"] == "analysis":
                self.assertEqual(message["id"] - 1, message["of"])
                self.assertTrue(message["valid"], message)

    def test_wrong_answers_are_seen(self):
        for change, why in [("J[-1][0][0] += 1e-8 * (1 + abs(J[-1][0][0]))", "wrong by"),
                            ("J[0][0][0] = float('nan')", "wrong by inf"),
                            ("J[0][0][0] = None", "want"),
                            ("J[0][0][0], J[0][0][1] = J[0][0][1], J[0][0][0]", "wrong by"),
                            ("J.pop()", "want 5 observations"),
                            ("J[0][0].append(0)", "numbers an observation"),
                            ("answer.pop('output')", "want 5 observations"),
                            ("answer = {'id': answer['id'], 'success': False, 'error': 'no memory'}", "no memory")]:
            with self.subTest(change=change), tempfile.TemporaryDirectory() as folder:
                script = pathlib.Path(folder, "tool.py")
                script.write_text(changed_tool.format(program=program, change=change))
                code, lines, error = play(f"{sys.executable} {script}")
                self.assertEqual(1, code, lines)
                self.assertIn(why, lines[1])
                self.assertIn(" us ", lines[0])  # the values are right

    def test_a_tool_that_ends_or_has_no_such_module(self):
        self.assertEqual(1, play("true")[0])
        answers = "import json, sys\nfor line in sys.stdin: print(json.dumps({'id': json.loads(line)['id'], 'success': False}), flush=True)"
        with tempfile.NamedTemporaryFile("w", suffix=".py") as script:
            script.write(answers), script.flush()
            code, lines, _ = play(f"{sys.executable} {script.name}")
        self.assertEqual(1, code)
        self.assertIn("no module mlp", lines[0])

    def ask(self, *lines):
        return subprocess.run([program, "gradbench"], input="".join(line + "\n" for line in lines), capture_output=True, text=True)

    def test_what_jacobench_cannot_answer(self):
        model = {"layers": [{"activation": "identity", "weights": [[1, 2]]}], "x": [[1, 2]]}
        asked = [{"id": 3, "kind": "define", "module": "gmm"},
                 {"id": 4, "kind": "evaluate", "module": "mlp", "function": "hessian", "input": model},
                 {"id": 5, "kind": "evaluate", "module": "mlp", "function": "primal", "input": {**model, "x": [[1]]}},
                 {"id": 6, "kind": "evaluate", "module": "mlp", "function": "primal", "input": {}},
                 {"id": 7, "kind": "evaluate", "module": "mlp", "function": "primal", "input": model}]
        run = self.ask(*map(json.dumps, asked))
        answers = [json.loads(line) for line in run.stdout.splitlines()]
        self.assertEqual([(3, False), (4, False), (5, False), (6, False), (7, True)],
                         [(answer["id"], answer["success"]) for answer in answers])
        self.assertEqual([[5]], answers[4]["output"])
        self.assertIn("input: x: row 1 has 1 numbers, want 2", answers[2]["error"])

    def test_what_is_no_message(self):
        for line in ["", "hello", "[]", "{}", '{"id": 1}', '{"kind": "define"}', '{"id": 1, "kind": 2}']:
            run = self.ask(line)
            self.assertEqual((2, ""), (run.returncode, run.stdout), line)
            self.assertIn("standard input:1: is no message", run.stderr)


if __name__ == "__main__":
    unittest.main()
