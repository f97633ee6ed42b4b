"""Convert weights that others have trained into the form with which a row of a recipe may begin."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fecemo.data.documents import build
from fecemo.data.durable import atomic_write, explained
from fecemo.data.receipts import Receipt, digest_file, plain
from fecemo.data.tensor_files import read_tensors
from fecemo.errors import InputError, nearest
from fecemo.models.approach import Approach, approaches
from fecemo.models.approaches.poster import PosterConfig
from fecemo.models.pretrained import FEEDINGS, STREAMS, WEIGHTS_NAME, convert, save_weights
from fecemo.models.residual import ResidualConfig
from fecemo.models.stream_weights import convert_streams, stream_sizes
from fecemo.stages.pretrained import CONVERT
from fecemo.stages.run_stage import StageResult, run_stage
from fecemo.training.backend import import_keras

SHOWN = 4
N_CLASSES = 8
"""Of the network that is built to hold the weights; its last layer takes none of them."""


@dataclass(frozen=True)
class ConvertSettings:
    """What to convert."""

    #: A file of tensors: ``.pkl``, ``.pth`` or ``.pt`` (PyTorch, or a pickled dictionary of arrays; nothing in it is
    #: run), ``.safetensors``, or Keras's ``.h5`` or ``.keras``.
    weights: Path
    approach: str  #: ``se_resnet``, ``resnet`` or ``poster``.
    #: ``vggface2``, ``keras_imagenet`` (Keras's own weights), or ``imagenet`` (PyTorch's own, whose 3×3 convolutions
    #: halve the side): how the network was fed and strides. A row that begins with the weights must do alike; the
    #: receipt says how. ``poster`` for POSTER's two streams.
    trained_on: str
    blocks: tuple[int, int, int, int] = field(default=(3, 4, 6, 3))  #: Bottlenecks of stages 2 to 5.
    filters: int = 64  #: Of the first convolution.
    #: Of ``poster``: the file of its landmark stream, MobileFaceNet, beside that of its image stream, IR-50. The sizes
    #: of both are read from their files.
    landmark_weights: Path | None = None


def run(settings: ConvertSettings, out: Path) -> Receipt:
    """Convert a file of weights.

    Writes ``stages.weights.h5``, Keras's file of the weights of the five stages, or of both streams. What follows them
    is not in it and learns from the start.

    Parameters
    ----------
    out : Path
        Folder for the converted weights; a recipe names it as ``pretrained``.

    Raises
    ------
    InputError
        If the file holds anything but tensors, one is missing, or one has another shape than its layer.
    ResourceError
        If the disk is full.
    """
    if settings.trained_on not in FEEDINGS:
        raise InputError(f"trained_on: {nearest(settings.trained_on, FEEDINGS)}")
    approach = approaches.find(settings.approach)
    of_streams = issubclass(approach.config, PosterConfig)
    if not of_streams and not issubclass(approach.config, ResidualConfig):
        raise InputError(f"approach: {settings.approach!r} is no network whose weights others publish: expected "
                         "resnet, se_resnet or poster")
    if of_streams != (settings.trained_on == "poster"):
        raise InputError(f"trained_on: {settings.trained_on!r} does not go with approach {settings.approach!r}: "
                         "poster goes with poster alone")
    if of_streams != (settings.landmark_weights is not None):
        raise InputError("landmark_weights: poster needs the weights of both of its streams, and the others have no "
                         "landmark stream")
    files = {"weights": settings.weights} | (
        {"landmark_weights": settings.landmark_weights} if settings.landmark_weights else {})
    for path in files.values():
        if not path.is_file():
            raise InputError(f"{path}: there is no such file")
    feeding, sizes = FEEDINGS[settings.trained_on], {"blocks": settings.blocks, "filters": settings.filters}
    if of_streams:
        try:
            sizes = stream_sizes(*map(read_tensors, files.values()))
        except ValueError as error:
            raise InputError(f"{' and '.join(map(str, files.values()))} do not fit poster: {error}") from error
    model = plain({**feeding.model, **sizes})
    return run_stage(
        CONVERT, out, config={"approach": approach.name, "model": model, "channels": feeding.channels},
        inputs={name: digest_file(path) for name, path in files.items()}, seed=None,
        work=lambda folder: _convert(list(files.values()), approach, model, feeding.channels, folder))


def _convert(files: list[Path], approach: Approach, model: dict[str, Any], channels: str,
             folder: Path) -> StageResult:
    tensors = [read_tensors(path) for path in files]
    import_keras()
    config: Any = build(approach.config, model, "model")
    network = approach.model(config, {"image": (config.side, config.side, 3)}, N_CLASSES, 0)
    try:
        converted = (convert(tensors[0], network, channels) if len(tensors) == 1
                     else convert_streams(dict(zip(STREAMS, tensors, strict=True)), network))
    except ValueError as error:
        raise InputError(f"{' and '.join(map(str, files))} does not fit {approach.name}: {error}") from error
    # Always the same name, so that a kill leaves one file at the most, which the next run replaces.
    written = folder / f".saving.{WEIGHTS_NAME}"
    with explained(folder / WEIGHTS_NAME):
        save_weights(converted, network, written)
        atomic_write(folder / WEIGHTS_NAME, written.read_bytes())
        written.unlink()
    unused = converted.unused
    more = f" and {len(unused) - SHOWN} more" if len(unused) > SHOWN else ""
    left = f"; unused: {', '.join(unused[:SHOWN])}{more}" if unused else ""
    return StageResult(files=[WEIGHTS_NAME],
                       message=f"{len(converted.arrays)} arrays by {converted.naming} names, none missing{left}",
                       summary={"naming": converted.naming, "arrays": len(converted.arrays), "unused": list(unused),
                                "weights": int(sum(array.size for array in converted.arrays.values()))})

