"""Rows of data sets to the device, as batches of named columns: pixels of faces, and vectors beside them."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import numpy as np
from keras import ops

from fecemo.data.stored_faces import Faces
from fecemo.training.device_view import DeviceView
from fecemo.training.devices import Placement
from fecemo.training.order import padded_batches
from fecemo.training.pixel_store import RESIDENT_BYTES, PixelStore, open_pixels

Batch = dict[str, Any]
"""Tensors by column, float32: pixels of shape (n, side, side, channels) in [0, 255], and vectors of shape (n, d)."""

Result = TypeVar("Result")


class Loader:
    """Batches of some rows of a data set, one tensor a column.

    The next batch is made ready, on the device, while the device works on this one.

    Parameters
    ----------
    columns : mapping of str to array-like of shape (n, ...)
        All of one length, read by their rows as they are asked for. Stored faces, uint8 of shape
        (n, 200, 200, c), become pixels by the view; everything else becomes float32 as it is. Columns of several data
        sets are joined by `Concatenation`.
    rows : ndarray of shape (m,), int64
        Rows that are used.
    view : DeviceView, optional
        Of stored faces; columns without faces need none.
    resident_bytes : int
        See `open_pixels`; 0 for faces that go through once.

    Raises
    ------
    IndexError
        If a row is not in a column.
    ValueError
        If there are faces and no view, or no column at all.
    """

    def __init__(self, columns: Mapping[str, Faces], rows: np.ndarray, view: DeviceView | None = None, *,
                 resident_bytes: int = RESIDENT_BYTES) -> None:
        if not columns:
            raise ValueError("columns is empty: there is nothing to load")
        self.rows = np.asarray(rows)
        self._placement = Placement()
        self._stores: dict[str, PixelStore] = {}
        first = {id(column): name for name, column in reversed(list(columns.items()))}
        for name, column in columns.items():
            if first[id(column)] != name:  # faces that enter two inputs are kept once
                self._stores[name] = self._stores[first[id(column)]]
                continue
            if len(self.rows) and not 0 <= self.rows.min() <= self.rows.max() < len(column):
                raise IndexError(f"rows {self.rows.min()} to {self.rows.max()} of the column {name!r} are asked for, "
                                 f"of {len(column)} rows")
            if not holds_faces(column):
                self._stores[name] = _Vectors(column, self.rows, self._placement)
            elif view is None:
                raise ValueError(f"the column {name!r} holds faces, and no view of them was given")
            else:
                self._stores[name] = open_pixels(column, self.rows, view, self._placement, resident_bytes)

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def devices(self) -> int:
        """int: Devices that share a batch out; every batch of a plan must be a multiple of them."""
        return self._placement.devices

    def positions(self, rows: np.ndarray) -> np.ndarray:
        """Return where rows are among those of an ascending loader: ndarray of the shape of ``rows``, int64."""
        return np.searchsorted(self.rows, rows)

    def load(self, positions: np.ndarray) -> dict[str, np.ndarray]:
        """Return the rows at these positions as arrays of shape (len(positions), ...), float32, by column."""
        (padded, n), = padded_batches(positions, len(positions), self.devices)
        return {name: np.asarray(ops.convert_to_numpy(values))[:n] for name, values in self._made(padded).items()}

    def batches(self, plan: Iterable[tuple[np.ndarray, int]]) -> Iterator[tuple[Batch, np.ndarray, int]]:
        """Yield ``(batch, positions, n)`` for each ``(positions, n)`` of a plan, one made ready ahead."""
        return one_ahead(self._made, plan)

    def host_batches(self, plan: Iterable[tuple[np.ndarray, int]]) -> Iterator[tuple[dict[str, np.ndarray], np.ndarray,
                                                                                     int]]:
        """Yield batches as they leave the host: faces as uint8, float32 where kept reduced, or positions alone."""
        return one_ahead(self._read, plan)

    def _read(self, positions: np.ndarray) -> dict[str, np.ndarray]:
        return {name: store.read(positions) for name, store in self._stores.items()}

    def _made(self, positions: np.ndarray) -> Batch:
        made = {id(store): store.finish(store.read(positions)) for store in set(self._stores.values())}
        return {name: made[id(store)] for name, store in self._stores.items()}


class _Vectors:
    """Numbers that enter as they are, read by their rows for each batch; a `PixelStore` of anything but pixels."""

    def __init__(self, values: Faces, rows: np.ndarray, placement: Placement) -> None:
        self._values, self._rows, self._placement = values, rows, placement

    def read(self, positions: np.ndarray) -> np.ndarray:
        """Return the numbers, float32."""
        return np.asarray(self._values[self._rows[positions]], np.float32)

    def finish(self, batch: np.ndarray) -> Any:
        """Return them as a tensor."""
        return self._placement.share_out(batch)


class Concatenation:
    """A column of several data sets: their rows one after the other, none of them copied.

    Parameters
    ----------
    parts : sequence of array-like of shape (m, ...)
        Of one dtype and of rows of one shape.

    Raises
    ------
    ValueError
        If dtypes or shapes differ.
    """

    def __init__(self, parts: Sequence[Faces]) -> None:
        kinds = {(np.dtype(part.dtype), tuple(part.shape[1:])) for part in parts}
        if len(kinds) != 1:
            raise ValueError("rows of one kind are needed to join data sets, found "
                             + " and ".join(sorted(f"{dtype} of shape {shape}" for dtype, shape in kinds)))
        self._parts = parts
        self._starts = np.cumsum([0, *map(len, parts)])
        (self.dtype, self._row_shape), = kinds

    @property
    def shape(self) -> tuple[int, ...]:
        """Tuple of int: (n, ...)."""
        return (len(self), *self._row_shape)

    def __len__(self) -> int:
        return int(self._starts[-1])

    def __getitem__(self, rows: Any, /) -> np.ndarray:
        """Return a copy of the rows that an array of them, a mask or a slice names, in its order."""
        wanted = np.arange(len(self))[rows]
        values = np.empty((*np.shape(wanted), *self._row_shape), self.dtype)
        part_of = np.searchsorted(self._starts, wanted, side="right") - 1
        for number, part in enumerate(self._parts):
            if (here := part_of == number).any():
                values[here] = part[wanted[here] - self._starts[number]]
        return values

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return self[:].astype(dtype or self.dtype, copy=False)


def concatenate(columns: Sequence[Faces]) -> Faces:
    """Return a column of several data sets as one: itself where there is one, else a `Concatenation`."""
    return columns[0] if len(columns) == 1 else Concatenation(columns)


def holds_faces(column: Faces) -> bool:
    """Tell whether a column holds stored faces, and not numbers that enter a network as they are."""
    return np.dtype(column.dtype) == np.uint8 and len(column.shape) == 4


def one_ahead(make: Callable[[np.ndarray], Result],
              plan: Iterable[tuple[np.ndarray, int]]) -> Iterator[tuple[Result, np.ndarray, int]]:
    """Yield ``(make(positions), positions, n)`` for each ``(positions, n)`` of a plan, one made ahead by a thread."""
    with ThreadPoolExecutor(1, thread_name_prefix="loader") as reader:
        ahead = None
        for positions, n in plan:
            making = reader.submit(make, positions)
            if ahead is not None:
                yield ahead[0].result(), *ahead[1:]
            ahead = (making, positions, n)
        if ahead is not None:
            yield ahead[0].result(), *ahead[1:]
