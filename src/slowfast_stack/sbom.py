"""Convert a lock to a CycloneDX SBOM."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
    from collections.abc import Iterator

    from ansible_collections.slowfast.stack.plugins.module_utils._stack.environment.lock import (
        Package,
    )
    from slowfast_stack.facts import Lock, LockedSource

# Names of properties, after the CycloneDX taxonomy: a prefix of the project, then the subject.
_GITHUB = "https://github.com/"
_PREFIX = "slowfast-stack:"


def of_materials(host: str, lock: Lock) -> str:
    """Return the SBOM of a host as CycloneDX 1.6 JSON."""
    plan = lock.plan
    stack = Component(
        name=f"SlowFast stack of {host}",
        version=plan.id,
        type=ComponentType.APPLICATION,
        bom_ref="stack",
        properties=_properties(
            profile=plan.profile,
            architectures=plan.torch.arch_list,
            patches=" ".join(plan.patches),
            **lock.compilers,
        ),
    )
    bom = Bom(components=_components(lock))
    bom.metadata.component = stack
    maker = Component(name="slowfast-stack", version=__version__, type=ComponentType.APPLICATION)
    bom.metadata.tools.components.add(maker)
    bom.register_dependency(stack, list(bom.components))
    return JsonV1Dot6(bom).output_as_string(indent=1) + "\n"


def _components(lock: Lock) -> Iterator[Component]:
    yield Component(
        name=lock.python.implementation,
        version=lock.python.version,
        type=ComponentType.PLATFORM,
        bom_ref="python",
    )
    toolkit = lock.plan.cuda.toolkit if lock.plan.cuda else None
    for name, number in (("NVIDIA driver", lock.driver), ("CUDA toolkit", toolkit)):
        if number:
            yield Component(name=name, version=number, type=ComponentType.PLATFORM, bom_ref=name)
    yield from (_package(row) for row in lock.packages if row.origin != "tree")
    yield from (_source(name, row) for name, row in lock.sources.items())


def _package(row: Package) -> Component:
    built = row.origin == "built"
    return Component(
        name=row.name,
        version=row.version,
        type=ComponentType.LIBRARY,
        bom_ref=f"package {row.name}",
        # A local build is not a published release.
        purl=None if built else PackageURL("pypi", name=row.name, version=row.version),
        hashes=_sha256(row.sha256) if built else [],
        properties=_properties(origin=row.origin, content_sha256=row.content, **(row.inputs or {})),
    )


def _source(name: str, row: LockedSource) -> Component:
    package, _, number = (row.requirement or "").partition("==")
    link = XsUri(row.url) if row.url and not package else None
    return Component(
        name=name,
        version=number or row.commit,
        type=ComponentType.LIBRARY,
        bom_ref=f"source {name}",
        purl=PackageURL("pypi", name=package, version=number) if package else _github(row),
        hashes=_sha256(row.sha256) if package else [],
        external_references=[ExternalReference(type=ExternalReferenceType.VCS, url=link)]
        if link
        else [],
        properties=_properties(tree_sha256=row.tree),
    )


def _sha256(digest: str | None) -> list[HashType]:
    return [HashType(alg=HashAlgorithm.SHA_256, content=digest)] if digest else []


def _github(row: LockedSource) -> PackageURL | None:
    url = row.url or ""
    if not url.startswith(_GITHUB):
        return None
    owner, _, repository = url.removeprefix(_GITHUB).partition("/")
    return PackageURL("github", owner, repository, row.commit)


def _properties(**facts: object) -> list[Property]:
    return [
        Property(name=f"{_PREFIX}{name}", value=str(value))
        for name, value in facts.items()
        if value is not None
    ]
