"""Convert a lock to a CycloneDX SBOM."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cyclonedx.model import (
    ExternalReference,
    ExternalReferenceType,
    HashAlgorithm,
    HashType,
    Property,
    XsUri,
)
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

from slowfast_stack.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# Names of properties, after the CycloneDX taxonomy: a prefix of the project, then the subject.
_GITHUB = "https://github.com/"
_PREFIX = "slowfast-stack:"


def of_materials(host: str, lock: Mapping[str, Any]) -> str:
    """Return the SBOM of a host as CycloneDX 1.6 JSON."""
    plan = lock["plan"]
    stack = Component(
        name=f"SlowFast stack of {host}",
        version=plan["id"],
        type=ComponentType.APPLICATION,
        bom_ref="stack",
        properties=_properties(
            profile=plan["profile"],
            architectures=plan["torch"]["arch_list"],
            patches=" ".join(plan["patches"]),
            **lock["compilers"],
        ),
    )
    bom = Bom(components=_components(lock))
    bom.metadata.component = stack
    maker = Component(name="slowfast-stack", version=__version__, type=ComponentType.APPLICATION)
    bom.metadata.tools.components.add(maker)
    bom.register_dependency(stack, list(bom.components))
    return JsonV1Dot6(bom).output_as_string(indent=1) + "\n"


def _components(lock: Mapping[str, Any]) -> Iterator[Component]:
    python = lock["python"]
    yield Component(
        name=python["implementation"],
        version=python["version"],
        type=ComponentType.PLATFORM,
        bom_ref="python",
    )
    for message, number in (("NVIDIA driver", lock["driver"]), ("CUDA toolkit", _toolkit(lock))):
        if number:
            yield Component(
                name=message, version=number, type=ComponentType.PLATFORM, bom_ref=message
            )
    for row in lock["packages"]:
        if row["origin"] != "tree":
            yield _package(row)
    for name, row in lock["sources"].items():
        yield _source(name, row)


def _toolkit(lock: Mapping[str, Any]) -> str | None:
    toolkit: str | None = (lock["plan"]["cuda"] or {}).get("toolkit")
    return toolkit


def _package(row: Mapping[str, Any]) -> Component:
    built = row["origin"] == "built"
    return Component(
        name=row["name"],
        version=row["version"],
        type=ComponentType.LIBRARY,
        bom_ref=f"package {row['name']}",
        # A local build is not a published release.
        purl=None if built else PackageURL("pypi", name=row["name"], version=row["version"]),
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=row["sha256"])] if built else [],
        properties=_properties(
            origin=row["origin"], content_sha256=row.get("content"), **row.get("inputs", {})
        ),
    )


def _source(name: str, row: Mapping[str, Any]) -> Component:
    if row["origin"] == "pypi":
        package, _, number = row["requirement"].partition("==")
        links, hashes = [], [HashType(alg=HashAlgorithm.SHA_256, content=row["sha256"])]
    else:
        package, number, hashes = None, row["commit"], []
        links = [ExternalReference(type=ExternalReferenceType.VCS, url=XsUri(row["url"]))]
    return Component(
        name=name,
        version=number,
        type=ComponentType.LIBRARY,
        bom_ref=f"source {name}",
        purl=PackageURL("pypi", name=package, version=number) if package else _github(row),
        hashes=hashes,
        external_references=links,
        properties=_properties(tree_sha256=row["tree"]),
    )


def _github(row: Mapping[str, Any]) -> PackageURL | None:
    owner, _, repository = row["url"].removeprefix(_GITHUB).partition("/")
    if not row["url"].startswith(_GITHUB):
        return None
    return PackageURL("github", owner, repository, row["commit"])


def _properties(**facts: object) -> list[Property]:
    return [
        Property(name=f"{_PREFIX}{name}", value=str(value))
        for name, value in facts.items()
        if value is not None
    ]
