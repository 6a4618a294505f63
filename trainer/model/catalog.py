"""Every backbone there is, and what has to be known of it before it is built. Pure Python."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

# How a network wants its pixels, in the words of `keras.applications.imagenet_utils`; `none` is for those
# that scale themselves.
Scaling = Literal["tf", "torch", "caffe", "none"]


@dataclass(frozen=True)
class BackboneSpec:
    """What has to be known of a backbone.

    Attributes:
        name: as settings have it.
        application: attribute of `keras.applications`; None for a network of our own.
        image_size: height and width, in pixels, that it was made for.
        smallest: least height and width, in pixels, that it takes.
        scaling: what its pixels, from 0 to 255, go through first.
        has_alpha: whether there is a factor on the filters of each layer.
        imagenet_alphas: the factors with ImageNet weights; (1.0,) without a factor, () without weights.
    """

    name: str
    application: str | None
    image_size: int
    smallest: int
    scaling: Scaling
    has_alpha: bool
    imagenet_alphas: tuple[float, ...]

    @property
    def has_imagenet(self) -> bool:
        """Whether there are ImageNet weights for it."""
        return bool(self.imagenet_alphas)

    @property
    def ends_dense(self) -> bool:
        """Whether it ends in a dense layer, and so puts out a vector and not a feature map."""
        return self.application is None


def _application(
    name: str, application: str, scaling: Scaling, image_size: int = 224, smallest: int = 32
) -> BackboneSpec:
    return BackboneSpec(name, application, image_size, smallest, scaling, False, (1.0,))


def _with_alpha(name: str, application: str, scaling: Scaling, alphas: tuple[float, ...]) -> BackboneSpec:
    return BackboneSpec(name, application, 224, 32, scaling, True, alphas)


def _own(name: str, image_size: int) -> BackboneSpec:
    # Three poolings halve 8 pixels to one.
    return BackboneSpec(name, None, image_size, 8, "tf", False, ())


_SPECS: Final = (
    _with_alpha("mobilenet", "MobileNet", "tf", (0.25, 0.5, 0.75, 1.0)),
    _with_alpha("mobilenet_v2", "MobileNetV2", "tf", (0.35, 0.5, 0.75, 1.0, 1.3, 1.4)),
    _with_alpha("mobilenet_v3_small", "MobileNetV3Small", "none", (0.75, 1.0)),
    _with_alpha("mobilenet_v3_large", "MobileNetV3Large", "none", (0.75, 1.0)),
    _application("nasnet_mobile", "NASNetMobile", "tf"),
    _application("vgg16", "VGG16", "caffe"),
    _application("vgg19", "VGG19", "caffe"),
    _application("resnet50", "ResNet50", "caffe"),
    _application("resnet101", "ResNet101", "caffe"),
    _application("resnet152", "ResNet152", "caffe"),
    _application("resnet50_v2", "ResNet50V2", "tf"),
    _application("resnet101_v2", "ResNet101V2", "tf"),
    _application("resnet152_v2", "ResNet152V2", "tf"),
    _application("xception", "Xception", "tf", 299, 71),
    _application("inception_v3", "InceptionV3", "tf", 299, 75),
    _application("inception_resnet_v2", "InceptionResNetV2", "tf", 299, 75),
    _application("densenet121", "DenseNet121", "torch"),
    _application("densenet169", "DenseNet169", "torch"),
    _application("densenet201", "DenseNet201", "torch"),
    _application("efficientnet_b0", "EfficientNetB0", "none", 224),
    _application("efficientnet_b1", "EfficientNetB1", "none", 240),
    _application("efficientnet_b2", "EfficientNetB2", "none", 260),
    _application("efficientnet_b3", "EfficientNetB3", "none", 300),
    _application("efficientnet_b4", "EfficientNetB4", "none", 380),
    _application("efficientnet_b5", "EfficientNetB5", "none", 456),
    _application("efficientnet_b6", "EfficientNetB6", "none", 528),
    _application("efficientnet_b7", "EfficientNetB7", "none", 600),
    _application("efficientnet_v2_b0", "EfficientNetV2B0", "none", 224),
    _application("efficientnet_v2_b1", "EfficientNetV2B1", "none", 240),
    _application("efficientnet_v2_b2", "EfficientNetV2B2", "none", 260),
    _application("efficientnet_v2_b3", "EfficientNetV2B3", "none", 300),
    _application("efficientnet_v2_s", "EfficientNetV2S", "none", 384),
    _application("efficientnet_v2_m", "EfficientNetV2M", "none", 480),
    _application("efficientnet_v2_l", "EfficientNetV2L", "none", 480),
    _application("convnext_tiny", "ConvNeXtTiny", "none"),
    _application("convnext_small", "ConvNeXtSmall", "none"),
    _application("convnext_base", "ConvNeXtBase", "none"),
    _application("convnext_large", "ConvNeXtLarge", "none"),
    _application("convnext_xlarge", "ConvNeXtXLarge", "none"),
    _own("lenet", 28),
    _own("small_cnn", 64),
    _own("cifar_cnn", 32),
)

BACKBONES: Final[dict[str, BackboneSpec]] = {spec.name: spec for spec in _SPECS}


def nearest_name(wrong: str, known: Iterable[str]) -> str:
    """The known name that is most like a wrong one; capitals, hyphens and the like are no difference.

    Args:
        wrong: what somebody wrote, such as `MobileNetV2`.
        known: at least one name.
    """
    by_letters = {_letters(name): name for name in known}
    return by_letters[difflib.get_close_matches(_letters(wrong), by_letters, n=1, cutoff=0.0)[0]]


def _letters(name: str) -> str:
    return re.sub(r"[\W_]", "", name).casefold()
