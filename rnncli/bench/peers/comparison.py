"""The training step of a network, as far as PyTorch and JAX have the like, beside theirs."""

from dataclasses import dataclass

from rnncli.bench.peers.children import (
    INSTALL,
    PEER_CELLS,
    PEERS,
    PeerTiming,
    child,
)
from rnncli.bench.peers.own import Work
from rnncli.bench.rounds import Effort
from rnncli.cores import num_cores
from rnncli.datasets.task import Task
from rnncli.nn.batch import Batch
from rnncli.nn.network import Network
from rnncli.training.settings import Training


@dataclass(frozen=True)
class Comparison:
    """A comparison with the peers.

    Attributes
    ----------
    timings : list of PeerTiming
        The times, for each peer and number of threads.
    notes : list of str
        What was not compared, and why: one sentence each.
    """

    timings: list[PeerTiming]
    notes: list[str]


def compare(
    network: Network, task: Task, batch: Batch, settings: Training, effort: Effort
) -> Comparison:
    """Time the work of a network's step here and in the peers, on one thread and on all cores.

    Parameters
    ----------
    network : Network
        The network.
    task : Task
        The learning task.
    batch : Batch
        A batch of the size to compare.
    settings : Training
        The config section ``training``.
    effort : Effort
        How long to measure.
    """
    work = work_of(network, task, batch)
    timings, notes = [], []
    left_out = _left_out(network, batch, settings)
    if left_out:
        notes.append(f"The comparison is without {', '.join(left_out)}; all use Adam.")
    for peer in PEERS:
        if not peer.is_installed:
            notes.append(f"{peer.name} is not installed; {INSTALL} installs it.")
        elif work.cell not in PEER_CELLS:
            notes.append(f"{peer.name} has no {work.cell} cell to compare with.")
        else:
            for threads in sorted({1, num_cores()}):
                with child(peer, threads, effort) as process:
                    timings.append(process.time(work))
    return Comparison(timings, notes)


def work_of(network: Network, task: Task, batch: Batch) -> Work:
    """Return the work of a training step of a network, without what `Work` does not have."""
    model, stage = network.architecture, network.layout.input_stage
    batch_size, sequence_length, _ = batch.x.shape
    return Work(
        cell=model.cell.kind,
        batch=batch_size,
        steps=sequence_length,
        inputs=stage.width,
        hidden=model.hidden_size,
        layers=model.num_layers,
        bidirectional=model.bidirectional,
        outputs=network.output_size,
        loss=task.loss,
        every_step=model.predicts_every_step,
        symbols=network.input_size if stage.shapes else 0,
        dtype=model.dtype,
    )


def _left_out(network: Network, batch: Batch, settings: Training) -> list[str]:
    """Return what the config has and the comparison does not."""
    model = network.architecture
    features = {
        "dropout": model.uses_dropout,
        "pooling": not model.predicts_every_step and model.poolings != ("last",),
        "the inputs that the head reads": model.head_inputs > 0,
        "tied weights": model.tie_weights,
        "padding": batch.lengths is not None or batch.valid is not None,
        "augmentation": bool(settings.augmentation),
        "clipping": settings.clip_norm is not None,
        settings.optimizer.kind: settings.optimizer.kind != "adam",
    }
    return [name for name, is_used in features.items() if is_used]
