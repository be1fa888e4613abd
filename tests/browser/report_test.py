"""Reports of committed results, and of names made to break out of them, in headless Chromium: every figure is drawn, tips, sorting,
filtering and columns on demand work, at a desk's width and a telephone's, with nothing asked of any other place.

Exit code 77: a package is missing, and the reason is printed."""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
try:
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.by import By
except ImportError as error:
    print(f"skipped: {error}; scripts/setup report installs it")
    sys.exit(77)
for needed in ["chromium", "chromedriver"]:
    if not shutil.which(needed):
        print(f"skipped: {needed} is missing; scripts/setup report installs it")
        sys.exit(77)

root = pathlib.Path(__file__).resolve().parent.parent.parent
program = os.environ.get("JACOBENCH", root / "build/release/experiments/jacobench")
work = pathlib.Path(tempfile.mkdtemp(prefix="jacobench_reports_"))

# Each as the name of a network, a reason, a column of data.
hostile = [
    "<img src=https://example.org/x.png onerror=\"window.broken=1\">",
    "</script><script>window.broken=2</script>",
    "\"><svg onload='window.broken=3'>",
    "]]></title></svg><style>*{display:none}</style>",
    "&lt;b&gt; &amp; 'single' \"double\" `tick` ${window.broken=4}",
    "\u202e\u05d0\u05d1\u05d2 right to left",
    "x" * 10000,
]


def report(*arguments, out):
    path = work / out
    result = subprocess.run([program, "report", *map(str, arguments), "--out", path], capture_output=True, text=True,
                            cwd=root)
    assert result.returncode == 0, result.stderr
    return path


def hostile_result():
    """The quick result, with a hostile name in the place of every network, every worst entry and every reason."""
    folder = work / "hostile"
    shutil.copytree(root / "results/quick", folder)
    rows = [json.loads(line) for line in (folder / "rows.jsonl").read_text().splitlines()]
    for i, row in enumerate(rows):
        row["network"] = row["worst_entry"] = hostile[i // 5 % len(hostile)]
        if i == 3:
            row.update(status="failed", reason=hostile[1] + hostile[-1])
    for i, name in enumerate(hostile):
        rows.append({**rows[0], "network": name, "strategy": name, "n_params": 7 + i})
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["cells"] = len(rows)
    manifest["run"]["command_line"] = hostile[1]
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


def hostile_fit():
    fit = json.loads((root / "results/rat42/fit.json").read_text())
    fit["inputs"], fit["outputs"], fit["source"] = [hostile[0]], [hostile[1]], hostile[2]
    path = work / "hostile_fit.json"
    path.write_text(json.dumps(fit))
    return path


class Reports(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        options = webdriver.ChromeOptions()
        options.binary_location = shutil.which("chromium")
        for argument in ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"]:
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
        cls.browser = webdriver.Chrome(service=Service(shutil.which("chromedriver")), options=options)

    @classmethod
    def tearDownClass(cls):
        cls.browser.quit()

    def run_script(self, script, *arguments):
        return self.browser.execute_script(script, *arguments)

    def resize(self, width, height=900):
        self.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                                     {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False})

    def open(self, path, width=1400):
        self.resize(width)
        self.browser.get_log("performance")
        self.browser.get_log("browser")
        self.browser.get(path.as_uri())

    def expect_quiet(self, path):
        """Nothing was asked of any place but the file, and nothing was complained of."""
        events = [json.loads(entry["message"])["message"] for entry in self.browser.get_log("performance")]
        asked = [event["params"]["request"]["url"] for event in events if event["method"] == "Network.requestWillBeSent"]
        self.assertEqual([path.as_uri()], [url for url in asked if not url.startswith("chrome")])
        self.assertEqual([], [entry["message"] for entry in self.browser.get_log("browser")])

    def expect_drawn(self):
        """Every figure has the marks that it says, each of them somewhere to be seen and within its panel."""
        figures = self.run_script("""
          return [...document.querySelectorAll('figure')].map(figure => {
            const inside = (mark, box) => { const m = mark.getBoundingClientRect();
              return m.width + m.height > 0 && m.left >= box.left - 1 && m.right <= box.right + 1 &&
                     m.top >= box.top - 1 && m.bottom <= box.bottom + 1; };
            const marks = [...figure.querySelectorAll('svg.panel .m, svg.panel .l')];
            const texts = [...figure.querySelectorAll('svg.panel text')].filter(text =>
              !inside(text, text.closest('svg').getBoundingClientRect())).map(text => text.textContent);
            return {name: figure.id, said: +figure.dataset.marks, texts,
                    drawn: marks.filter(mark => inside(mark, mark.closest('svg').getBoundingClientRect())).length}; });""")
        for figure in figures:
            self.assertGreater(figure["said"], 0, figure)
            self.assertEqual(figure["said"], figure["drawn"], figure)
            self.assertEqual([], figure["texts"], figure["name"])
        return [figure["name"] for figure in figures]

    def expect_apart(self):
        """No label of an axis lies over another one."""
        over = self.run_script("""
          const found = [];
          for (const svg of document.querySelectorAll('svg.panel')) {
            const texts = [...svg.querySelectorAll('text:not([transform])')].map(text => [text.getBoundingClientRect(), text.textContent]);
            texts.forEach(([a, name], i) => texts.slice(i + 1).forEach(([b, other]) => {
              if (a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 3 && b.top < a.bottom - 3) found.push([name, other]);
            }));
          }
          return found;""")
        self.assertEqual([], over)

    def test_every_committed_result_is_drawn(self):
        wanted = {
            "quick": ["digits", "cost"], "law": ["digits", "step", "cost"], "step_sweep": ["step", "cost"],
            "speed": ["time", "limit", "speedup"], "activations": ["ulp", "ulp_by_argument"],
            "coverage": ["coverage_by_network", "coverage_by_noise_sd", "width", "standard_errors", "curvature"],
            "coverage_studies/decay": ["coverage_by_decay", "width"],
        }
        for name, figures in wanted.items():
            for width in [1400, 400]:
                with self.subTest(result=name, width=width):
                    path = report(f"results/{name}", out="page.html")
                    self.open(path, width)
                    drawn = self.expect_drawn()
                    self.assertEqual(figures, [figure for figure in figures if figure in drawn])
                    self.expect_apart()
                    across = self.run_script("return document.documentElement.scrollWidth - innerWidth")
                    self.assertLessEqual(across, 0, "the page is wider than the window")
                    self.expect_quiet(path)

    def test_a_fit_with_its_bands_is_drawn(self):
        path = report("results/rat42/fit.json", "results/rat42/bands.csv", out="fit.html")
        self.open(path)
        self.assertEqual(["bands", "residuals", "quantiles", "leverage"], self.expect_drawn())
        self.expect_apart()
        self.expect_quiet(path)

    def test_results_side_by_side(self):
        path = report("results/quick", "results/speed_quick", "results/coverage_quick", out="three.html")
        self.open(path)
        headings = [heading.text for heading in self.browser.find_elements(By.TAG_NAME, "h2")]
        self.assertEqual(["side by side", "accuracy", "speed", "coverage"], headings)
        self.expect_drawn()
        self.expect_quiet(path)

    def test_two_timings_are_compared(self):
        shutil.copytree(root / "results/speed_quick", work / "again")
        panels = "return document.querySelectorAll('#time svg.panel').length"
        self.open(report("results/speed_quick", out="page.html"))
        of_one = self.run_script(panels)
        path = report("results/speed_quick", work / "again", out="compare.html")
        self.open(path)
        self.assertIn("compare", self.expect_drawn())
        self.assertEqual(of_one, self.run_script(panels), "both are in the same panels")
        legend = self.run_script("return [...document.querySelectorAll('#time .legend li')].map(li => li.textContent)")
        self.assertEqual({"speed_quick", "again"}, {"speed_quick", "again"} & set(legend))
        self.expect_quiet(path)

    def column(self, name):
        return self.run_script("""
          const table = document.querySelector('table'), heads = [...table.tHead.rows[0].cells];
          const at = heads.findIndex(head => head.dataset.name === arguments[0]);
          return [...table.tBodies[0].rows].filter(row => !row.hidden).map(row => row.cells[at].dataset.v || row.cells[at].textContent);""", name)

    def test_rows_are_sorted_and_filtered_and_columns_appear(self):
        self.open(report("results/quick", out="page.html"))
        head = self.browser.find_element(By.CSS_SELECTOR, "th[data-name=time_us] button")
        unsorted = [float(text) for text in self.column("time_us")]
        head.click()
        self.assertEqual(sorted(unsorted), [float(text) for text in self.column("time_us")])
        head.click()
        self.assertEqual(sorted(unsorted, reverse=True), [float(text) for text in self.column("time_us")])
        filter_box = self.browser.find_element(By.CSS_SELECTOR, "input[type=search]")
        filter_box.send_keys("strategy=layerwise tanh")
        self.assertEqual(["layerwise"] * 4, self.column("strategy"))
        self.assertEqual("4 of 25 rows", self.browser.find_element(By.TAG_NAME, "output").text)
        hidden = self.browser.find_element(By.CSS_SELECTOR, "th[data-name=worst_entry]")
        self.assertFalse(hidden.is_displayed())
        self.browser.find_element(By.CSS_SELECTOR, "input[type=checkbox]").click()
        self.assertTrue(hidden.is_displayed())

    def test_a_mark_tells_its_cell_and_exact_value(self):
        self.open(report("results/quick", out="page.html"))
        rows = [json.loads(line) for line in (root / "results/quick/rows.jsonl").read_text().splitlines()]
        tip = self.browser.find_element(By.ID, "tip")
        self.assertFalse(tip.is_displayed())
        mark = self.browser.find_element(By.CSS_SELECTOR, "#cost svg.panel .m")
        self.run_script("arguments[0].scrollIntoView({block: 'center'})", mark)
        ActionChains(self.browser).move_to_element(mark).perform()
        self.assertTrue(tip.is_displayed())
        told = [row for row in rows if row["network"] in tip.text and row["strategy"] in tip.text
                and f"max relative {row['max_relative_error']:g}".split("e")[0][:12] in tip.text]
        self.assertTrue(told, tip.text)

    def test_the_page_follows_its_width(self):
        self.open(report("results/coverage", out="page.html"))
        across = "return new Set([...document.querySelectorAll('#width svg.panel')].map(svg => Math.round(svg.getBoundingClientRect().top))).size"
        at_desk = self.run_script(across)
        self.resize(400)
        self.assertGreater(self.run_script(across), at_desk)
        smallest = self.run_script("return Math.min(...[...document.querySelectorAll('svg.panel text')].map(text => "
                                   "13 * text.closest('svg').getBoundingClientRect().width / text.closest('svg').viewBox.baseVal.width))")
        self.assertGreater(smallest, 10, "letters on a telephone, in pixels")

    def test_a_page_prints(self):
        """On paper: no controls and nothing that is folded away, all within the sheet, no panel smaller than can be read."""
        for name in ["speed", "activations", "coverage_studies/decay"]:
            self.open(report(f"results/{name}", out="page.html"), 718)  # of A4, with the usual margins
            self.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
            try:
                shown = self.run_script("""
                  const seen = selector => [...document.querySelectorAll(selector)].filter(e => e.getClientRects().length).length;
                  return {controls: seen('nav, .bar, input, details:not([open])'), across: document.querySelector('.figures').scrollWidth - innerWidth,
                    smallest: Math.min(...[...document.querySelectorAll('svg.panel')].map(svg => svg.getBoundingClientRect().width)),
                    dark: getComputedStyle(document.body).backgroundColor};""")
                self.expect_drawn()
            finally:
                self.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
            self.assertEqual((0, "rgb(255, 255, 255)"), (shown["controls"], shown["dark"]), name)
            self.assertLessEqual(shown["across"], 0, name)
            self.assertGreater(shown["smallest"], 300, name)

    def test_hostile_names_are_text(self):
        for arguments in [[hostile_result()], [hostile_fit()]]:
            path = report(*arguments, out="hostile.html")
            for width in [1400, 400]:
                self.open(path, width)
                self.expect_drawn()
                self.assertIsNone(self.run_script("return window.broken || null"))
                self.assertEqual(1, self.run_script("return document.scripts.length"))
                self.assertEqual([], self.run_script("return [...document.querySelectorAll('img, iframe, object, link, [onload], [onerror]')].map(e => e.outerHTML)"))
                self.assertLessEqual(self.run_script("return document.documentElement.scrollWidth - innerWidth"), 0)
                self.expect_quiet(path)
        self.open(report(work / "hostile", out="hostile.html"))
        shown = set(self.column("network"))
        self.assertEqual(set(hostile), shown)

    def test_the_script_is_the_one_the_page_allows(self):
        """Another script in the page is refused, which is what the hash is for."""
        text = report("results/quick", out="page.html").read_text()
        changed = work / "changed.html"
        changed.write_text(text.replace("</body>", "<script>window.broken = 5</script></body>"))
        self.open(changed)
        self.assertIsNone(self.run_script("return window.broken || null"))

    def test_a_hundred_rows_are_less_than_two_megabytes(self):
        self.assertLess(report("results/speed", out="page.html").stat().st_size, 2_000_000)


if __name__ == "__main__":
    try:
        result = unittest.main(exit=False).result
    finally:
        shutil.rmtree(work)
    sys.exit(not result.wasSuccessful())
