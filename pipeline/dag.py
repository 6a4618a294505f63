"""The pipeline: what runs, in which order, and what depends on what."""

from __future__ import annotations

from pathlib import Path

from tfx.components import Evaluator, StatisticsGen, Trainer, Transform, Tuner
from tfx.dsl.components.base.executor_spec import BeamExecutorSpec
from tfx.dsl.components.common.resolver import Resolver
from tfx.orchestration import metadata
from tfx.orchestration.pipeline import Pipeline
from tfx.types.channel import Channel
from tfx.types.standard_artifacts import Model

from components.baseline.latest_blessed import CANDIDATE, MODEL, LatestBlessedBaseline
from components.class_balance.component import ClassBalanceValidator
from components.code_fingerprint import code_fingerprint
from components.contract import TEST
from components.data_check.component import DataCheck
from components.dataflow.evaluator import Executor as EvaluatorExecutor
from components.dataflow.statistics_gen import Executor as StatisticsGenExecutor
from components.example_schema.component import ExampleSchemaGen
from components.example_schema.schema_rule import read_curated_schema
from components.example_validation.component import ExampleValidator
from components.example_validation.statistics_options import statistics_options
from components.image_folder.component import ImageFolderExampleGen
from components.pusher.component import Pusher
from components.pusher.ledger import Ledger
from components.serving_check.component import ServingCheck
from pipeline.config import Config
from pipeline.results.evaluation import eval_config
from pipeline.workspace import Workspace


def create_pipeline(config: Config, workspace: Workspace, *, use_cache: bool = True) -> Pipeline:
    """Declares the pipeline; runs nothing.

    Args:
        config: as `pipeline.preparation.preflight.resolve` completed it.
        workspace: where metadata, artifacts and pushed models go.
        use_cache: whether a stage whose inputs, settings and code are unchanged is skipped.
    """
    model_dir = str(workspace.model_dir(config.name))
    evaluation = config.evaluation.model_dump_json()

    examples = ImageFolderExampleGen(
        config.data, model_dir, code_fingerprint("components.image_folder.executor")
    )
    data_check = DataCheck(
        examples.outputs["data_report"], code_fingerprint("components.data_check.executor")
    )
    schema = ExampleSchemaGen(
        examples.outputs["examples"],
        read_curated_schema(Path(config.data.schema_file)) if config.data.schema_file else "",
        code_fingerprint("components.example_schema.executor"),
    )
    schema.add_upstream_node(data_check)
    statistics = StatisticsGen(
        examples.outputs["examples"],
        schema.outputs["schema"],
        stats_options=statistics_options(),
    )
    anomalies = ExampleValidator(
        statistics.outputs["statistics"],
        schema.outputs["schema"],
        code_fingerprint("components.example_validation.executor"),
    )
    balance = ClassBalanceValidator(
        examples.outputs["data_report"],
        config.balance,
        code_fingerprint("components.class_balance.executor"),
    )
    balance.add_upstream_node(data_check)
    preprocessing_code = code_fingerprint("trainer.preprocessing")
    transform = Transform(
        examples.outputs["examples"],
        schema.outputs["schema"],
        preprocessing_fn="trainer.preprocessing.preprocessing_fn",
        custom_config={
            "image_size": config.model.input_size,
            "code": preprocessing_code,
        },
        # The Trainer runs the graph itself and keeps pixels uncompressed;
        # TFX would gzip them, and the statistics would read them as text.
        materialize=False,
        disable_statistics=True,
        disable_analyzer_cache=True,
    )
    transform.add_upstream_nodes([anomalies, balance])
    training_config = {
        "name": config.name,
        "seed": config.seed,
        "model": config.model.model_dump(mode="json"),
        "training": config.training.model_dump(mode="json"),
        "serving": config.serving.model_dump(mode="json"),
        "preprocessing": f"{preprocessing_code} {config.model.input_size}",
        "cache_dir": str(workspace.cache),
    }
    tuners = []
    if config.tuning.trials:
        tuners.append(
            Tuner(
                examples=examples.outputs["examples"],
                transform_graph=transform.outputs["transform_graph"],
                schema=schema.outputs["schema"],
                tuner_fn="trainer.tuning.tuner_fn.tuner_fn",
                custom_config={
                    **training_config,
                    "tuning": config.tuning.model_dump(mode="json"),
                    "code": code_fingerprint("trainer.tuning.tuner_fn"),
                },
            )
        )
    trainer = Trainer(
        examples=examples.outputs["examples"],
        transform_graph=transform.outputs["transform_graph"],
        schema=schema.outputs["schema"],
        hyperparameters=tuners[0].outputs["best_hyperparameters"] if tuners else None,
        run_fn="trainer.run_fn.run_fn",
        custom_config={**training_config, "code": code_fingerprint("trainer.run_fn")},
    )
    baseline = Resolver(
        LatestBlessedBaseline,
        {
            "model_dir": model_dir,
            "evaluation": evaluation,
            "last_version": Ledger.read(Path(model_dir)).last_version,
        },
        **{MODEL: Channel(type=Model), CANDIDATE: trainer.outputs["model"]},
    ).with_id("LatestBlessedResolver")
    evaluator = Evaluator(
        examples.outputs["examples"],
        model=trainer.outputs["model"],
        baseline_model=baseline.outputs[MODEL],
        eval_config=eval_config(config.evaluation, config.serving.reject_below),
        example_splits=[TEST],
    )
    serving_check = ServingCheck(
        trainer.outputs["model"],
        config.serving_check,
        code_fingerprint("components.serving_check.executor"),
    )
    pusher = Pusher(
        trainer.outputs["model"],
        evaluator.outputs["blessing"],
        serving_check.outputs["blessing"],
        model_dir,
        evaluation,
    )
    statistics.executor_spec = BeamExecutorSpec(StatisticsGenExecutor)
    evaluator.executor_spec = BeamExecutorSpec(EvaluatorExecutor)
    return Pipeline(
        pipeline_name=config.name,
        pipeline_root=str(workspace.artifacts / config.name),
        components=[
            examples,
            data_check,
            schema,
            statistics,
            anomalies,
            balance,
            transform,
            *tuners,
            trainer,
            baseline,
            evaluator,
            serving_check,
            pusher,
        ],
        enable_cache=use_cache,
        metadata_connection_config=metadata.sqlite_metadata_connection_config(str(workspace.metadata)),
    )
