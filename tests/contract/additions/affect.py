"""An autoencoder with a bottleneck of two numbers, which are valence and arousal where people gave them."""

from fecemo.models.approach import IMAGE, Approach, ModelConfig, Phase


def build(config, shapes, n_classes):
    """Return a model whose embedding is its answer."""
    import math

    import keras
    from keras import layers

    image = keras.Input(shapes["image"], name="image")
    encoder = keras.Sequential([layers.Rescaling(1 / 255), layers.Flatten(), layers.Dense(16, "tanh"),
                                layers.Dense(2, "tanh")], name="encoder")
    decoder = keras.Sequential([layers.Dense(math.prod(shapes["image"]), "sigmoid"), layers.Reshape(shapes["image"])],
                               name="decoder")
    affect = encoder(image)
    return keras.Model({"image": image}, {
        "affect": affect, "embedding": affect, "pixels": decoder(affect)})


APPROACH = Approach(
    name="affect", title="Two numbers", config=ModelConfig, inputs={"image": IMAGE}, build=build,
    phases=(Phase("reconstruct", data="source", targets={"pixels": "image"}),
            Phase("rate", data="target.train", targets={"affect": ("valence", "arousal")}, frozen=("decoder",))),
    readouts={"embedding": "clusters", "affect": "regression"}, submodels=("encoder", "decoder"))
AUGMENT = ()
TERMS = [("mean_squared_error", "pixels", "image"), ("concordance", "affect", ("valence", "arousal"))]
