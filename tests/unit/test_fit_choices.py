"""How a recipe says that a phase is fitted: choices from catalogues, and what is said of unsound ones."""

import pytest

from fecemo.data.receipts import plain
from fecemo.errors import InputError
from fecemo.models.approach import approaches
from fecemo.models.loss import LossTerm
from fecemo.models.losses.centres import Centre, WeightedCluster, WeightedSoftmax
from fecemo.models.losses.classes import CrossEntropy
from fecemo.models.losses.numbers import MeanSquaredError
from fecemo.study.fit_choices import read_fit
from fecemo.training.augmentations.geometric import Crop, Flip
from fecemo.training.augmentations.photometric import Mask
from fecemo.training.optimizers import SGD, Adam, optimizers
from fecemo.training.schedules import Constant, Halved

MINIMAL = {"loss": "cross_entropy", "optimizer": "adam", "learning_rate": 1e-3, "epochs": 5}


def fit(approach="small_resnet", phase=0, **settings):
    document = {**MINIMAL, **settings}
    if "losses" in settings:
        del document["loss"]
    result = approaches.find(approach)
    return read_fit(result, result.phases[phase], document, "a.yaml: approaches.x.fit.classify")


def test_names_alone_take_the_defaults():
    result = fit()
    assert result.losses == (LossTerm(CrossEntropy(), "probabilities", "label", 1.0),)
    assert (result.optimizer, result.schedule, result.augment, result.corrupt) == (Adam(), Constant(), (), ())
    assert (result.data, result.frozen, result.balance.name) == (("target.train",), None, "fixed")


def test_terms_name_output_target_and_weight_or_take_the_phase_s_and_the_loss_s():
    result = fit(losses=[{"loss": "weighted_softmax"}, {"loss": {"centre": {"rate": 0.1}}, "output": "features"},
                        {"loss": "mean_squared_error", "output": "features", "target": ["valence", "arousal"],
                         "weight": 2}])
    assert result.losses == (
        LossTerm(WeightedSoftmax(), "probabilities", "label", 1.0),
        LossTerm(Centre(rate=0.1), "features", "label", 0.5),
        LossTerm(MeanSquaredError(), "features", ("valence", "arousal"), 2.0))
    assert result.outputs == ("probabilities", "features")
    assert result.losses[2].target_name == "valence+arousal"


def test_names_with_settings_keep_their_order():
    result = fit(losses=[{"loss": "weighted_softmax"}, {"loss": "weighted_cluster", "output": "features",
                                                       "weight": 0.3}], frozen=["encoder"],
                optimizer={"sgd": {"momentum": 0.9, "weight_decay": 5e-4}}, schedule={"halved": {"every": 10}},
                augment=["flip", {"crop": {"min_side": 0.6}}], corrupt={"mask": {"mask_ratio": 0.25}})
    assert result.losses[1] == LossTerm(WeightedCluster(), "features", "label", 0.3)
    assert result.frozen == ("encoder",)
    assert result.optimizer == SGD(momentum=0.9, weight_decay=5e-4)
    assert result.schedule == Halved(every=10)
    assert result.augment == (Flip(), Crop(min_side=0.6))
    assert result.corrupt == (Mask(mask_ratio=0.25),)


def test_a_receipt_tells_names_and_settings():
    told = plain(fit(losses=[{"loss": "weighted_cluster", "output": "features", "weight": 0.3}], optimizer="sgd"))
    assert told["losses"] == [{"loss": {"name": "weighted_cluster", "rate": 1.0, "alpha": 1.0}, "output": "features",
                               "target": "label", "weight": 0.3}]
    assert told["optimizer"] == {"name": "sgd", "momentum": 0.0, "weight_decay": 0.0, "nesterov": False}
    assert told["schedule"] == {"name": "constant"}


@pytest.mark.parametrize(("settings", "message"), [
    ({"loss": "weighted_softmx"}, r"classify\.loss: there is no loss .*did you mean 'weighted_softmax'"),
    ({"loss": {"weighted_cluster": {"alhpa": 2}}},
     r"classify\.loss\.weighted_cluster: unknown key 'alhpa', did you mean 'alpha'"),
    ({"loss": {"weighted_cluster": {"alpha": 0}}}, r"classify\.loss\.weighted_cluster: .*alpha must be above 0"),
    ({"loss": {"weighted_cluster": 0.5}}, r"classify\.loss\.weighted_cluster: expected settings, found 0\.5"),
    ({"loss": 7}, r"classify\.loss: expected the name of a loss, or names with settings, found 7"),
    ({"loss": ["centre", "cross_entropy"]}, r"classify\.loss: expected one loss, found 2"),
    ({"losses": []}, r"classify\.losses: expected a list of terms"),
    ({"losses": ["centre"]}, r"classify\.losses\.1: expected a term with the key loss, found 'centre'"),
    ({"losses": [{"loss": "centre", "weigth": 1}]}, r"classify\.losses\.1: unknown key 'weigth', did you mean"),
    ({"losses": [{"loss": "centre", "weight": 0}]}, r"classify\.losses\.1: .*weight must be above 0"),
    ({"losses": [{"loss": "centre", "output": "feature"}]},
     r"classify\.losses\.1\.output: small_resnet has no output 'feature': did you mean 'features'"),
    ({"loss": "binary_crossentropy"},
     r"classify\.loss: 'binary_crossentropy' learns from numbers, and the target of probabilities, label, is classes: "
     r"expected centre or class_batch_attention or cross_entropy or logit_adjusted or weighted_cluster or "
     r"weighted_softmax"),
    ({"data": "target.trian"}, r"classify\.data: 'target\.trian' is no part of a data set: did you mean 'train'"),
    ({"data": "source.triplets"}, r"classify: a loss of triplets learns from data such as source\.triplets"),
    ({"frozen": ["encodr"]}, r"classify\.frozen: small_resnet has no submodel 'encodr': did you mean 'encoder'"),
    ({"balance": "emma"}, r"classify\.balance: there is no balance 'emma': did you mean 'ema'"),
    ({"optimizer": ["adam", "sgd"]}, r"classify\.optimizer: expected one optimizer, found 2"),
    ({"optimizer": {"adam": {"momentum": 0.9}}}, r"classify\.optimizer\.adam: unknown key 'momentum'"),
    ({"schedule": "linear"}, r"classify\.schedule: there is no schedule 'linear'"),
    ({"augment": {"flipp": {}}}, r"classify\.augment: there is no augmentation 'flipp': did you mean 'flip'"),
    ({"patience": 3}, r"classify: .*give validate_on"), ({"keep": "best"}, r"classify: .*give validate_on"),
    ({"validate_on": 1.0}, r"validate_on must be above 0 and below 1"),
    ({"validate_on": "test"}, r"validate_on"), ({"validate_on": 0.1, "patience": 0}, r"patience must be above 0"),
    ({"epochs": "many"}, r"classify: epochs"), ({"learning_rte": 1}, r"classify: unknown key 'learning_rte'"),
])
def test_what_is_not_sound_is_said_by_its_key(settings, message):
    with pytest.raises(InputError, match=r"a\.yaml: approaches\.x\.fit\." + message if message.startswith("classify")
                       else message):
        fit(**settings)


def test_loss_and_losses_are_not_given_together():
    result = approaches.find("small_resnet")
    with pytest.raises(InputError, match="classify: give one of loss"):
        read_fit(result, result.phases[0], {**MINIMAL, "losses": [{"loss": "centre"}]},
                 "a.yaml: approaches.x.fit.classify")


def test_a_contrast_of_views_is_not_learnt_in_batches_of_one_face():
    with pytest.raises(InputError, match=r"batch_size: 'nt_xent' distinguishes a face from the others of its batch"):
        fit("contrastive", loss="nt_xent", augment=["flip"], batch_size=1)
    with pytest.raises(InputError, match=r"learns from classes, and the target of projection, views, is views"):
        fit("contrastive", augment=["flip"])
    assert fit("contrastive", loss="nt_xent", augment=["flip"], batch_size=2).group_size == 2


def test_an_object_registered_where_a_recipe_needs_a_class_is_named(monkeypatch):
    monkeypatch.setattr(optimizers, "find", lambda _: Flip())
    with pytest.raises(InputError, match="the optimizer 'adam' is registered as an object of Flip"):
        fit()
