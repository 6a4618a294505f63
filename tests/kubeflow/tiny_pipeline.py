"""A pipeline with the parameters that imgclf's has, and one container."""

# KFP reads annotations themselves, so they must not be made text of.
from kfp import dsl


@dsl.container_component
def stage(images: str, span: str, run_name: str, overrides: list) -> dsl.ContainerSpec:
    return dsl.ContainerSpec(image="imgclf", command=["stage"], args=[images, span, run_name, overrides])


@dsl.pipeline(name="flowers")
def flowers(images: str, run_name: str, overrides: list, span: str = "") -> None:
    stage(images=images, span=span, run_name=run_name, overrides=overrides)
