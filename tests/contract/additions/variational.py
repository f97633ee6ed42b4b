"""A variational autoencoder: a layer of its own adds the divergence to the loss."""

import keras
from keras import ops

from fecemo.models.approach import IMAGE, Approach, ModelConfig, Phase


@keras.saving.register_keras_serializable("additions")
class Sampling(keras.layers.Layer):
    """Draw from a normal distribution and add its divergence from the standard one to the loss."""

    def __init__(self, weight=1e-3, **keywords):
        super().__init__(**keywords)
        self.weight, self.seed_generator = weight, keras.random.SeedGenerator(7)

    def call(self, inputs, training=False):
        """Return a sample, or the mean outside of training."""
        mean, log_variance = inputs
        self.add_loss(-0.5 * self.weight * ops.mean(1 + log_variance - ops.square(mean) - ops.exp(log_variance)))
        if not training:
            return mean
        noise = keras.random.normal(ops.shape(mean), dtype=mean.dtype, seed=self.seed_generator)
        return mean + ops.exp(0.5 * log_variance) * noise

    def compute_output_shape(self, input_shape):
        """Return the shape of the mean."""
        return input_shape[0]

    def get_config(self):
        """Return what the constructor takes."""
        return {**super().get_config(), "weight": self.weight}


def build(config, shapes, n_classes):
    """Return a model of encoder, sampling and decoder."""
    import math

    from keras import layers

    image = keras.Input(shapes["image"], name="image")
    features = keras.Sequential([layers.Rescaling(1 / 255), layers.Flatten(), layers.Dense(16, "relu")],
                                name="encoder")(image)
    embedding = Sampling(name="sampling")([layers.Dense(4)(features), layers.Dense(4)(features)])
    decoder = keras.Sequential([layers.Dense(math.prod(shapes["image"]), "sigmoid"), layers.Reshape(shapes["image"])],
                               name="decoder")
    return keras.Model({"image": image}, {"pixels": decoder(embedding), "embedding": embedding})


APPROACH = Approach(
    name="variational", title="Variational autoencoder", config=ModelConfig, inputs={"image": IMAGE}, build=build,
    phases=(Phase("reconstruct", data="source", targets={"pixels": "image"}),),
    readouts={"embedding": "clusters"}, submodels=("encoder", "decoder"))
AUGMENT = ()
TERMS = [("binary_crossentropy", "pixels", "image")]
