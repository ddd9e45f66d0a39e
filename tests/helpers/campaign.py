"""Tests that are repeated at length in a campaign."""

import pytest


def sample_or_campaign(name: str, sample: object, campaign: object) -> pytest.MarkDecorator:
    """Parametrize a test with one value for the suite, and one for the campaign.

    Parameters
    ----------
    name : str
        The parameter, such as a number of repetitions.
    sample, campaign : object
        Its value in the suite, which takes moments, and in the campaign, which takes minutes.
    """
    return pytest.mark.parametrize(
        name,
        [sample, pytest.param(campaign, marks=pytest.mark.campaign)],
        ids=["sample", "campaign"],
    )
