"""Resolver strategy: the model that was blessed last, other than the candidate."""

from __future__ import annotations

from typing import Optional

import ml_metadata as mlmd
from tfx.components.util import model_utils
from tfx.dsl.components.common import resolver
from tfx.types import artifact

MODEL = "model"
BLESSING = "model_blessing"
CANDIDATE = "candidate"


class LatestBlessedBaseline(resolver.ResolverStrategy):
    """Picks the baseline among all models and blessings of the pipeline.

    It differs from TFX's LatestBlessedModelStrategy in two points. The
    candidate itself is left out: an unchanged re-run would otherwise compare
    a cached model with itself, and evaluate anew for nothing. And "latest"
    is the latest blessing, not the latest model, so that a model which is
    blessed again after a newer one was becomes the baseline again.
    """

    def resolve_artifacts(
        self, store: mlmd.MetadataStore, input_dict: dict[str, list[artifact.Artifact]]
    ) -> Optional[dict[str, list[artifact.Artifact]]]:  # noqa: UP045 - TFX reads the annotation
        """Resolves `model` and `model_blessing` to the baseline's, or to nothing when there is none.

        Args:
            store: not asked; the artifacts carry all that is needed.
            input_dict: `model` and `model_blessing`, every one of the
                pipeline; `candidate`, the model of this run.
        """
        candidates = input_dict[CANDIDATE]
        candidate_ids = {model.id for model in candidates}
        models = {model.id: model for model in input_dict[MODEL]}
        chosen: dict[str, list[artifact.Artifact]] = {MODEL: [], BLESSING: [], CANDIDATE: candidates}
        for blessing in sorted(input_dict[BLESSING], key=lambda found: found.id, reverse=True):
            model_id = blessing.get_int_custom_property("current_model_id")
            if (
                model_utils.is_model_blessed(blessing)
                and model_id in models
                and model_id not in candidate_ids
            ):
                chosen[MODEL] = [models[model_id]]
                chosen[BLESSING] = [blessing]
                break
        return chosen
