"""``rnn sample``."""

import json
import sys
from typing import Annotated, Any

import typer

from rnncli.cli.commands import command_app
from rnncli.cli.options import Json, Quiet, Weights

app = command_app()


@app.command()
def sample(
    weights: Weights,
    length: Annotated[
        int,
        typer.Option(
            metavar="N", min=1, max=10**9, help="Symbols per sample; a line may end earlier."
        ),
    ] = 500,
    num_samples: Annotated[
        int | None,
        typer.Option(
            metavar="M",
            min=1,
            max=10_000,
            help="Number of samples.  [default: 10 lines, or 1 of a continuous text]",
        ),
    ] = None,
    prime: Annotated[
        str, typer.Option(metavar="TEXT", help="The text that the samples continue.")
    ] = "",
    temperature: Annotated[
        float,
        typer.Option(
            metavar="T", help="Below 1 more likely text, above 1 more surprising; 0 the likeliest."
        ),
    ] = 1.0,
    top_k: Annotated[
        int | None, typer.Option(metavar="K", help="Draw only from the K most likely symbols.")
    ] = None,
    top_p: Annotated[
        float | None,
        typer.Option(
            metavar="P", help="Draw only from the fewest symbols whose probabilities reach P."
        ),
    ] = None,
    seed: Annotated[int, typer.Option(metavar="S", min=0, help="Seed of the random numbers.")] = 0,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Write text from a language model, symbol by symbol.

    The same weights, options and seed give the same text. For the model of a run, a note tells
    how much of it stands literally in the training text.

    \b
    Examples:
      rnn sample -w latest
      rnn sample -w latest --prime "Of Man" --temperature 0.7 --length 1000
      rnn sample -w surnames.npz --num-samples 20 --top-p 0.9 --json
    """
    from rnncli.analysis.generated_text import quoted_shares
    from rnncli.display.text_output import TextOutput, show_quotations
    from rnncli.inference.sampling import Sampler
    from rnncli.inference.symbol_choice import Choice
    from rnncli.runs.saved_model import open_model

    saved = open_model(weights)
    has_lines = saved.model.input_spec.documents == "lines"
    count = num_samples or (10 if has_lines else 1)
    sampler = Sampler(saved.model, Choice(temperature, top_k, top_p), count, seed, prime)
    if as_json:
        for _ in sampler.steps(length):
            pass
    else:
        output = TextOutput(sampler, sys.stdout)
        for symbols in sampler.steps(length):
            output.write(symbols)
        output.close()
    samples = sampler.samples()
    shares = None if quiet and not as_json else quoted_shares(saved, samples)
    if as_json:
        for number, text in enumerate(samples):
            share = None if shares is None else shares[number]
            print(json.dumps(_as_dict(text, temperature, seed, share), ensure_ascii=False))
    elif shares is not None:
        show_quotations(shares, sampler)


def _as_dict(sample: Any, temperature: float, seed: int, share: float | None) -> dict[str, Any]:
    return {
        "text": sample.text,
        "prime": sample.prime,
        "temperature": temperature,
        "seed": seed,
        "log_probability": sample.log_probability,
        "share_in_training_text": share,
    }
