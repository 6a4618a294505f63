from __future__ import annotations

from tests.trainer.training_run.small_fit import SIZE, build
from trainer.optimization.settings import LayerRate
from trainer.training_run.layer_factors import variable_factors


def test_layers_of_the_same_name_in_two_backbones_have_rates_of_their_own() -> None:
    """The last layer of lenet is `dense`; small_cnn has one of that name, and `dropout` behind it."""
    classifier = build(0, fused_with=[{"backbone": "small_cnn", "weights": "none", "image_size": SIZE}])
    rates = [LayerRate(layers="last 1 layer", factor=0.5), LayerRate(layers="all", factor=0.01)]
    factors = []
    for network in (*classifier.backbones, classifier.head):
        layer = next(each for each in network.layers if each.name in ("dense", "logits"))
        factors.append(variable_factors(classifier, layer.trainable_variables, rates, "layer_rates"))
    assert factors == [[0.5, 0.5], [0.01, 0.01], [0.5, 0.5]]
    assert variable_factors(classifier, classifier.model.trainable_variables, [], "layer_rates") == [
        1.0 for _ in classifier.model.trainable_variables
    ]
    # Only small_cnn has such a layer: the rate is none of lenet's.
    rates = [LayerRate(layers="from layer block3_conv", factor=0.1)]
    lenet, small_cnn = (
        variable_factors(classifier, network.trainable_variables, rates, "layer_rates")
        for network in classifier.backbones
    )
    assert set(lenet) == {1.0}
    assert small_cnn[0] == 1.0 and small_cnn[-1] == 0.1
