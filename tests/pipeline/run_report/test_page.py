"""What the page says, and that it is a page."""

from __future__ import annotations

import re
import resource
from dataclasses import replace
from pathlib import Path

import pytest

from components.image_folder.policies import KINDS
from pipeline.results.summary import Metrics, Pushed, Stage, Tuned
from pipeline.run_report.class_table import class_table
from pipeline.run_report.findings_table import MOST_FILES
from pipeline.run_report.page import PageInput, render, write_page
from tests.pipeline.run_report.html_page import Page
from tests.pipeline.run_report.samples import (
    NASTY,
    data_report,
    finding,
    one_of_each_kind,
    page_input,
    pairs,
    statistics,
    summary,
    training,
)

_MANY = [f"class-{index:04d}" for index in range(1000)]


_INPUTS = {
    "check": page_input(data_report(statistics=statistics(1162))),
    "nasty": page_input(
        data_report(NASTY, [finding(name, "corrupt", name) for name in NASTY]), images=NASTY[2]
    ),
    "every kind": page_input(data_report(files=one_of_each_kind(), near_duplicates=pairs(3))),
    "run": page_input(data_report(statistics=statistics(1162)), summary(), training=training()),
    "no data": page_input(None, summary(status="failed", pushed=None, metrics=Metrics(), reason="Why.")),
    "1000 classes": page_input(data_report(_MANY), summary()),
    "nothing accepted": page_input(
        data_report((), counts={"train": {}, "eval": {}, "test": {}}, accepted=0, statistics=statistics(0))
    ),
}


@pytest.mark.parametrize("page", _INPUTS.values(), ids=_INPUTS)
def test_a_page_is_sound_needs_nothing_and_is_the_same_again(page: PageInput) -> None:
    html = render(page)
    parsed = Page(html)
    assert render(page) == html
    assert "http:" not in html
    assert "https:" not in html
    assert not {"script", "link", "iframe", "object"} & {tag for tag, _ in parsed.attributes}
    assert not re.search(r"@import|url\((?!#)", html)
    for tag, attributes in parsed.attributes:
        assert (attributes.get("src") or "data:").startswith("data:"), (tag, attributes)
        assert (attributes.get("href") or "#").startswith("#"), (tag, attributes)
    tables = html.split("<table")[1:]
    assert all("<thead>" in table for table in tables)
    assert len(re.findall("<svg", html)) == len(re.findall("<svg[^>]*>\n<title", html))
    assert "Traceback" not in html


@pytest.mark.parametrize(
    ("page", "tone", "words"),
    [
        (_INPUTS["check"], "good", "✓ Fit to train on"),
        (page_input(data_report(violations=("one",))), "bad", "✗ Not fit to train on: 1 violation"),
        (page_input(data_report(violations=("one", "two"))), "bad", "✗ Not fit to train on: 2 violations"),
        (_INPUTS["run"], "good", "✓ Version 3 was pushed"),
        (
            page_input(data_report(), summary(pushed=Pushed(3, "/w", new=False))),
            "good",
            "✓ Nothing to push: version 3 is in production already",
        ),
        (
            page_input(data_report(), summary(status="not_blessed", pushed=None, reason="Bad.")),
            "warning",
            "! The model was not blessed, so it was not pushed",
        ),
        (
            page_input(data_report(), summary(status="invalid_data", pushed=None, reason="Bad.")),
            "bad",
            "✗ The images were refused",
        ),
        (_INPUTS["no data"], "bad", "✗ The run failed"),
    ],
)
def test_the_verdict_is_colour_and_words(page: PageInput, tone: str, words: str) -> None:
    html = render(page)
    assert f'<p class="verdict {tone}">{words}</p>' in html
    assert f"<title>{words[2:]}: " in html


def test_the_facts_of_a_run() -> None:
    data = data_report(root="/data", layout="split_folders", spans=(3, 4))
    words = Page(render(page_input(data, summary(), images="/data/span-{SPAN}"))).words()
    facts = (
        "20261120-153656-c624", "2026-11-20 15:36", "pets", "/data/span-{SPAN}", "/data", "split folders",
        "3, 4", "0.9877 (95 % interval 0.979 to 0.993), 0.9750 for version 2",
    )  # fmt: skip
    for fact in facts:
        assert f" {fact} " in words
    assert "Baseline: version 2" in words
    gone = summary(metrics=replace(summary().metrics, baseline_version=None))
    words = Page(render(page_input(data, gone))).words()
    assert "0.9750 for the model before it " in words
    assert "Baseline: " not in words


def test_what_is_wrong_stands_there_in_full_with_what_to_do() -> None:
    violations = ("7 of 100 files cannot be used", "class 'a' has 1 image")
    bad = data_report(violations=violations)
    refused = summary(status="invalid_data", pushed=None, reason="Refused: " + "; ".join(violations))
    for page, advice in ((page_input(bad), "and check again"), (page_input(bad, refused), "and run again")):
        parsed = Page(render(page))
        assert parsed.of("li") == list(violations)
        assert advice in parsed.words()
        assert "Refused:" not in parsed.words()
    other = replace(refused, reason=f"Something else; {violations[0]}")
    assert "Something else; " in Page(render(page_input(bad, other))).words()
    assert "What is wrong" not in Page(render(_INPUTS["run"])).words()
    assert "What is wrong" not in Page(render(_INPUTS["check"])).words()
    failed = Page(render(_INPUTS["no data"])).words()
    assert "Why." in failed
    assert "The log tells" in failed
    assert "Nothing is known about the images" in failed


def test_a_first_run_that_pushes_nothing_speaks_of_no_model_in_production() -> None:
    for status in ("not_blessed", "invalid_data"):
        first = summary(status=status, pushed=None, reason="Why.", metrics=Metrics())
        words = Page(render(page_input(data_report(), first))).words()
        assert "Nothing has changed in production." in words
        assert "model in production" not in words


def test_the_numbers_of_images() -> None:
    files = [finding("a/1.jpg", "corrupt"), finding("a/2.jpg", "duplicate"), finding("a/3.jpg", "empty")]
    html = render(page_input(data_report(files=files)))
    tiles = dict(re.findall(r"<div><dt>(?:<span[^>]*></span>)?([^<]+)</dt><dd>([^<]+)</dd></div>", html))
    assert tiles == {
        "found": "1,165", "used": "1,162", "set aside": "2", "copies, left out": "1",
        "train": "930", "eval": "116", "test": "116",
    }  # fmt: skip


def test_every_kind_of_finding_has_a_row_and_its_files() -> None:
    html = render(_INPUTS["every kind"])
    parsed = Page(html)
    for kind in KINDS:
        row = re.search(rf'<tr><th scope="row"><a href="#{kind}">.*?</tr>', html, re.DOTALL)
        assert row is not None, kind
        assert '<td class="number">1</td>' in row.group()
        assert f"cat/{kind}.jpg" in parsed.of("th")
    assert "Larger than <code>data.limits.max_bytes</code>." in html
    changed = html[html.index('href="#changed"') :]
    assert '<td class="policy">fail</td>' in changed
    assert '<span class="bad">1 refused</span>' in changed.split("</tr>")[0]
    # The two kinds that stop a run are open.
    assert len([each for each in parsed.named("details") if "open" in each]) == 2
    assert "3 pairs" in html


def test_few_refused_files_are_shown_unasked_many_are_not() -> None:
    for count, is_open in ((20, True), (21, False)):
        files = [finding(f"a/{i}.jpg", "changed") for i in range(count)]
        (details,) = Page(render(page_input(data_report(files=files)))).named("details")
        assert ("open" in details) == is_open


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (NASTY[0], "cat/&lt;script&gt;alert(1)&lt;/script&gt;.jpg"),
        (NASTY[1], "cat/&#34;quoted&#34; &amp; &#39;more&#39;.jpg"),
        (NASTY[2], "cat/caf\\xe9.jpg"),
        (NASTY[3], "cat/two\\nlines\\x1b[31m.jpg"),
        (NASTY[4], NASTY[4]),
        (NASTY[5], NASTY[5]),
        (NASTY[6], NASTY[6]),
    ],
)
def test_whatever_text_comes_from_files_is_escaped_wherever_it_stands(text: str, shown: str) -> None:
    data = data_report(
        (text, "dog"), [finding(text, "corrupt", text)], root=text, violations=(text,), near_duplicates=()
    )
    run = summary(status="invalid_data", pushed=None, reason=f"because of {text}!", model=text, log=text)
    html = render(
        page_input(
            data,
            run,
            images=f"{text}?",
            balance_lines=[text],
            remedies={text: {text: 1.0}},
            data_report=text,
        )
    )
    html.encode("utf-8")
    # File, reason, class, root, images, line, remedy, model (title, heading, fact), log; and the reason or
    # the violation, of which one says the same as the other.
    assert html.count(shown) == 12
    if shown != text:
        assert text not in html


def test_a_page_stops_listing_somewhere_and_says_where_the_rest_is() -> None:
    files = [finding(f"a/{i:05d}.jpg", "blurry") for i in range(MOST_FILES + 5)]
    page = page_input(
        data_report(files=files, near_duplicates=pairs(MOST_FILES + 7)), data_report="/w/data_report.json"
    )
    parsed = Page(render(page))
    assert len([name for name in parsed.of("th") if name.startswith("a/0")]) == MOST_FILES
    assert len([name for name in parsed.of("th") if name.startswith("cat/a")]) == MOST_FILES
    paragraphs = re.sub(r"<[^>]+>", "", render(page))
    assert "The first 1,000 of 1,005 files; all of them are in /w/data_report.json." in paragraphs
    assert "The closest 1,000 of 1,007 pairs; all of them are in /w/data_report.json." in paragraphs
    assert "the data report has all of them" in render(replace(page, data_report=None))
    few = render(page_input(data_report(files=files[:MOST_FILES], near_duplicates=pairs(MOST_FILES))))
    assert "The first" not in few
    assert "The closest" not in few


def test_classes_with_splits_and_weights() -> None:
    data = data_report(("cat", "dog"), counts={"train": {"cat": 30, "dog": 0}, "eval": {"cat": 0, "dog": 5}})
    page = page_input(
        data,
        balance_lines=["The cats are many."],
        remedies={"weight, inverse": {"cat": 0.5}, "oversampling": {"dog": 2.25}},
    )
    html = render(page)
    assert "<p>The cats are many.</p>" in html
    assert "2 classes, largest first" in html
    (cat,) = re.findall(r'<tr><th scope="row" class="name">cat</th>.*?</tr>', html, re.DOTALL)
    (dog,) = re.findall(r'<tr><th scope="row" class="name">dog</th>.*?</tr>', html, re.DOTALL)
    assert re.findall(r'<span class="(\w+)" style="width: ([\d.]+)%">', cat) == [("train", "100.00")]
    assert re.findall(r'<span class="(\w+)" style="width: ([\d.]+)%">', dog) == [("eval", "16.67")]
    assert re.findall(r'<td class="number( zero)?">(?:<strong>)?([^<]+)', cat) == [
        ("", "30"), ("", "0"), ("", "30"), ("", "0.500"), ("", "–"),
    ]  # fmt: skip
    assert re.findall(r'<td class="number( zero)?">(?:<strong>)?([^<]+)', dog) == [
        (" zero", "0"), ("", "5"), ("", "5"), ("", "–"), ("", "2.250"),
    ]  # fmt: skip
    headings = Page(html).of("th")
    assert headings[headings.index("all") :][1:3] == ["weight, inverse", "oversampling"]


def test_of_very_many_classes_the_largest_and_the_smallest_are_listed() -> None:
    html = render(_INPUTS["1000 classes"])
    listed = [word for word in Page(html).of("th") if word.startswith("class-")]
    assert listed == _MANY[:20] + _MANY[-20:]
    assert "1,000 classes, from 11 to 700 images" in html
    assert "Listed are the 20 largest and the 20 smallest" in html
    assert "Images a class, largest first: from 700 down to 11" in html
    for count, listed_each in ((40, (40, 0)), (41, (20, 20))):
        table = class_table({"train": {str(label): label for label in range(count)}}, {})
        assert table is not None
        assert (len(table.largest), len(table.smallest)) == listed_each
        assert table.omitted == count - sum(listed_each)


def test_statistics() -> None:
    html = render(_INPUTS["check"])
    parsed = Page(html)
    assert [word for word in parsed.of("figcaption") if word] == [
        "Shorter side", "Aspect ratio", "File size", "Brightness", "Contrast", "Sharpness",
    ]  # fmt: skip
    assert "model.image_size=224" in parsed.of("code")
    assert "suggested: 224" in parsed.of("text")
    assert len([word for word in parsed.of("text") if word.startswith("suggested")]) == 1
    for cell in ("JPEG", "red", "green", "blue"):
        assert cell in parsed.of("th")
    for cell in ("1,104", "95.0%", "124.3", "58.4", "103.8", "57.5"):
        assert cell in parsed.of("td")


def test_what_was_not_measured_is_not_shown() -> None:
    some = {"shorter_side": statistics(100).histograms["shorter_side"]}
    unverified = statistics(100, channel_mean=None, channel_std=None, histograms=some)
    html = render(page_input(data_report(statistics=unverified)))
    assert "<code>data.verify</code> is off" in html
    assert html.count("<figure>") == 1
    assert "Image statistics" not in render(_INPUTS["nothing accepted"])
    assert 'id="classes"' not in render(_INPUTS["nothing accepted"])


def test_how_training_went() -> None:
    html = render(_INPUTS["run"])
    parsed = Page(html)
    assert "Training" in parsed.of("h2")
    assert "6 epochs in 15 seconds." in html
    assert "The model has the weights of epoch 5 of 6, in phase 2." in parsed.of("p")
    assert "/w/tfx/Trainer/model_run/7" in parsed.of("code")
    assert {"Accuracy", "Loss"} <= set(parsed.of("figcaption"))
    assert "Accuracy by epoch: from 0.7 to 0.85 on the eval split, at its best 0.85 in epoch 6 of 6" in html
    assert "Loss by epoch: from 1.1 to 0.183 on the eval split, at its best 0.183 in epoch 6 of 6" in html
    assert parsed.of("text").count("phase 2") == 2
    assert "What was taken for what" in parsed.of("h3")
    (picture,) = parsed.named("img")
    assert picture["alt"] == "What was taken for what"
    assert "Training" not in Page(render(_INPUTS["check"])).of("h2")
    assert "Training" not in Page(render(replace(_INPUTS["run"], training=training(0)))).of("h2")


def test_what_tuning_found() -> None:
    values = {
        "training.phases.0.learning_rate": 1e-3,
        "model.head.hidden": [64],
        "training.optimizer.name": "adamw",
        "training.optimizer.clip_norm": None,
        "training.augmentation.ops": [{"op": "rotation", "degrees": 5.0}],
    }
    tuned = Tuned(values, "accuracy", 0.91234, 20, "/w/runs/7/best.yaml")
    html = render(page_input(data_report(), summary(tuned=tuned)))
    parsed = Page(html)
    assert "Tuning" in parsed.of("h2")
    assert "The best of 20 trials, with accuracy 0.9123 on the eval split." in parsed.of("p")
    assert "/w/runs/7/best.yaml" in parsed.of("code")
    table = html.split('<section id="tuning">')[1].split("</table>")[0]
    assert re.findall("<code>([^<]*)</code></th><td>([^<]*)</td>", table) == [
        ("training.phases.0.learning_rate", "0.001"),
        ("model.head.hidden", "[64]"),
        ("training.optimizer.name", "adamw"),
        ("training.optimizer.clip_norm", "null"),
        ("training.augmentation.ops", '[{"degrees": 5.0, "op": "rotation"}]'),
    ]
    assert "Tuning" not in Page(render(_INPUTS["run"])).of("h2")


def test_the_model_and_the_stages() -> None:
    html = render(_INPUTS["run"])
    for row in (
        '<tr><th scope="row">accuracy</th>\n<td class="number">0.9877</td>\n<td class="number">0.9750</td>',
        '<tr><th scope="row">example count</th>\n<td class="number">1,184</td>',
        '<tr><th scope="row">Trainer</th><td class="good">✓ ran</td><td class="number">11.2</td></tr>',
        '<td class="quiet">= cached</td><td class="number">0.0</td>',
        "<dt>Model</dt><dd><code>/w/serving/pets/3</code></dd>",
        "<dt>Log</dt><dd><code>/w/runs/20261120-153656-c624/log.txt</code></dd>",
    ):
        assert row in html
    assert 'id="model"' not in render(_INPUTS["check"])
    first = summary(
        metrics=Metrics({"accuracy": 0.9}),
        stages=(Stage("Trainer", "failed", 1.0), Stage("Pusher", "skipped", 0.0)),
    )
    html = render(page_input(data_report(), first))
    # Whatever is in production: it may be this model itself.
    assert "There is no baseline: this run’s model was compared with no other." in html
    assert '<td class="bad">✗ failed</td><td class="number">1.0</td>' in html
    assert '<td class="quiet">- skipped</td><td class="number"></td>' in html
    assert "No model was evaluated." in render(_INPUTS["no data"])


@pytest.mark.parametrize(("name", "limit"), [("run", 80_000), ("1000 classes", 160_000)])
def test_a_page_is_small(name: str, limit: int) -> None:
    assert len(render(_INPUTS[name]).encode()) < limit


def test_a_page_is_about_something() -> None:
    with pytest.raises(ValueError, match="data report or the summary"):
        render(page_input(None))


def test_a_page_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    write_page(path, _INPUTS["nasty"])
    assert path.read_text("utf-8") == render(_INPUTS["nasty"])
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        with pytest.raises(OSError, match="too large"):
            write_page(path, _INPUTS["check"])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert [file.name for file in tmp_path.iterdir()] == ["report.html"]
    assert path.read_text("utf-8") == render(_INPUTS["nasty"])
