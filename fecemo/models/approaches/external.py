"""Networks that others have trained, as they ship them: a file or a function gives vectors or classes of a face."""

import re
from dataclasses import dataclass
from pathlib import Path

from fecemo.models.approach import IMAGE, Approach, ModelConfig, Shape


@dataclass(frozen=True)
class ExternalConfig(ModelConfig):
    """A network in a file, and how its makers prepare a face for it: ``(pixel − mean) / std`` by channel."""

    #: Path of an ``.onnx`` file, which onnxruntime runs, of a ``.tflite`` file, which ai-edge-litert runs, of a
    #: SavedModel's folder, which TensorFlow runs, or of a ``.py`` file whose ``describe(pictures)`` takes RGB pictures,
    #: uint8 of shape (n, side, side, 3), prepares them itself and returns numbers of shape (n, d).
    file: str = ""
    #: Of the file, in hexadecimal: a file of another digest is refused. A folder's is what
    #: ``find . -type f | LC_ALL=C sort | xargs sha256sum | sha256sum`` prints in it.
    sha256: str = ""
    #: What it learnt from, such as ``"AffectNet, 287,651 labels"``: every table has it in the place of labels.
    trained_on: str = ""
    in_sample: bool = False  #: Whether the faces that are scored may be among these; tables say so.
    output: str = ""  #: Name of the output to take; by default the first.
    side: int = 0  #: Side in pixels of what it takes, where the file leaves it open; by default as the file says.
    channels: str = "rgb"  #: Order of colours, ``rgb`` or ``bgr``. A network of one channel takes gray levels.
    #: `mean`, `std`: Gray levels, in [0, 255], one for all channels or one for each; std above 0.
    mean: tuple[float, ...] = (0.0,)
    std: tuple[float, ...] = (255.0,)

    def __post_init__(self) -> None:
        if self.channels not in ("rgb", "bgr"):
            raise ValueError(f"channels must be rgb or bgr, not {self.channels!r}")
        if self.side < 0:
            raise ValueError(f"side must be pixels, or 0 for what the file says, not {self.side}")
        for name, values in (("mean", self.mean), ("std", self.std)):
            if len(values) not in (1, 3):
                raise ValueError(f"{name} must be one number or one for each of three channels, not {list(values)}")
        if min(self.std) <= 0:
            raise ValueError(f"std must be above 0, not {min(self.std)}")

    def check_image(self, shape: Shape) -> None:
        """Raise `ValueError` if the file, its digest or what it learnt from is not named."""
        if not self.file.endswith((".onnx", ".tflite", ".py")) and not Path(self.file or "-").is_dir():
            raise ValueError("file must name a network that ends in .onnx, .tflite or .py, or the folder of a "
                             f"SavedModel, not {self.file!r}")
        if not re.fullmatch("[0-9a-f]{64}", self.sha256):
            raise ValueError(f"sha256 must be the 64 hexadecimal digits that sha256sum prints of {self.file}, "
                             f"not {self.sha256!r}")
        if not self.trained_on:
            raise ValueError("trained_on must say what the network learnt from, which the tables print")


@dataclass(frozen=True)
class ExternalClassifierConfig(ExternalConfig):
    """Further, what a classifier's numbers mean."""

    #: Class of each number, by this project's names, in the order of the file. One that the scored faces do not know is
    #: left out; one of theirs that the network does not know is never its answer.
    classes: tuple[str, ...] = ()
    logits: bool = False  #: Whether the numbers are logits, of which the softmax is taken; else they are probabilities.

    def check_image(self, shape: Shape) -> None:
        """Raise `ValueError` likewise, and if there are no two classes, or two of one name."""
        super().check_image(shape)
        if len(self.classes) < 2 or len(set(self.classes)) < len(self.classes):
            raise ValueError(f"classes must be two or more different names, not {list(self.classes)}")


APPROACH = (
    Approach(name="external_embedding", title="External embedding", config=ExternalConfig, inputs={"image": IMAGE},
             build=None, phases=(), readouts={"embedding": "clusters"}, descriptor="network_file"),
    Approach(name="external_classifier", title="External classifier", config=ExternalClassifierConfig,
             inputs={"image": IMAGE}, build=None, phases=(), readouts={"probabilities": "argmax"},
             descriptor="network_file"),
)
