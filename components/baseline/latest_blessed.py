"""Resolver strategy: the model in production, other than the candidate."""

from __future__ import annotations

from typing import Optional

import ml_metadata as mlmd
from tfx.dsl.components.common import resolver
from tfx.types import artifact

from components.contract import PUSHED_MODEL_ID

MODEL = "model"
PUSHED = "pushed_model"
CANDIDATE = "candidate"


class LatestBlessedBaseline(resolver.ResolverStrategy):
    """Picks the baseline among all models of the pipeline: the one that was pushed last.

    A push takes both blessings, so it is the latest model that the Evaluator
    and the ServingCheck blessed. TFX's LatestBlessedModelStrategy differs in
    three points. It takes a model that only the Evaluator blessed, which is
    not in production; it takes the newest model rather than the newest
    blessing, which differ once an older model has been put back; and it takes
    the candidate itself, so that an unchanged re-run would compare a cached
    model with itself, and evaluate anew for nothing.
    """

    def resolve_artifacts(
        self, store: mlmd.MetadataStore, input_dict: dict[str, list[artifact.Artifact]]
    ) -> Optional[dict[str, list[artifact.Artifact]]]:  # noqa: UP045 - TFX reads the annotation
        """Resolves `model` and `pushed_model` to the baseline's, or to nothing when there is none.

        Args:
            store: not asked; the artifacts carry all that is needed.
            input_dict: `model` and `pushed_model`, every one of the pipeline;
                `candidate`, the model of this run.
        """
        candidates = input_dict[CANDIDATE]
        models = {model.id: model for model in input_dict[MODEL]}
        for candidate in candidates:
            models.pop(candidate.id, None)
        for pushed in sorted(input_dict[PUSHED], key=lambda found: found.id, reverse=True):
            model = models.get(pushed.get_int_custom_property(PUSHED_MODEL_ID))
            if model is not None:
                return {MODEL: [model], PUSHED: [pushed], CANDIDATE: candidates}
        return {MODEL: [], PUSHED: [], CANDIDATE: candidates}
