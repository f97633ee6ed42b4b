"""Posed sets whose file names say everything: who is shown, the emotion that was posed, and from where."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path, PurePath

from fecemo.data.classes import in_standard_order
from fecemo.data.dataset_files import ColumnType
from fecemo.data.image_files import LabelledImage, LeftOut, image_files
from fecemo.data.layouts import LabelledSet, ReadOptions, labelled_set
from fecemo.errors import InputError, nearest


def read_posed(folder: Path, options: ReadOptions, *, pattern: str, emotions: Mapping[str, str],
               columns: Mapping[str, Callable[[Mapping[str, str]], str]], example: str) -> LabelledSet:
    """Read images by their names, in whatever folders they lie.

    Parameters
    ----------
    options : ReadOptions
        Annotations that it names must be among ``columns``, all of which are read.
    pattern : str
        Regular expression of a whole name without its suffix, in any case; its group ``emotion`` is a key of
        ``emotions``.
    emotions : mapping of str to str
        Classes by their code, in small letters.
    columns : mapping of str to callable
        Annotations in words, each made of the groups of the pattern, in small letters.
    example : str
        A name, for messages.

    Raises
    ------
    InputError
        If no image has such a name, or the set has no such annotation.
    """
    for name in (*options.annotations, *options.text_annotations):
        if name not in columns:
            raise InputError(f"{folder}: the names of these images say no {name!r}: {nearest(name, columns)}")
    entries: list[LabelledImage | LeftOut] = []
    for image in image_files(folder):
        if isinstance(image, LeftOut):
            entries.append(image)
            continue
        match = re.fullmatch(pattern, PurePath(image.path).stem.strip(), re.IGNORECASE)
        if match is None:
            entries.append(LeftOut(image.path, "unknown_name", f"expected such as {example}"))
            continue
        parts = {name: text.lower() for name, text in match.groupdict(default="").items()}
        label = emotions[parts["emotion"]]
        if options.classes and label not in options.classes:
            entries.append(LeftOut(image.path, "other_class", label))
            continue
        entries.append(replace(image, label=label,
                               annotations={name: of(parts) for name, of in columns.items()}))
    labels = {entry.label for entry in entries if isinstance(entry, LabelledImage)}
    kinds: dict[str, ColumnType] = dict.fromkeys(columns, "text")
    return labelled_set(folder, entries, f"images that are named as {example}", columns=kinds,
                        classes=options.classes or in_standard_order(labels),
                        remark="people are named in the column person; a split that is made here divides them")
