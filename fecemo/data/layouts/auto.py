"""Whichever layout is recognised by its tell-tale; class folders where none is."""

from dataclasses import replace
from pathlib import Path

from fecemo.data.layouts import LabelledSet, Layout, ReadOptions, layouts
from fecemo.errors import InputError

ELSE = "class_folders"


def read(place: Path, options: ReadOptions) -> LabelledSet:
    """Read a place by the layout whose tell-tale is there; where there is none, by ``class_folders``.

    Its ``remark`` says which was recognised, and by what. Raises `InputError` if two are recognised, or as the layout
    does.
    """
    fitting = [layout for layout in layouts().values()
               if layout.fits is not None and place.exists() and layout.fits(place)]
    if len(fitting) > 1:
        raise InputError(f"{place} may be of several layouts: "
                         + "; ".join(f"{layout.name}, by {layout.tell}" for layout in fitting)
                         + "; say which it is by layout")
    if not fitting:
        return layouts.find(ELSE).read(place, options)
    layout = fitting[0]
    labelled = layout.read(place, options)
    told = f"recognised as {layout.name} by {layout.tell}"
    return replace(labelled, remark=f"{told}; {labelled.remark}" if labelled.remark else told)


LAYOUT = Layout(name="auto", about="the layout whose tell-tale is there, class folders where none is", read=read)
