"""Resolver strategy: the model that a candidate has to be no worse than."""

from __future__ import annotations

from pathlib import Path
from typing import Optional

import ml_metadata as mlmd
from tfx.dsl.components.common import resolver
from tfx.types import artifact

from components.artifact_seals import is_unbroken
from components.contract import ConfigError
from components.pusher.ledger import Ledger
from components.pusher.push_record import production

MODEL = "model"
CANDIDATE = "candidate"


class LatestBlessedBaseline(resolver.ResolverStrategy):
    """Picks the baseline among all models of the pipeline: the one in production.

    A push takes both blessings, so it is the latest model that the Evaluator
    and the ServingCheck blessed, unless it was taken back by deleting its
    version. TFX's LatestBlessedModelStrategy goes by ML Metadata alone: it
    takes a model that was never pushed or was taken back, and it takes the
    candidate itself, so that an unchanged re-run would compare a cached model
    with itself, and evaluate anew for nothing.
    """

    def __init__(self, model_dir: str, evaluation: str, last_version: int) -> None:
        """Configures the strategy.

        Args:
            model_dir: where versions of the model are pushed.
            evaluation: settings of the evaluation, as JSON.
            last_version: highest that had ever been pushed when the run began; 0 for none.
        """
        self._model_dir = Path(model_dir)
        self._evaluation = evaluation
        self._last_version = last_version

    def resolve_artifacts(
        self, store: mlmd.MetadataStore, input_dict: dict[str, list[artifact.Artifact]]
    ) -> Optional[dict[str, list[artifact.Artifact]]]:  # noqa: UP045 - TFX reads the annotation
        """Resolves `model` to the baseline, or to nothing when there is none.

        Args:
            store: not asked.
            input_dict: `model`, every one of the pipeline; `candidate`, the model of this run.

        Raises:
            ConfigError: ML Metadata does not know the model that is in production, or it is damaged; or the
                folder of versions was taken away since the run began.
        """
        if Ledger.read(self._model_dir).last_version < self._last_version:
            raise ConfigError(
                f"{self._model_dir} knew version {self._last_version} when the run began, and does not any "
                "more: it was moved or deleted meanwhile. Bring it back, and run again."
            )
        (candidate,) = input_dict[CANDIDATE]
        current = production(self._model_dir)
        wanted = current.baseline_for(candidate.uri, self._evaluation)
        baseline = [model for model in input_dict[MODEL] if model.uri == wanted]
        if current.holds(candidate.uri):
            # It replaces nothing, so what it was once compared with may be gone by now.
            return {MODEL: list(filter(is_unbroken, baseline)), CANDIDATE: [candidate]}
        if wanted is not None and not baseline:
            raise ConfigError(
                f"ML Metadata does not know {wanted}, the model that this one would have to be compared with "
                f"before it is pushed to {self._model_dir}. Bring back the metadata of the runs before, or "
                "use another name or workspace."
            )
        if not all(map(is_unbroken, baseline)):
            raise ConfigError(
                f"{wanted} is damaged, the model that this one would have to be compared with before it is "
                f"pushed to {self._model_dir}. Bring back what was there, or use another name or workspace."
            )
        return {MODEL: baseline, CANDIDATE: [candidate]}
