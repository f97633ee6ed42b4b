"""What holds for every test: TensorFlow computes as the stages have it, also where a test imports Keras by itself."""

import os

from fecemo.training.backend import ONEDNN_VARIABLE

os.environ.setdefault(ONEDNN_VARIABLE, "1")
