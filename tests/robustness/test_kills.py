"""Real processes, stopped by real signals: nothing is lost, and resuming gives the same bits."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from conftest import assert_same, metrics, sha
from helpers.campaign import sample_or_campaign

import rnncli
from rnncli.config.reading import read_config
from rnncli.errors import InterruptError
from rnncli.runs.changes import changes
from rnncli.runs.resume import resume_run
from rnncli.runs.run_record import read_record
from rnncli.runs.training_run import start_run
from rnncli.training.events import Step

CONFIG = """
data: {kind: sum_sign, num_samples: 400, sequence_length: 8}
model: {cell: gru, hidden_size: 8, num_layers: 2, dropout: 0.2}
training: {num_epochs: 30, batch_size: 16}
"""
EVERY_STEP = "training.checkpoint_every=1"
CODES = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129}
FILES = {"config.yaml", "run.json", "metrics.csv", "weights.npz", "checkpoint.npz"}


def with_default_signals() -> None:
    """Receive all signals, even if the process that started the tests ignores some."""
    for number in CODES:
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)


@contextmanager
def training(
    folder: Path, *options: str, prepare: Callable[[], None] = with_default_signals
) -> Iterator[subprocess.Popen[str]]:
    """Start a training run in a folder of its own."""
    folder.mkdir()
    (folder / "c.yaml").write_text(CONFIG)
    command = [sys.executable, "-m", "rnncli", "train", "-q", "-c", "c.yaml", *options]
    with subprocess.Popen(
        command,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=prepare,
    ) as child:
        yield child


def wait_for_a_run(child: subprocess.Popen[str], folder: Path) -> None:
    while child.poll() is None and not list(folder.glob("runs/2*/config.yaml")):
        time.sleep(0.002)


def wait_for_an_epoch(child: subprocess.Popen[str], folder: Path) -> None:
    wait_for_a_run(child, folder)
    (log,) = folder.glob("runs/2*/metrics.csv")
    while child.poll() is None and log.read_bytes().count(b"\n") < 2:
        time.sleep(0.002)


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that is not stopped; its log tells how long training takes."""
    folder = tmp_path_factory.mktemp("uninterrupted") / "a"
    with training(folder) as child:
        out, err = child.communicate()
    assert child.returncode == 0, err
    return folder / out.strip()


def assert_whole(run: Path) -> None:
    """The log has complete rows in order, and existing weights can be loaded."""
    log = (run / "metrics.csv").read_text()
    assert log.endswith("\n")
    epochs = range(1, log.count("\n"))
    assert [int(row["epoch"]) for row in metrics(run)] == list(epochs)
    record = read_record(run)
    assert record["status"] in ("running", "finished")
    assert changes(run, record) == []
    if (run / "weights.npz").exists():
        rnncli.load(run)


def assert_resumes(run: Path, *overrides: str) -> None:
    for _ in resume_run(str(run), list(overrides), []).events():
        pass


def killed(folder: Path, uninterrupted: Path, seed: int, *options: str, slowdown: float = 1) -> str:
    """Kill a training run at a random time, and sometimes the resumed one too; then let it end.

    It may take longer than the uninterrupted one, by a factor of `slowdown`.
    """
    rng = random.Random(seed)
    seconds = float(metrics(uninterrupted)[-1]["seconds"])
    with training(folder, *options) as child:
        wait_for_a_run(child, folder)
        time.sleep(rng.uniform(0, seconds * slowdown))
        child.send_signal(signal.SIGKILL)
    (run,) = folder.glob("runs/2*")
    assert_whole(run)
    resume = [sys.executable, "-m", "rnncli", "train", "-q", "--resume", run.name]
    if rng.random() < 0.3:
        with subprocess.Popen(resume, cwd=folder, stdout=-3, stderr=-3) as again:
            time.sleep(rng.uniform(0, 0.5 + seconds))
            again.kill()
        assert_whole(run)
    assert_resumes(run)
    assert_same(run, uninterrupted)
    assert {path.name for path in run.iterdir()} == FILES
    return "finished" if child.returncode == 0 else "killed"


@sample_or_campaign("times", 2, 300)
def test_sigkill_at_any_time(tmp_path: Path, uninterrupted: Path, times: int) -> None:
    with ThreadPoolExecutor(2) as pool:
        ends = list(
            pool.map(lambda i: killed(tmp_path / str(i), uninterrupted, i), range(times)),
        )
    print(
        f"{times} training runs: {ends.count('killed')} killed, {ends.count('finished')} too late"
    )
    assert "killed" in ends


@sample_or_campaign("times", 1, 200)
def test_sigkill_with_a_checkpoint_every_step(tmp_path: Path, times: int) -> None:
    fewer = ("--set", "training.num_epochs=6")
    with training(tmp_path / "uninterrupted", *fewer) as child:
        uninterrupted = tmp_path / "uninterrupted" / child.communicate()[0].strip()

    def one(i: int) -> str:
        options = ("--set", EVERY_STEP, *fewer)
        return killed(tmp_path / str(i), uninterrupted, 1000 + i, *options, slowdown=3)

    with ThreadPoolExecutor(2) as pool:
        ends = list(pool.map(one, range(times)))
    print(
        f"{times} training runs: {ends.count('killed')} killed, {ends.count('finished')} too late"
    )
    assert "killed" in ends


@sample_or_campaign("times", 1, 60)
def test_sigkill_within_an_epoch_of_a_text(tmp_path: Path, times: int) -> None:
    """The carried state is in the checkpoint."""
    text = tmp_path / "text.txt"
    text.write_text("".join(f"{number:b} or {number:o}\n" for number in range(400)))
    data = f"data={{kind: text, path: {text}, sequence_length: 8}}"
    options = ("--set", data, "--set", EVERY_STEP, "--set", "training.num_epochs=3")
    with training(tmp_path / "uninterrupted", *options) as child:
        uninterrupted = tmp_path / "uninterrupted" / child.communicate()[0].strip()

    def one(i: int) -> str:
        return killed(tmp_path / str(i), uninterrupted, 2000 + i, *options, slowdown=0.8)

    with ThreadPoolExecutor(2) as pool:
        ends = list(pool.map(one, range(times)))
    print(
        f"{times} training runs: {ends.count('killed')} killed, {ends.count('finished')} too late"
    )
    assert "killed" in ends


def stopped(folder: Path, number: signal.Signals, seed: int) -> float:
    """Stop a training run by a signal; return how long it took to end."""
    endless = ("--set", "training.num_epochs=100000")
    with training(folder, *endless) as child:
        wait_for_an_epoch(child, folder)
        time.sleep(random.Random(seed).uniform(0, 0.1))
        child.send_signal(number)
        begun = time.perf_counter()
        _, err = child.communicate(timeout=20)
    seconds = time.perf_counter() - begun
    (run,) = folder.glob("runs/2*")
    assert child.returncode == CODES[number], err
    assert err == (
        f"error: stopped by {number.name}; saved. To resume: rnn train --resume "
        f"{run.relative_to(folder)}\n"
    )
    assert json.loads((run / "run.json").read_text())["status"] == "interrupted"
    assert {path.name for path in run.iterdir()} >= FILES - {"weights.npz"}
    return seconds


@pytest.mark.parametrize("number", CODES, ids=lambda number: number.name)
@sample_or_campaign("times", 1, 100)
def test_a_signal_saves_and_tells_how_to_resume(
    tmp_path: Path, number: signal.Signals, times: int
) -> None:
    seconds = [stopped(tmp_path / str(i), number, i) for i in range(times)]
    print(f"{times} times {number.name}: ended within {max(seconds):.3f} s")
    (run,) = (tmp_path / "0").glob("runs/2*")
    epochs = len(metrics(run)) + 3
    assert_resumes(run, f"training.num_epochs={epochs}")
    assert [int(row["epoch"]) for row in metrics(run)] == list(range(1, epochs + 1))
    rnncli.load(run)


def under_nohup() -> None:
    with_default_signals()
    signal.signal(signal.SIGHUP, signal.SIG_IGN)


def test_a_hangup_that_is_ignored_stays_so(tmp_path: Path) -> None:
    endless = ("--set", "training.num_epochs=100000")
    with training(tmp_path / "a", *endless, prepare=under_nohup) as child:
        wait_for_an_epoch(child, tmp_path / "a")
        child.send_signal(signal.SIGHUP)
        time.sleep(0.2)
        assert child.poll() is None
        child.send_signal(signal.SIGTERM)
    assert child.returncode == 143


def test_an_interrupted_validation_is_repeated(small: Path) -> None:
    """The signal comes before the first validation: its epoch is not logged, and not lost."""
    uninterrupted = start_run(read_config(small), Path("uninterrupted"), [])
    for _ in uninterrupted.events():
        pass
    run = start_run(read_config(small), Path("runs"), [])
    with pytest.raises(InterruptError):
        for event in run.events():
            if isinstance(event, Step) and event.batch == event.batches:
                os.kill(os.getpid(), signal.SIGINT)
    assert metrics(run.folder) == []
    assert_resumes(run.folder)
    assert_same(run.folder, uninterrupted.folder)


def test_a_terminal_that_is_closed_stops_the_run_as_a_hangup(tmp_path: Path) -> None:
    controller, terminal = os.openpty()
    (tmp_path / "c.yaml").write_text(CONFIG)
    command = [sys.executable, "-m", "rnncli", "train", "-c", "c.yaml"]
    with subprocess.Popen(
        [*command, "--set", "training.num_epochs=100000"],
        cwd=tmp_path,
        stdout=terminal,
        stderr=terminal,
        env=os.environ | {"TERM": "xterm"},
        start_new_session=True,
        preexec_fn=with_default_signals,
    ) as child:
        os.close(terminal)
        wait_for_an_epoch(child, tmp_path)
        os.close(controller)
        time.sleep(0.3)
        assert child.poll() is None  # it continues without a terminal
        child.send_signal(signal.SIGHUP)
    assert child.returncode == 129
    (run,) = tmp_path.glob("runs/2*")
    assert json.loads((run / "run.json").read_text())["status"] == "interrupted"


@sample_or_campaign("times", 1, 60)
def test_a_second_interrupt_stops_at_once(tmp_path: Path, times: int) -> None:
    for i in range(times):
        folder = tmp_path / str(i)
        with training(folder) as child:
            wait_for_an_epoch(child, folder)
            child.send_signal(signal.SIGINT)
            child.send_signal(signal.SIGINT)
            _, err = child.communicate(timeout=20)
        assert child.returncode == 130, err
        assert "Traceback" not in err
        (run,) = folder.glob("runs/2*")
        assert_interrupted_or_whole(run)
        assert_resumes(run)
        rnncli.load(run)


def assert_interrupted_or_whole(run: Path) -> None:
    assert json.loads((run / "run.json").read_text())["status"] in ("interrupted", "running")
    assert (run / "metrics.csv").read_text().endswith("\n")


BARRIER = """
import os, sys, time
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from rnncli.runs.run_folder import create_run_folder
ready, go = Path("ready"), Path("go")
children = []
for i in range(50):
    if not os.fork():
        (ready / str(i)).touch()
        while not go.exists():
            pass
        when = datetime(2026, 11, 22, 14, 5, 33)
        fill = lambda folder: (folder / "me").write_text(str(i))
        with ExitStack() as lock:
            folder = create_run_folder(Path("runs"), "a", when, fill, lock)
        Path("folders", str(i)).write_text(folder.name)
        os._exit(0)
while len(os.listdir(ready)) < 50:
    time.sleep(0.001)
go.touch()
for _ in range(50):
    assert os.wait()[1] == 0
"""


def test_fifty_processes_at_one_barrier_get_fifty_folders(here: Path) -> None:
    for name in ("ready", "folders", "runs"):
        Path(name).mkdir()
    subprocess.run([sys.executable, "-c", BARRIER], check=True, timeout=60)
    folders = {path.name: path.read_text() for path in Path("folders").iterdir()}
    assert len(set(folders.values())) == 50
    assert {path.name for path in Path("runs").iterdir()} == set(folders.values())
    for number, folder in folders.items():
        assert Path("runs", folder, "me").read_text() == number


@pytest.mark.campaign
def test_fifty_commands_at_one_barrier_get_fifty_folders(small: Path) -> None:
    start = (
        "import os, sys, time; from pathlib import Path; import rnncli.runs.training_run;"
        "from rnncli.cli.main import main; Path('ready', sys.argv[1]).touch();\n"
        "while not Path('go').exists(): time.sleep(0.001)\n"
        "main(['train', '-q', '-c', 'small.yaml'])"
    )
    Path("ready").mkdir()
    children = [
        subprocess.Popen([sys.executable, "-c", start, str(i)], stdout=subprocess.PIPE, text=True)
        for i in range(50)
    ]
    while len(list(Path("ready").iterdir())) < 50:
        time.sleep(0.01)
    Path("go").touch()
    run_folders = [child.communicate(timeout=60)[0].strip() for child in children]
    assert all(child.returncode == 0 for child in children)
    assert len(set(run_folders)) == 50
    assert len({sha(Path(run) / "weights.npz") for run in run_folders}) == 1
    assert {str(path) for path in Path("runs").iterdir()} == set(run_folders)


def open_files(child: subprocess.Popen[str], folder: Path) -> list[Path]:
    """Return the files in a folder that a process has open."""
    found = []
    for path in Path(f"/proc/{child.pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed meanwhile
            found += [link for link in [path.readlink()] if link.parent == folder]
    return found


def test_a_killed_prediction_leaves_nothing(run_folder: Path, here: Path) -> None:
    (here / "out.csv").write_text("old")
    before = sorted(here.iterdir())
    command = [sys.executable, "-m", "rnncli", "predict", "-w", run_folder, "-o", "out.csv"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, text=True) as child:
        assert child.stdin is not None
        while not open_files(child, here):
            assert child.poll() is None
            time.sleep(0.002)
        child.kill()
    assert sorted(here.iterdir()) == before
    assert (here / "out.csv").read_text() == "old"


def test_time_for_which_a_process_is_stopped_does_not_count(tmp_path: Path) -> None:
    endless = ("--set", "training.num_epochs=100000")
    with training(tmp_path / "a", *endless) as child:
        wait_for_an_epoch(child, tmp_path / "a")
        (run,) = tmp_path.glob("a/runs/2*")

        def seconds_after_another_epoch() -> float:
            count = len(metrics(run)) + 1
            while len(metrics(run)) <= count:
                assert child.poll() is None
                time.sleep(0.002)
            return float(metrics(run)[count]["seconds"])

        begun = time.perf_counter()
        before = seconds_after_another_epoch()
        child.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, child.pid, os.WSTOPPED | os.WNOWAIT)
        stopped_at = time.perf_counter()
        time.sleep(0.3)
        stopped = time.perf_counter() - stopped_at
        child.send_signal(signal.SIGCONT)
        counted = seconds_after_another_epoch() - before
        passed = time.perf_counter() - begun
        child.kill()
    # The log has milliseconds.
    assert 0 < counted <= passed - stopped + 0.002
