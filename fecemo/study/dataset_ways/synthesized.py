"""Synthesize a data set: neutral faces of another data set of the recipe with other expressions."""

from dataclasses import replace

from fecemo.data.receipts import DIGEST_NAME
from fecemo.data.synthesize_settings import SynthesizeSettings
from fecemo.study.datasets import DatasetWay, Step
from fecemo.study.layout import RunLayout


def steps(settings: SynthesizeSettings, name: str, layout: RunLayout) -> tuple[Step, ...]:
    """Return the one step of synthesizing: again where the other data set changed."""
    parent = layout.dataset(str(settings.dataset))
    return (Step("02_synthesize", replace(settings, dataset=parent), layout.dataset(name), (parent / DIGEST_NAME,),
                 settings.shaping, all_cores=True),)


WAY = DatasetWay("synthesize", SynthesizeSettings, steps, made="synthetic", has_labels=lambda settings: True,
                 parent=lambda settings: str(settings.dataset))
