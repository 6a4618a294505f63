"""What a user can set about training and about the model's answers."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator, model_validator

from components.class_balance.class_weights import Scheme
from components.settings import Settings
from trainer.augmentation.settings import AugmentationSettings
from trainer.model.trainable import Trainable, parse_trainable
from trainer.optimization.settings import LayerRate, LossSettings, OptimizerSettings, ScheduleSettings

Switch = Literal["auto", "on", "off"]
TestTimeAugmentation = Literal["none", "flip", "ten_crop"]


class PhaseSettings(Settings):
    """One stretch of training; phases follow one another on the same model."""

    train: str = Field(
        "all",
        description="What learns: `head`, `last N layers` of the backbone with the head, `from layer NAME` "
        "or `from block NAME` (the first layer whose name begins so) to the end, or `all`. Batch "
        "normalisation in a backbone that starts from weights stays as it is.",
    )
    epochs: int = Field(10, ge=0, description="Passes over the train split.")
    learning_rate: float = Field(1e-3, gt=0, description="Where the schedule starts, after any warm-up.")
    schedule: ScheduleSettings | None = Field(
        None, description="In place of `training.schedule`, for this phase."
    )
    optimizer: OptimizerSettings | None = Field(
        None, description="In place of `training.optimizer`, for this phase."
    )
    layer_rates: tuple[LayerRate, ...] = Field(
        (),
        description="Factors on the learning rate, by layer: each takes that of the first entry it is in.",
    )
    image_size: int | None = Field(
        None,
        ge=8,
        le=2048,
        description="Height and width of training images in this phase, pixels; `model.image_size` unless "
        "given, and not more.",
    )

    @field_validator("layer_rates")
    @classmethod
    def _rates_known(cls, value: tuple[LayerRate, ...]) -> tuple[LayerRate, ...]:
        for rate in value:
            parse_trainable(rate.layers)
        return value

    @field_validator("train")
    @classmethod
    def _known(cls, value: str) -> str:
        parse_trainable(value)
        return value

    @model_validator(mode="after")
    def _gets_to_all_of_its_schedule(self) -> PhaseSettings:
        # training.epochs and tuning.max_epochs may cut it off earlier.
        late = None if self.schedule is None else self.schedule.first_after(self.epochs)
        if late is not None:
            raise ValueError(
                f"schedule.at_epochs has {late}, but epochs is {self.epochs}, so the rate would not be "
                "lowered then; name earlier epochs, or raise epochs"
            )
        return self

    @property
    def trainable(self) -> Trainable:
        """`train`, parsed."""
        return parse_trainable(self.train)


class TrainingSettings(Settings):
    """How the model is trained."""

    batch_size: int = Field(32, ge=1, description="Images a step, over all devices.")
    phases: tuple[PhaseSettings, ...] = Field(
        (
            PhaseSettings(train="head", epochs=10, learning_rate=1e-2),
            PhaseSettings(train="last 20 layers", epochs=4, learning_rate=1e-4),
        ),
        min_length=1,
        description="Stretches of training, in order. Unless given: the head for 10 epochs from 0.01, then "
        "the last 20 layers for 4 epochs from 0.0001.",
    )
    epochs: int | None = Field(
        None,
        ge=0,
        description="Cut the phases off after this many epochs in all; 0 trains nothing.",
    )
    augmentation: AugmentationSettings = Field(
        default_factory=AugmentationSettings, description="Random changes to training images."
    )
    feature_views: int = Field(
        1,
        ge=1,
        le=100,
        description="How many views of each image a phase that trains only the head learns from, one an "
        "epoch in turn: the image as it is, and augmented ones, without `mixup` and `cutmix`. Each runs the "
        "backbone once.",
    )
    loss: LossSettings = Field(default_factory=LossSettings, description="What is made small.")
    optimizer: OptimizerSettings = Field(
        default_factory=OptimizerSettings, description="How weights follow from gradients."
    )
    schedule: ScheduleSettings = Field(
        default_factory=ScheduleSettings, description="How the learning rate goes on within a phase."
    )
    class_weights: Literal["none", Scheme] = Field(
        "none",
        description="How much more the images of small classes count in the loss: in inverse proportion to "
        "the images of their class, to the square root of that, or to its effective number of images "
        "(Cui et al. 2019, β = 0.999). The average image counts 1. The loss on the eval split is weighted "
        "alike.",
    )
    monitor: Literal["loss", "accuracy"] = Field(
        "loss", description="Which figure on the eval split chooses the epoch whose weights are kept."
    )
    patience: int = Field(
        5, ge=1, description="A phase ends after this many epochs without a better `monitor`."
    )
    max_minutes: float | None = Field(
        None, gt=0, description="Training ends at the end of the epoch in which this time is up."
    )
    cache_gib: float = Field(
        4.0,
        ge=0,
        description="Decoded images are kept in memory up to this size, in GiB; beyond it, in a file.",
    )
    feature_cache_gib: float = Field(
        8.0,
        ge=0,
        description="How much features of frozen backbones, which later runs use again, may take on disk, in "
        "GiB; the oldest go first.",
    )
    mixed_precision: Switch = Field(
        "auto",
        description="Train in 16 bits where that is safe; `auto`: on GPUs that gain by it. The "
        "exported model computes in 32.",
    )
    xla: Switch = Field(
        "auto",
        description="Compile the training step, with one device; `auto`: where measured to be quicker, in "
        "phases of 1000 steps or more.",
    )
    tensorboard: bool = Field(
        True,
        description="Write logs for TensorBoard, and two pictures of the eval split: its confusion matrix, "
        "and the images that the model is most surely wrong about.",
    )
    deterministic: bool = Field(
        False, description="Only operations that come to the same bits each time, at some cost on GPUs."
    )


class ServingSettings(Settings):
    """What the exported model answers."""

    calibration: Literal["temperature", "none"] = Field(
        "temperature",
        description="`temperature`: all logits are divided by one number, with which answers on the eval "
        "split are as sure as they are right (Guo et al. 2017); no answer changes by that, unless it is a "
        "mean over views. `none`: probabilities stay as the network learnt to give them.",
    )
    reject_below: float = Field(
        0.0, ge=0, le=1, description="`accepted` is false for answers less probable than this."
    )
    test_time_augmentation: TestTimeAugmentation = Field(
        "none",
        description="Answers are the mean over several views of each image, in evaluation and serving "
        "alike: `flip`, the image and its mirror image, at twice the time; `ten_crop`, its corners and its "
        "middle, 7/8 as wide, and their mirror images (Krizhevsky et al. 2012), at ten times the time. For "
        "images that mean the same in a mirror.",
    )
    top_k: int = Field(5, ge=1, description="How many of the best labels each answer lists.")
