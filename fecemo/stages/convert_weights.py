"""Convert weights that others have trained into the form with which a row of a recipe may begin."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fecemo.data.documents import build
from fecemo.data.durable import atomic_write, explained
from fecemo.data.receipts import Receipt, digest_file, plain
from fecemo.data.tensor_files import read_tensors
from fecemo.errors import InputError, nearest
from fecemo.models.approach import find_approach
from fecemo.models.pretrained import FEEDINGS, WEIGHTS_NAME, convert, save_weights
from fecemo.models.residual import ResidualConfig
from fecemo.stages.pretrained import CONVERT
from fecemo.stages.run_stage import StageResult, run_stage

SHOWN = 4
N_CLASSES = 8
"""Of the network that is built to hold the weights; its last layer takes none of them."""


@dataclass(frozen=True)
class ConvertSettings:
    """What to convert.

    Parameters
    ----------
    weights : Path
        A file of tensors: ``.pkl``, ``.pth`` or ``.pt`` (PyTorch, or a pickled dictionary of arrays; nothing in it is
        run), ``.safetensors``, or Keras's ``.h5`` or ``.keras``.
    approach : str
        ``se_resnet`` or ``resnet``.
    trained_on : str
        ``vggface2``, ``keras_imagenet`` (Keras's own weights), or ``imagenet`` (PyTorch's own, whose 3×3 convolutions
        halve the side): how the network was fed and strides. A row that begins with the weights must do alike; the
        receipt says how.
    blocks : tuple of int
        Bottlenecks of stages 2 to 5.
    filters : int
        Of the first convolution.
    """

    weights: Path
    approach: str
    trained_on: str
    blocks: tuple[int, int, int, int] = field(default=(3, 4, 6, 3))
    filters: int = 64


def run(settings: ConvertSettings, out: Path) -> Receipt:
    """Convert a file of weights.

    Writes ``stages.weights.h5``, Keras's file of the weights of the five stages. The added dense layer and the softmax
    are not in it: they learn from the start.

    Parameters
    ----------
    settings : ConvertSettings
        What to convert.
    out : Path
        Folder for the converted weights; a recipe names it as ``pretrained``.

    Returns
    -------
    Receipt

    Raises
    ------
    InputError
        If the file holds anything but tensors, one is missing, or one has another shape than its layer.
    ResourceError
        If the disk is full.
    """
    if settings.trained_on not in FEEDINGS:
        raise InputError(f"trained_on: {nearest(settings.trained_on, FEEDINGS)}")
    approach = find_approach(settings.approach)
    if not issubclass(approach.config, ResidualConfig):
        raise InputError(f"approach: {settings.approach!r} is no residual network: expected resnet or se_resnet")
    if not settings.weights.is_file():
        raise InputError(f"{settings.weights}: there is no such file")
    feeding = FEEDINGS[settings.trained_on]
    model = plain({**feeding.model, "blocks": settings.blocks, "filters": settings.filters})
    return run_stage(
        CONVERT, out, config={"approach": approach.name, "model": model, "channels": feeding.channels},
        inputs={"weights": digest_file(settings.weights)}, seed=None,
        work=lambda folder: _convert(settings, model, feeding.channels, folder))


def _convert(settings: ConvertSettings, model: dict[str, Any], channels: str, folder: Path) -> StageResult:
    from fecemo.training.backend import import_keras

    tensors = read_tensors(settings.weights)
    import_keras()
    approach = find_approach(settings.approach)
    config: Any = build(approach.config, model, "model")
    network = approach.model(config, {"image": (config.side, config.side, 3)}, N_CLASSES, 0)
    try:
        converted = convert(tensors, network, channels)
    except ValueError as error:
        raise InputError(f"{settings.weights} does not fit {settings.approach}: {error}") from error
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
