"""Language models at the command line: trained, shown, scored and sampled."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import Command, process
from helpers.shell import type_in
from helpers.terminal import in_terminal, text_of

LINES = (
    "".join(
        f"{color} {animal}\n"
        for color in ("red", "blue", "grey")
        for animal in ("cat", "dog", "hen")
    )
    * 20
)
KEYS = "sequence_length: 8, validation_fraction: 0.2"
CONFIGS = {
    "stream.yaml": f"data: {{kind: text, path: text.txt, {KEYS}}}",
    "lines.yaml": f"data: {{kind: text, path: text.txt, documents: lines, {KEYS}}}",
    "words.yaml": f"data: {{kind: text, path: text.txt, unit: word, {KEYS}}}",
}
SMALL = """
model: {cell: gru, hidden_size: 16, embedding_size: 8}
training: {num_epochs: 4, batch_size: 8}
"""


@pytest.fixture
def configs(here: Path) -> Path:
    (here / "text.txt").write_text(LINES)
    for name, data in CONFIGS.items():
        (here / name).write_text(data + SMALL)
    return here


@pytest.fixture
def lines_model(configs: Path, rnn: Command) -> str:
    """The name of a run of a model of lines."""
    trained = rnn("train", "-q", "-c", "lines.yaml", "--name", "lines")
    assert trained.code == 0, trained.err
    return trained.out.strip()


def test_training_shows_lines_of_text_after_each_epoch(configs: Path, rnn: Command) -> None:
    trained = rnn("train", "-c", "lines.yaml")
    assert trained.code == 0
    epochs = re.findall(
        r"^epoch (\d)/4 .* symbols/s\n((?:  \| .*\n){5})", trained.err, re.MULTILINE
    )
    assert [number for number, _ in epochs] == ["1", "2", "3", "4"]
    record = json.loads((configs / trained.out.strip() / "run.json").read_text())
    shown = [line.removeprefix("  | ") for line in epochs[-1][1].splitlines()]
    assert record["sample"].split("\n") == shown
    assert f"next: rnn sample -w {trained.out.strip()}" in trained.err


def test_the_view_in_a_terminal_shows_text(configs: Path) -> None:
    long = ("--set", "training.num_epochs=100000")
    seen = []

    def stop(child: subprocess.Popen[bytes], terminal: int, written: bytes) -> None:
        if not seen and re.search(rb"\| (red|blue|grey)", written):
            child.terminate()
            seen.append(written)

    code, written = in_terminal("train", "-c", "lines.yaml", *long, watch=stop)
    assert code == 143
    assert seen
    assert "symbols/s" in text_of(written)


@pytest.mark.parametrize("name", CONFIGS)
def test_all_that_is_said_of_a_model_works_for_texts(
    configs: Path, rnn: Command, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rnncli.bench.benchmark._BLOCKS", 1)
    assert rnn("train", "-q", "-c", name).code == 0
    report = json.loads(rnn("evaluate", "-w", "latest", "--json").out)
    figure = "perplexity" if name == "words.yaml" else "bits_per_character"
    assert report["metrics"].keys() == {"loss", figure, "accuracy"}
    assert report["baseline"].keys() == {"unigram", "ngram"}
    assert report["baseline"]["ngram"]["loss"] <= report["baseline"]["unigram"]["loss"]
    shown = rnn("evaluate", "-w", "latest", "-i", "text.txt")
    type_in(monkeypatch, LINES.encode())
    assert rnn("evaluate", "-w", "latest", "-i", "-").out == shown.out
    assert re.search(r"metric +model +unigram( \*)?( +[2-6]-gram( \*)?)?\n", shown.out)
    assert rnn("verify", "latest", "-q").code == 0
    assert rnn("doctor", "-c", name).code in (0, 1)
    assert rnn("trace", "-w", "latest").code == 0
    assert rnn("trace", "-w", "latest", "-i", "text.txt", "--sample", "1").code == 0
    monkeypatch.setattr("rnncli.bench.benchmark._BLOCKS", 1)
    assert rnn("bench", "-c", name, "--json").code == 0
    checked = rnn("gradcheck", "-c", name, "--set", "model.hidden_size=3", "--json")
    assert checked.code == 0
    names = [array["name"] for array in json.loads(checked.out)["arrays"]]
    assert "embedding.weight" in names
    assert "initial_state_l0" in names
    assert rnn("plot", "latest").code == 0
    for words in (
        ("predict", "-w", "latest", "-i", "text.txt"),
        ("plot", "latest", "--kind", "confusion", "-o", "x.svg"),
    ):
        refused = rnn(*words)
        assert (refused.code, refused.err.count("\n")) == (2, 1), refused
        assert "language model" in refused.err


def test_a_weights_file_alone_is_enough(lines_model: str, rnn: Command, here: Path) -> None:
    (here / "text.txt").unlink()
    weights = (here / lines_model / "weights.npz").rename(here / "model.npz")
    sampled = rnn("sample", "-w", weights, "--num-samples", 3)
    assert (sampled.code, sampled.err, sampled.out.count("\n")) == (0, "", 3)
    for words in (("trace", "-w", weights), ("gradcheck", "-w", weights)):
        assert rnn(*words).code == 0
    (here / "other.txt").write_text("red hen\n")
    report = json.loads(rnn("evaluate", "-w", weights, "-i", "other.txt", "--json").out)
    assert (report["num_samples"], report["baseline"]) == (8, {})


def test_samples_are_lines_and_repeat_with_the_seed(lines_model: str, rnn: Command) -> None:
    first = rnn("sample", "-w", lines_model)
    assert first.code == 0
    assert first.out.count("\n") == 10
    assert re.fullmatch(r"\d+% of the lines stand in the training text\n", first.err)
    assert rnn("sample", "-w", lines_model, "--quiet").out == first.out
    assert rnn("sample", "-w", lines_model, "--seed", 1).out != first.out
    primed = rnn("sample", "-w", lines_model, "--prime", "blue ", "--temperature", 0)
    (line,) = set(primed.out.splitlines())
    assert line.startswith("blue ")
    # The whole line is looked up in the training text, the prime included.
    share = 100 if line in LINES.splitlines() else 0
    assert primed.err == f"{share}% of the lines stand in the training text\n"


def test_samples_as_json(lines_model: str, rnn: Command) -> None:
    words = ("--num-samples", 2, "--json", "--prime", "red", "--temperature", 0.5, "--seed", 3)
    samples = [
        json.loads(line) for line in rnn("sample", "-w", lines_model, *words).out.splitlines()
    ]
    assert len(samples) == 2
    for sample in samples:
        assert (sample["prime"], sample["temperature"], sample["seed"]) == ("red", 0.5, 3)
        assert sample["log_probability"] < 0
        assert sample["share_in_training_text"] in (0, 1)


def test_several_continuous_texts_are_separated_by_a_blank_line(
    configs: Path, rnn: Command
) -> None:
    assert rnn("train", "-q", "-c", "words.yaml").code == 0
    one, three = (
        rnn("sample", "-w", "latest", "--length", 30, "--num-samples", count) for count in (1, 3)
    )
    assert three.out.startswith(one.out)
    assert re.fullmatch(r"\d+% of the 5-grams stand in the training text\n", one.err)


def test_text_appears_while_it_is_generated(configs: Path, rnn: Command) -> None:
    assert rnn("train", "-q", "-c", "stream.yaml").code == 0
    command = [sys.executable, "-m", "rnncli", "sample", "-w", "latest", "--length", "100000000"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert len(child.stdout.read(1000)) == 1000
        child.stdout.close()
        assert child.stderr is not None
        assert child.stderr.read() == b""
    assert child.returncode == 0  # as with `| head`


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--prime", "xyz"), "prime: 'x' is not in the vocabulary"),
        (("--temperature", "-1"), "temperature: -1.0 is out of range; a finite number"),
        (("--prime", "\udcff"), "prime: has characters that are not valid; a text"),
        (("--top-k", "0"), "top-k: 0 is out of range"),
        (("--top-p", "2"), "top-p: 2.0 is out of range"),
        (("--length", "0"), "--length"),
    ],
)
def test_bad_options_are_one_line(
    lines_model: str, rnn: Command, options: tuple[str, ...], message: str
) -> None:
    refused = rnn("sample", "-w", lines_model, *options)
    assert (refused.code, refused.out, refused.err.count("\n")) == (2, "", 1)
    assert message in refused.err


def test_other_models_are_refused(run_folder: Path, rnn: Command) -> None:
    refused = rnn("sample", "-w", run_folder)
    assert (refused.code, refused.err.count("\n")) == (2, 1)
    assert "predicts labels; a language model" in refused.err


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("model.embedding_size=null", "model.embedding_size: is null, but the data are symbols"),
        ("model.bidirectional=true", "model.bidirectional: a language model predicts what comes"),
        ("model.tie_weights=true", "model.tie_weights: needs model.embedding_size, 8, equal to"),
        ("model.output=sequence", "set it to every_step"),
        ("data.unit=syllable", "data.unit: 'syllable' is not known; one of char, word"),
        ("data.vocabulary_size=1", "data.vocabulary_size"),
    ],
)
def test_keys_that_do_not_fit_are_refused(
    configs: Path, rnn: Command, override: str, message: str
) -> None:
    refused = rnn("train", "-c", "lines.yaml", "--set", override)
    assert (refused.code, refused.err.count("\n")) == (2, 1)
    assert message in refused.err
    assert not (configs / "runs").exists()


def test_numbers_need_no_embedding(small: Path, rnn: Command) -> None:
    refused = rnn("train", "-c", small, "--set", "model.embedding_size=4")
    assert (refused.code, refused.err.count("\n")) == (2, 1)
    assert "model.embedding_size: is 4, but the data are numbers" in refused.err


def test_control_characters_do_not_reach_a_terminal(configs: Path, rnn: Command) -> None:
    (configs / "text.txt").write_text("\x1b[2Jab" * 200)
    assert rnn("train", "-q", "-c", "stream.yaml").code == 0
    code, written = in_terminal("sample", "-w", "latest")
    assert code == 0
    assert b"\x1b[2J" not in written
    assert "\x1b" in process("sample", "-w", "latest").stdout
