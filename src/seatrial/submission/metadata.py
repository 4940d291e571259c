"""The fields of a PRODUCT.yaml's metadata, as the programme spells them."""

from __future__ import annotations

import re

import msgspec


class Field(msgspec.Struct, frozen=True):
    name: str
    required: bool
    what: str

    @property
    def other_name(self) -> str:
        return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", self.name).lower()

    @property
    def names(self) -> tuple[str, str]:
        return self.name, self.other_name


FIELDS = (
    Field("kubernetesVersion", True, "the minor version of Kubernetes, such as v1.37, without a patch"),
    Field("platformName", True, "the name of the product"),
    Field("platformVersion", True, "the product's own version, in quotes where it looks like a number"),
    Field("vendorName", True, "the organisation, exactly as https://landscape.cncf.io/members spells it"),
    Field("websiteUrl", True, "the product's page"),
    Field("repoUrl", False, "where the source is, if it is open"),
    Field("documentationUrl", True, "the product's documentation"),
    Field("productLogoUrl", True, "an SVG, AI or EPS file with the product's name in it"),
    Field("description", True, "one sentence"),
    Field("contactEmailAddress", True, "where questions go"),
    Field(
        "k8sConformanceUrl", True, "https://github.com/cncf/k8s-conformance/tree/master/vX.Y/NAME, for the same vX.Y"
    ),
)
BY_NAME = {field.name: field for field in FIELDS}
