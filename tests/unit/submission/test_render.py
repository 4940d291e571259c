import json

from seatrial.submission import render
from seatrial.submission.lint import RULES
from seatrial.submission.message import Report
from tests.unit.submission.samples import edited, lint

REPORT = Report("strict", ("v1.37/a b/PRODUCT.yaml",), lint(edited(('"1.0"', "1.0"))), links_not_checked=4)


def test_text_names_file_line_and_column_and_what_was_not_looked_at() -> None:
    text = render.text(REPORT)
    assert (
        "v1.37/encabulator/PRODUCT.yaml:4:20: error: platformVersion is a value of type float, not text [field-is-text]"
        in text
    )
    assert "  → put it in quotes" in text
    assert text.endswith("1 file by the rules strict: 1 error, 1 warning; 4 links not checked\n")
    assert "\x1b" not in text
    assert "\x1b[1;31merror" in render.text(REPORT, colour=True)


def test_clean_says_so() -> None:
    assert render.text(Report("newest", ("x",), ())) == "1 file by the rules newest: clean\n"


def test_json() -> None:
    body = json.loads(render.as_json(REPORT))
    assert (body["clean"], body["counts"], body["links_not_checked"]) == (
        False,
        {"error": 1, "warning": 1, "note": 0},
        4,
    )
    assert body["messages"][0]["rule"] == "field-is-text"


def test_sarif() -> None:
    body = json.loads(render.sarif(REPORT))
    (run,) = body["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert body["version"] == "2.1.0"
    assert all(rule["help"]["text"] and rule["shortDescription"]["text"] for rule in rules)
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        region = result["locations"][0]["physicalLocation"]["region"]
        assert region["startLine"] >= 1
        assert region["startColumn"] >= 1
    assert "4 links not checked" in run["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"]


def test_every_rule_has_a_page() -> None:
    pages = render.pages()
    assert all(f"### {rule.id}\n" in pages for rule in RULES)
