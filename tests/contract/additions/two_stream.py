"""Pixels and landmark features together: places of the face attend to what was measured on it."""

from fecemo.models.approach import IMAGE, Approach, ModelConfig, Phase


def build(config, shapes, n_classes):
    """Return a model of two inputs that meet in an attention of two heads."""
    import keras
    from keras import layers

    image = keras.Input(shapes["image"], name="image")
    distances = keras.Input(shapes["distances"], name="distances")
    patches = layers.Conv2D(8, 8, strides=8)(layers.Rescaling(1 / 255)(image))
    places = layers.Reshape((-1, 8))(patches)
    measured = layers.Reshape((4, 8))(layers.Dense(32)(layers.Normalization(name="normalization")(distances)))
    attended = layers.MultiHeadAttention(2, 4, dropout=0.1)(places, measured)
    read = layers.LSTM(6, dropout=0.1)(layers.Add()([places, attended]))
    return keras.Model({"image": image, "distances": distances}, {
        "probabilities": layers.Dense(n_classes, "softmax")(read)})


APPROACH = Approach(
    name="two_stream", title="Pixels and landmarks", config=ModelConfig,
    inputs={"image": IMAGE, "distances": "landmark_features.distances"}, build=build,
    phases=(Phase("classify", data="target.train", targets={"probabilities": "label"}),),
    readouts={"probabilities": "argmax"})
AUGMENT = ()
TERMS = [("weighted_softmax", "probabilities", "label")]
