"""A classifier with a second head that tells how the halves of a face were ordered: a target that is emitted."""

from dataclasses import dataclass, field
from typing import Any, ClassVar

from fecemo.models.approach import IMAGE, Approach, ModelConfig, Phase
from fecemo.training.augmentation import Augmentation


@dataclass(frozen=True)
class Halves(Augmentation):
    """Swap the upper and the lower half of every other face, or its left and right half too."""

    name: str = field(default="halves", init=False)
    targets: ClassVar[tuple[str, ...]] = ("halves",)

    def apply(self, faces: Any, seed_generator: Any) -> Any:
        """Return faces, and the order of the halves of each: 0 to 3."""
        import keras
        from keras import ops

        order = ops.cast(4 * keras.random.uniform((faces.shape[0],), dtype="float32", seed=seed_generator), "int32")
        side = faces.shape[1]
        chosen = ops.reshape(order, (-1, 1, 1, 1))
        faces = ops.where(chosen % 2 == 1, ops.roll(faces, side // 2, axis=1), faces)
        return ops.where(chosen >= 2, ops.roll(faces, side // 2, axis=2), faces), {"halves": order}


def build(config, shapes, n_classes):
    """Return a model of two heads on one encoder."""
    import keras
    from keras import layers

    image = keras.Input(shapes["image"], name="image")
    encoder = keras.Sequential([layers.Rescaling(1 / 255), layers.Conv2D(8, 3, strides=2, activation="relu"),
                                layers.Conv2D(8, 3, strides=2, activation="relu"), layers.Flatten()], name="encoder")
    features = encoder(image)
    return keras.Model({"image": image}, {
        "probabilities": layers.Dense(n_classes, "softmax")(features), "order": layers.Dense(4, "softmax")(features)})


APPROACH = Approach(
    name="jigsaw", title="Jigsaw beside classes", config=ModelConfig, inputs={"image": IMAGE}, build=build,
    phases=(Phase("classify", data="target.train", targets={"probabilities": "label", "order": "halves"}),),
    readouts={"probabilities": "argmax"}, submodels=("encoder",))
AUGMENT = (Halves(),)
TERMS = [("cross_entropy", "probabilities", "label"), ("cross_entropy", "order", "halves")]
