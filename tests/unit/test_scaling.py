"""Measurements as an embedding: what each group weighs, and what a lost mesh can do."""

import math
from typing import ClassVar

import numpy as np
import pytest

from fecemo.imaging.landmarks.features import DISTANCE_NAMES
from fecemo.imaging.landmarks.points import BLENDSHAPE_NAMES
from fecemo.imaging.landmarks.scaling import FARTHEST, fit_scaling


class TestScaling:
    weights: ClassVar = {"distances": 1.0, "blendshapes": 1.0}
    numbers = len(DISTANCE_NAMES) + len(BLENDSHAPE_NAMES)

    def test_both_kinds_weigh_alike_and_small_blendshapes_stay_small(self):
        rng = np.random.default_rng(0)
        values = rng.normal(3, 1, (4000, self.numbers)) * np.linspace(0.01, 5, self.numbers)
        values[:, -1] = 0.5 + (values[:, -1] - 15) / 1000
        values[:, 18:-1] /= 50  # in the range of blendshapes
        embedded = fit_scaling(values, self.weights).embed(values)
        power = np.mean(np.square(embedded, dtype=np.float64), axis=0)
        assert power[:18].sum() == pytest.approx(1, abs=0.01)
        assert power[18:].sum() == pytest.approx(1, abs=0.01)
        np.testing.assert_allclose(power[:18], 1 / 18, rtol=0.02)
        assert power[-1] < 0.02 * power[-2]

    def test_a_group_weighs_what_it_is_to(self):
        values = np.random.default_rng(0).uniform(size=(500, 18 + 192))
        embedded = fit_scaling(values, {"distances": 0.5, "gradients": 2.0}).embed(values)
        power = np.mean(np.square(embedded, dtype=np.float64), axis=0)
        assert power[:18].sum() == pytest.approx(0.25, rel=1e-3)
        assert power[18:].sum() == pytest.approx(4, rel=1e-3)

    def test_a_lost_mesh_is_held_near(self):
        values = np.random.default_rng(0).normal(size=(1000, self.numbers))
        scaling = fit_scaling(values, self.weights)
        lost = np.full((1, self.numbers), 1e6)
        np.testing.assert_allclose(scaling.embed(lost)[0, :18], FARTHEST / math.sqrt(18), rtol=1e-3)

    def test_a_number_that_never_varies_says_nothing(self):
        values = np.random.default_rng(0).normal(size=(50, self.numbers))
        values[:, 3] = 0.25
        embedded = fit_scaling(values, self.weights).embed(values + 1)
        assert (embedded[:, 3] == 0).all()
        assert np.isfinite(embedded).all()

    def test_no_face_or_other_columns_are_no_scaling(self):
        with pytest.raises(ValueError, match="n at least 1"):
            fit_scaling(np.empty((0, self.numbers)), self.weights)
        with pytest.raises(ValueError, match=r"shape \(n, 69\), n at least 1, found \(3, 261\)"):
            fit_scaling(np.empty((3, 261)), self.weights)
