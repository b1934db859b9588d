"""The components of a stack: what its lock and its contents name, each once."""

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
from cyclonedx.model.component import (
    Commit,
    Component,
    ComponentType,
    Patch,
    PatchClassification,
    Pedigree,
)
from cyclonedx.model.issue import IssueClassification, IssueType
from packageurl import PackageURL

from ansible_collections.slowfast.stack.plugins.module_utils._stack.patches.registry import PATCHES
from slowfast_stack.sbom import licenses

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from cyclonedx.model.bom import Bom

    from ansible_collections.slowfast.stack.plugins.module_utils._stack.contents.model import (
        Contents,
        Embedded,
        Part,
        SystemPackage,
    )
    from ansible_collections.slowfast.stack.plugins.module_utils._stack.environment.lock import (
        Package,
    )
    from slowfast_stack.facts import Lock, LockedSource

_GITHUB = "https://github.com/"
# How the table of patches calls the projects of its issues.
_PROJECTS = {
    "D2": "facebookresearch/detectron2",
    "PTV": "facebookresearch/pytorchvideo",
    "SF": "facebookresearch/SlowFast",
    "fvcore": "facebookresearch/fvcore",
    "vision": "pytorch/vision",
}
# Names of properties, after the CycloneDX taxonomy: a prefix of the project, then the subject.
_PREFIX = "slowfast-stack:"


def properties(**facts: object) -> list[Property]:
    """Return the facts that are not None as properties."""
    return [
        Property(name=f"{_PREFIX}{name}", value=str(value))
        for name, value in facts.items()
        if value is not None
    ]


def holders(contents: Contents) -> dict[str, str]:
    """Return by part the reference of the component that has its files.

    A package that is installed in place is its source.
    """
    return {
        part.id: f"source {part.origin}" if part.kind == "package" and part.origin else part.id
        for part in contents.parts
    }


def of(lock: Lock, contents: Contents) -> Iterator[Component]:
    """Yield the components of a stack. Each reference and each package URL is there once."""
    seen: set[str] = set()
    for component in _all(lock, contents):
        purl = component.purl.to_string() if component.purl else ""
        if purl in seen:
            component.purl = None
        seen |= {purl} - {""}
        yield component


def _all(lock: Lock, contents: Contents) -> Iterator[Component]:
    toolkit = lock.plan.cuda.toolkit if lock.plan.cuda else None
    for name, number in (("NVIDIA driver", lock.driver), ("CUDA toolkit", toolkit)):
        if number:
            yield Component(name=name, version=number, type=ComponentType.PLATFORM, bom_ref=name)
    yield _interpreter(lock)
    locked = {row.name: row for row in lock.packages}
    named = {part.name: part for part in contents.parts if part.kind == "package"}
    for part in contents.parts:
        if part.kind == "package" and not part.origin:
            yield _package(part, locked.get(part.name))
        elif part.kind in _PARTS:
            yield _PARTS[part.kind](part)
    for name, row in lock.sources.items():
        yield _source(name, row, lock.plan.patches, named.get(name))
    yield from _embedded(contents)
    for package in contents.system:
        yield _of_the_system(package, lock.machine)


def _interpreter(lock: Lock) -> Component:
    name, number = lock.python.implementation, lock.python.version
    return Component(
        name=name,
        version=number,
        type=ComponentType.PLATFORM,
        bom_ref="python",
        purl=PackageURL("generic", name=name.lower(), version=number),
        licenses=licenses.of("Python-2.0" if name == "CPython" else "", ()),
    )


def _package(part: Part, locked: Package | None) -> Component:
    """Return a package of Python. A local build is no release, so it has no package URL."""
    built = locked is not None and locked.origin == "built"
    facts: dict[str, object] = {"locked": "no"}
    if locked:
        inputs = locked.inputs or {}
        facts = {"origin": locked.origin, "content_sha256": locked.content, **inputs}
    return Component(
        name=part.name,
        version=part.version,
        type=ComponentType.LIBRARY,
        bom_ref=part.id,
        purl=None if built else PackageURL("pypi", name=part.name, version=part.version),
        licenses=licenses.of(part.expression, part.licenses),
        hashes=_sha256(locked.sha256 if locked and built else None),
        properties=properties(**facts),
    )


def _conda(part: Part) -> Component:
    channel, _hash, build = part.origin.partition("#")
    found = PackageURL(
        "conda",
        name=part.name,
        version=part.version,
        qualifiers={"build": build, "channel": channel},
    )
    return Component(
        name=part.name,
        version=part.version,
        type=ComponentType.LIBRARY,
        bom_ref=part.id,
        purl=found,
        licenses=licenses.of(part.expression, part.licenses),
        hashes=_sha256(part.sha256),
    )


def _program(part: Part) -> Component:
    return Component(
        name=part.name,
        version=part.version or None,
        type=ComponentType.APPLICATION,
        bom_ref=part.id,
        purl=PackageURL("generic", name=part.name, version=part.version) if part.version else None,
        licenses=licenses.of(part.expression, part.licenses),
        properties=properties(origin=part.origin or None),
    )


def _folder(part: Part) -> Component:
    """Return what has files, and is no software of others."""
    return Component(name=part.name, type=ComponentType.DATA, bom_ref=part.id)


_PARTS: Mapping[str, Callable[[Part], Component]] = {
    "conda": _conda,
    "ffmpeg": _program,
    "miniforge": _program,
    "environment": _folder,
    "records": _folder,
}


def _source(
    name: str, row: LockedSource, patches: Iterable[str], package: Part | None
) -> Component:
    released, _, number = (row.requirement or "").partition("==")
    link = XsUri(row.url) if row.url and not released else None
    return Component(
        name=name,
        version=number or row.commit,
        type=ComponentType.LIBRARY,
        bom_ref=f"source {name}",
        purl=PackageURL("pypi", name=released, version=number) if released else _github(row),
        licenses=licenses.of(package.expression, package.licenses) if package else [],
        hashes=_sha256(row.sha256) if released else [],
        external_references=[ExternalReference(type=ExternalReferenceType.VCS, url=link)]
        if link
        else [],
        pedigree=_pedigree(name, row, set(patches)),
        properties=properties(tree_sha256=row.tree),
    )


def _pedigree(name: str, row: LockedSource, applied: set[str]) -> Pedigree | None:
    """Return the commit of a source, and the patches that were applied to it."""
    patches = [
        Patch(
            type=PatchClassification.UNOFFICIAL,
            resolves=[
                IssueType(
                    type=IssueClassification.DEFECT,
                    id=patch.id,
                    name=patch.title,
                    references=[XsUri(_address(issue)) for issue in patch.issues],
                )
            ],
        )
        for patch in PATCHES
        if patch.component == name and patch.id in applied
    ]
    commits = [Commit(uid=row.commit)] if row.commit else []
    return Pedigree(commits=commits, patches=patches) if commits or patches else None


def _address(issue: str) -> str:
    """Return the address of an issue, such as SF#733."""
    project, _hash, number = issue.partition("#")
    return f"{_GITHUB}{_PROJECTS[project]}/issues/{number}"


def _github(row: LockedSource) -> PackageURL | None:
    url = row.url or ""
    if not url.startswith(_GITHUB):
        return None
    owner, _, repository = url.removeprefix(_GITHUB).removesuffix(".git").partition("/")
    return PackageURL("github", owner, repository, row.commit)


def _embedded(contents: Contents) -> Iterator[Component]:
    """Yield the libraries that packages say are inside of them, each once."""
    for each in dict.fromkeys(one for part in contents.parts for one in part.embedded):
        yield Component(
            name=each.name,
            version=each.version or None,
            type=ComponentType.LIBRARY,
            bom_ref=_reference(each),
            purl=_purl(each.purl),
        )


def _reference(each: Embedded) -> str:
    return f"embedded {each.purl or f'{each.name} {each.version}'.strip()}"


def _purl(text: str) -> PackageURL | None:
    """Return the package URL that a package wrote; None for one that is none."""
    try:
        return PackageURL.from_string(text) if text else None
    except ValueError:
        return None


def inside(bom: Bom, contents: Contents) -> Iterator[tuple[Component, list[Component]]]:
    """Yield each component that has others inside, as its own SBOM says."""
    known = {component.bom_ref.value: component for component in bom.components}
    for part in contents.parts:
        if part.embedded and part.id in known:
            yield known[part.id], [known[_reference(each)] for each in part.embedded]


def _of_the_system(package: SystemPackage, machine: Mapping[str, object]) -> Component:
    found = machine.get("distribution")
    facts = found if isinstance(found, dict) else {}
    name, number = (str(facts.get(key) or "") for key in ("id", "version"))
    epoch, colon, rest = package.version.partition(":")
    rpm = package.manager == "rpm" and colon
    qualifiers = {
        "arch": package.architecture,
        "distro": f"{name}-{number}" if name else "",
        "epoch": epoch if rpm else "",
    }
    version = rest if rpm else package.version
    return Component(
        name=package.name,
        version=package.version,
        type=ComponentType.LIBRARY,
        bom_ref=f"{package.manager} {package.name} {package.architecture} {package.version}",
        purl=PackageURL(package.manager, name or None, package.name, version, qualifiers),
        licenses=licenses.of("", package.licenses),
        properties=properties(used_for=package.why, source=package.source or None),
    )


def _sha256(digest: str | None) -> list[HashType]:
    return [HashType(alg=HashAlgorithm.SHA_256, content=digest)] if digest else []
