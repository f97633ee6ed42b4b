"""How a recipe says that a phase is fitted: choices from catalogues, and what is said of unsound ones."""

import pytest

from fecemo.data.receipts import plain
from fecemo.errors import InputError
from fecemo.models.approach import Phase
from fecemo.models.losses.categorical_crossentropy import CategoricalCrossentropy
from fecemo.models.losses.weighted_cluster import WeightedCluster
from fecemo.models.losses.weighted_softmax import WeightedSoftmax
from fecemo.study.fit_choices import read_fit
from fecemo.training.augmentations.geometric import Crop, Flip
from fecemo.training.augmentations.photometric import Mask
from fecemo.training.optimizers import SGD, Adam
from fecemo.training.schedules import Constant, Halved

PHASE = Phase("classify", {"probabilities": "classifier", "features": "encoder"}, faces="target")
LEAST = {"loss": "categorical_crossentropy", "optimizer": "adam", "learning_rate": 1e-3, "epochs": 5}


def fit(phase=PHASE, **said):
    return read_fit(phase, {**LEAST, **said}, "a.yaml: approaches.x.fit.classify")


def test_names_alone_take_the_defaults():
    found = fit()
    assert found.loss == (CategoricalCrossentropy(),)
    assert (found.optimizer, found.schedule, found.augment, found.corrupt) == (Adam(), Constant(), (), ())


def test_names_with_settings_keep_their_order():
    found = fit(loss={"weighted_softmax": None, "weighted_cluster": {"weight": 0.3}},
                optimizer={"sgd": {"momentum": 0.9, "weight_decay": 5e-4}}, schedule={"halved": {"every": 10}},
                augment=["flip", {"crop": {"min_side": 0.6}}], corrupt={"mask": {"mask_ratio": 0.25}})
    assert found.loss == (WeightedSoftmax(), WeightedCluster(weight=0.3))
    assert found.optimizer == SGD(momentum=0.9, weight_decay=5e-4)
    assert found.schedule == Halved(every=10)
    assert found.augment == (Flip(), Crop(min_side=0.6))
    assert found.corrupt == (Mask(mask_ratio=0.25),)


def test_a_receipt_tells_names_and_settings():
    told = plain(fit(loss={"weighted_softmax": {}, "weighted_cluster": {"weight": 0.3}}, optimizer="sgd"))
    assert told["loss"] == [{"weight": 1.0, "name": "weighted_softmax"},
                            {"weight": 0.3, "name": "weighted_cluster", "rate": 1.0, "alpha": 1.0}]
    assert told["optimizer"] == {"name": "sgd", "momentum": 0.0, "weight_decay": 0.0, "nesterov": False}
    assert told["schedule"] == {"name": "constant"}


@pytest.mark.parametrize(("said", "message"), [
    ({"loss": "weighted_softmx"}, r"classify\.loss: there is no loss .*did you mean 'weighted_softmax'"),
    ({"loss": {"weighted_cluster": {"alhpa": 2}}},
     r"classify\.loss\.weighted_cluster: unknown key 'alhpa', did you mean 'alpha'"),
    ({"loss": {"weighted_cluster": {"alpha": 0}}}, r"classify\.loss\.weighted_cluster: .*alpha must be above 0"),
    ({"loss": {"weighted_cluster": 0.5}}, r"classify\.loss\.weighted_cluster: expected settings, found 0\.5"),
    ({"loss": 7}, r"classify\.loss: expected the name of a loss, or names with settings, found 7"),
    ({"loss": ["centre", "centre"]}, r"classify\.loss: the loss 'centre' is named twice"),
    ({"loss": []}, r"classify: .*loss is empty"),
    ({"loss": "binary_crossentropy"},
     r"classify\.loss: 'binary_crossentropy' needs pixels and learns from face; the phase has probabilities, features "
     r"of target faces: expected categorical_crossentropy or centre or logit_adjusted or weighted_cluster or "
     r"weighted_softmax"),
    ({"optimizer": ["adam", "sgd"]}, r"classify\.optimizer: expected one optimizer, found 2"),
    ({"optimizer": {"adam": {"momentum": 0.9}}}, r"classify\.optimizer\.adam: unknown key 'momentum'"),
    ({"schedule": "linear"}, r"classify\.schedule: there is no schedule 'linear'"),
    ({"augment": {"flipp": {}}}, r"classify\.augment: there is no augmentation 'flipp': did you mean 'flip'"),
    ({"patience": 3}, r"classify: .*give validate_on"), ({"keep": "best"}, r"classify: .*give validate_on"),
    ({"validate_on": 1.0}, r"validate_on must be above 0 and below 1"),
    ({"validate_on": "test"}, r"validate_on"), ({"validate_on": 0.1, "patience": 0}, r"patience must be above 0"),
    ({"epochs": "many"}, r"classify: epochs"), ({"learning_rte": 1}, r"classify: unknown key 'learning_rte'"),
])
def test_what_is_not_sound_is_said_by_its_key(said, message):
    with pytest.raises(InputError, match=r"a\.yaml: approaches\.x\.fit\." + message if message.startswith("classify")
                       else message):
        fit(**said)


def test_a_label_is_not_to_be_had_of_unlabelled_faces():
    phase = Phase("pretrain", {"probabilities": "classifier", "embedding": "projection"}, faces="source")
    with pytest.raises(InputError, match=r"learns from label; .* of source faces: expected nt_xent$"):
        fit(phase)
    assert fit(phase, loss="nt_xent", augment="flip").together == 2


def test_a_contrast_of_views_is_not_learnt_in_batches_of_one_face():
    views = Phase("contrast", {"embedding": "encoder"}, faces="source")
    with pytest.raises(InputError, match=r"batch_size: 'nt_xent' tells a face from the others of its batch"):
        fit(views, loss="nt_xent", augment=["flip"], batch_size=1)
    assert fit(views, loss="nt_xent", augment=["flip"], batch_size=2).batch_size == 2
