"""What Kubeflow's projects once made, and no longer make: KFServing, and the training operator before Trainer."""

from __future__ import annotations

from seatrial.model.fact import Fact

_TRAINING = "kubeflow.org"


class KFService(Fact, frozen=True):
    """KFServing became KServe, in another group, in 2021."""

    of = "serving.kubeflow.org/inferenceservices"


class PyTorchJob(Fact, frozen=True):
    of = f"{_TRAINING}/pytorchjobs"


class TFJob(Fact, frozen=True):
    of = f"{_TRAINING}/tfjobs"


class XGBoostJob(Fact, frozen=True):
    of = f"{_TRAINING}/xgboostjobs"


class PaddleJob(Fact, frozen=True):
    of = f"{_TRAINING}/paddlejobs"


class JAXJob(Fact, frozen=True):
    of = f"{_TRAINING}/jaxjobs"


JOBS: tuple[type[Fact], ...] = (PyTorchJob, TFJob, XGBoostJob, PaddleJob, JAXJob)
