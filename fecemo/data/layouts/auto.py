"""Whichever layout is recognised by its tell-tale; class folders where none is."""

from dataclasses import replace
from pathlib import Path

from fecemo.data.layouts import LabelledSet, Layout, ReadOptions, layouts
from fecemo.data.layouts.class_folders import LAYOUT as CLASS_FOLDERS
from fecemo.data.layouts.class_folders import named_as_classes
from fecemo.errors import InputError

CLASSES_TELL = "its folders, which are named as classes"


def read(place: Path, options: ReadOptions) -> LabelledSet:
    """Read a place by the layout whose tell-tale is there; where there is none, by ``class_folders``.

    Its ``remark`` says which was recognised, and by what. Raises `InputError` if two are recognised, of which one may
    be ``class_folders`` by the names of the folders, or as the layout does.
    """
    fitting = [layout for layout in layouts().values()
               if layout.fits is not None and place.exists() and layout.fits(place)]
    if not fitting:
        return CLASS_FOLDERS.read(place, options)
    tells = {layout.name: layout.tell for layout in fitting}
    if not any(layout.in_class_folders for layout in fitting) and named_as_classes(place, options):
        tells = {CLASS_FOLDERS.name: CLASSES_TELL, **tells}
    if len(tells) > 1:
        raise InputError(f"{place} may be of several layouts: "
                         + "; ".join(f"{name}, by {tell}" for name, tell in tells.items())
                         + "; name the right one, such as layout: " + next(iter(tells)))
    layout = fitting[0]
    labelled = layout.read(place, options)
    told = f"recognised as {layout.name} by {layout.tell}"
    return replace(labelled, remark=f"{told}; {labelled.remark}" if labelled.remark else told)


LAYOUT = Layout(name="auto", about="the layout whose tell-tale is there, class folders where none is", read=read)
