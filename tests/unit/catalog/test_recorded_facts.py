"""Every row of the catalog against facts that were recorded apart from it (tests/data/catalog)."""

from __future__ import annotations

import re

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.catalog import (
    cuda,
    distributions,
    drivers,
    ffmpeg,
    gpu_memory,
    gpus,
    miniforge,
    packages,
    sources,
    torch,
)
from support.recorded import capabilities, table

CHIPS = {row.chip: row for row in gpus.CHIPS}
PINNED = {(row["name"], row["version"]): row["pin"] for row in table("pinned_files")}
MODULES = {"open-only": "open", "open-recommended": "any", "proprietary-only": "any"}
MANYLINUX = {"manylinux1": "2.17", "manylinux2014": "2.17", "manylinux_2_28": "2.28"}
# The Pythons of the catalog begin here, and a wheel for py3 ends nowhere.
FIRST_MINOR, NO_END = 9, 99


def number(release: str) -> tuple[int, ...]:
    return tuple(map(int, release.split(".")))


def test_the_rows_of_gpus_have_known_values() -> None:
    """The recipe docs/adding/gpu.md lists these values."""
    known = {"module": set(MODULES), "last_branch": {"470", "580", "current"}}
    wrong = [
        (row["device"], column, row[column])
        for row in table("gpus")
        for column, values in known.items()
        if row[column] not in values
    ]
    assert not wrong


def test_every_gpu_is_what_pci_ids_calls_it() -> None:
    assert [
        {
            "device": row.device,
            "chip": row.chip,
            "architecture": CHIPS[row.chip].architecture,
            "capability": CHIPS[row.chip].capability or "",
            "product": row.product,
            "module": row.module,
            "first_driver": row.first_driver,
        }
        for row in gpus.GPUS
    ] == [
        {key: value for key, value in row.items() if key != "last_branch"}
        | {"module": MODULES.get(row["module"], row["module"])}
        for row in table("gpus")
    ]


def test_every_chip_has_a_gpu_and_appears_once() -> None:
    assert set(CHIPS) == {row.chip for row in gpus.GPUS}
    assert len(CHIPS) == len(gpus.CHIPS)


def test_every_toolkit_is_what_its_header_and_its_release_notes_say() -> None:
    assert [
        {
            "cuda": row.cuda,
            "ga_driver": row.release_driver or "",
            "min_driver": row.minimum_driver,
            "max_gcc": str(row.max_gcc),
            "sm": row.sms,
            "header": row.gcc_source is cuda.HEADER,
        }
        for row in cuda.TOOLKITS
    ] == [
        {
            **{key: row[key] for key in ("cuda", "ga_driver", "min_driver", "max_gcc")},
            "sm": capabilities(row["sm"]),
            "header": "host_config.h" in row["gcc_source"],
        }
        for row in table("toolkits")
    ]


def minors(tags: str) -> set[int]:
    if tags == "py3":
        return set(range(FIRST_MINOR, NO_END))
    found = {int(tag[3:]) for tag in tags.split() if re.fullmatch(r"cp3\d+", tag)}
    return {minor for minor in found if minor >= FIRST_MINOR}


def spelled(found: set[int]) -> str:
    assert found == set(range(min(found), max(found) + 1)) if found else True
    return f"3.{min(found)}-3.{max(found)}" if found else ""


def glibc(tags: str, machine: str) -> str:
    """Return the C library of a wheel; a machine without one has that of the other."""
    of = [tag for tag in tags.split() if tag.endswith(machine)] or tags.split()
    return MANYLINUX[re.sub(r"_(x86_64|aarch64)$", "", of[0])]


def variant(version: str) -> str:
    return f"cu{version.replace('.', '')}"


@pytest.mark.parametrize("row", torch.RELEASES, ids=lambda row: row.torch)
def test_every_release_of_torch_is_what_its_wheels_say(row: torch.ReleaseRow) -> None:
    fact = {known["torch"]: known for known in table("torch")}[row.torch]
    pythons, pythons_arm = minors(fact["pythons"]), minors(fact["pythons_arm"])
    assert (row.pythons, row.pythons_arm) == (spelled(pythons), spelled(pythons_arm))
    assert (row.uploaded, str(row.mib)) == (fact["uploaded"], fact["mib"])
    assert (row.variants, row.cudnn) == (fact["variants"], fact["cudnn"])
    assert row.pypi == variant(fact["cuda"])
    tags = fact["tags"]
    assert (row.glibc, row.glibc_arm) == (glibc(tags, "x86_64"), glibc(tags, "aarch64"))
    assert row.cxx == min(int(flag.removeprefix("C++")) for flag in fact["cxx_flags"].split())
    assert row.numpy.startswith(">=2,") is (fact["numpy2"] == "True")


def test_torch_has_cuda_on_aarch64_from_2_11_on() -> None:
    known = {row["torch"]: row["cuda_arm"] for row in table("torch")}
    for row in torch.RELEASES:
        if known[row.torch] == "no wheel":
            assert row.pypi_arm is None
        elif number(row.torch) < (2, 11):
            assert row.pypi_arm == "cpu"
            assert known[row.torch] in ("cpu", "not read")
        else:
            assert row.pypi_arm == row.pypi
            assert known[row.torch] == "not read" or row.pypi_arm == variant(known[row.torch])


def test_bounds_of_numpy_and_setuptools_change_with_these_releases() -> None:
    first: dict[tuple[str, str], str] = {}
    for row in torch.RELEASES:
        first.setdefault((row.numpy, row.setuptools), row.torch)
    assert first == {
        ("<2", "<70"): "1.8.0",
        (">=2,<2.4", "<82"): "2.3.0",
        (">=2,<3", "<82"): "2.11.0",
    }


def test_every_release_that_was_recorded_has_a_row_in_the_order_of_releases() -> None:
    releases = [row.torch for row in torch.RELEASES]
    assert releases == [row["torch"] for row in table("torch")]
    assert releases == sorted(releases, key=number)


def test_the_machine_code_of_every_wheel_is_what_was_read() -> None:
    assert sorted(
        (row.torch, row.variant, row.machine, row.sms, row.ptx or "") for row in torch.CODE
    ) == sorted(
        (
            *(row[key] for key in ("torch", "variant", "machine")),
            capabilities(row["sm"]),
            capabilities(row["ptx"]) if row["ptx"].isdigit() else "",
        )
        for row in table("torch_code")
    )


def test_torch_cuda_arch_list_takes_what_cpp_extension_lists() -> None:
    def accepted(release: str) -> set[str]:
        at = number(release)
        return {
            sm
            for row in torch.ARCH_LIST_ACCEPTS
            if number(row.first_torch) <= at
            and not (row.last_torch and at >= number(row.last_torch))
            for sm in row.sms.split()
        }

    oldest = "3.5 3.7 5.0 5.2 5.3 6.0 6.1 6.2 7.0 7.2 7.5"
    changes = {
        "1.3": f"+{oldest}",
        "1.5": "",
        "1.6": "+8.0",
        "1.7": "+8.6",
        "1.13": "",
        "2.0": "+8.9 9.0",
        "2.1": "+8.7",
        "2.5": "",
        "2.6": "+10.0",
        "2.7": "+10.1 12.0",
        "2.8": "+10.3 12.1",
        "2.9": "+11.0 -10.1",
        "2.13": "",
        "2.14": "+10.7",
        "2.15": "",
    }
    known: set[str] = set()
    for release, change in changes.items():
        added, _, missing = change.partition("-")
        known = known | set(added.strip("+ ").split()) - set(missing.split())
        known -= set(missing.split())
        assert accepted(release) == known, release


def test_every_set_of_pins_is_one_that_resolved_together() -> None:
    resolved = {(row["numpy"], row["python"]): row["resolved"] for row in table("pins")}
    chosen: dict[tuple[str, str], dict[str, str]] = {key: {} for key in resolved}
    for (bound, python), pins in chosen.items():
        minor = number(python)
        for row in packages.PINS:
            first, last = map(number, row.pythons.split("-"))
            if first <= minor <= last and row.numpy in ("", bound):
                pins.setdefault(row.name, row.version)
    assert {
        key: " ".join(sorted(f"{name}=={version}" for name, version in pins.items()))
        for key, pins in chosen.items()
    } == resolved


def test_pins_reach_from_the_first_to_the_last_python_without_a_gap() -> None:
    for name in {row.name for row in packages.PINS}:
        rows = [row for row in packages.PINS if row.name == name]
        covered = set()
        for row in rows:
            first, last = (number(text)[1] for text in row.pythons.split("-"))
            assert FIRST_MINOR <= first <= last <= 14  # the newest Python of a pin
            covered |= set(range(first, last + 1))
        assert covered == set(range(FIRST_MINOR, 15)), name
    full = {row.name for row in packages.PINS if row.use}
    assert full == {"fairscale", "moviepy"}
    assert {row.use for row in packages.PINS} == {"", "full"}
    bounds = {row.numpy for row in torch.RELEASES} | {""}
    assert {row.numpy for row in packages.PINS} <= bounds
    without_wheel = {"antlr4-python3-runtime", "fairscale", "fvcore", "moviepy"}
    assert set(packages.SDISTS) == without_wheel


def test_every_distribution_is_what_was_recorded() -> None:
    assert [
        {
            **{
                key: getattr(row, key)
                for key in ("id", "version", "family", "glibc", "python", "repository", "naming")
            },
            "key": getattr(row.key, "file", row.key),
            "first_branch": row.first_branch,
            "first_toolkit": row.first_toolkit,
            "gcc": " ".join(map(str, row.compilers)),
        }
        for row in distributions.DISTRIBUTIONS
    ] == [
        {key: value for key, value in row.items() if key != "codename"}
        for row in table("distributions")
    ]


def test_the_drivers_of_the_archives_are_what_their_lists_say() -> None:
    rows = {(row.id, row.version): row for row in distributions.DISTRIBUTIONS}
    recorded: dict[tuple[str, str], list[tuple[str, ...]]] = {}
    for fact in table("archive_drivers"):
        packed = tuple(fact[key] for key in ("branch", "release", "open", "proprietary"))
        recorded.setdefault((fact["id"], fact["version"]), []).append(packed)
    for key, row in rows.items():
        found = [
            (a.branch, a.version, " ".join(a.open), " ".join(a.proprietary)) for a in row.archive
        ]
        assert found == recorded.get(key, []), key
        assert {archive.signed for archive in row.archive} <= {row.id == "ubuntu"}
    toolkits = {key: row.toolkit for key, row in rows.items() if row.toolkit}
    assert {key: tuple(found)[:4] for key, found in toolkits.items()} == {
        ("debian", "12"): ("11.8", "535", ("nvidia-cuda-toolkit",), "/usr"),
        ("debian", "13"): ("12.4", "550", ("nvidia-cuda-toolkit",), "/usr"),
    }


def test_no_row_of_memory_changes_unnoticed() -> None:
    recorded = {row["product"]: int(row["memory"]) for row in table("gpu_memory")}
    assert {row.product: row.gib for row in gpu_memory.GPU_MEMORY} == recorded


def test_every_branch_is_what_nvidias_pages_say() -> None:
    keys = ("branch", "newest", "designation", "ends", "first_device", "last_device")
    found = [
        {**dict(zip(keys, row[:6], strict=True)), "kernel": row.kernel} for row in drivers.BRANCHES
    ]
    assert found == table("branches")
    assert len(found) == 25
    # A branch without a bound is one whose releases still come.
    unbounded = {row.branch for row in drivers.BRANCHES if not row.kernel}
    assert unbounded == {"580", "595", "615", "620"}


def test_the_ranges_of_pci_ids_give_the_last_branch_of_every_gpu() -> None:
    def last_branch(device: str) -> tuple[str, str]:
        (row,) = (row for row in drivers.RANGES if row.first <= device <= row.last)
        return row.last_branch or "current", row.flavour

    for fact in table("gpus"):
        branch, flavour = last_branch(fact["device"])
        assert branch == fact["last_branch"].split()[0], fact
        assert (flavour == "proprietary") is (fact["module"] == "proprietary-only"), fact
    spans = [(row.first, row.last) for row in drivers.RANGES]
    assert spans == [("0000", "133f"), ("1340", "1dff"), ("1e00", "ffff")]
    assert [row.flavour for row in drivers.RANGES] == ["proprietary", "proprietary", "open"]
    families = [row.families for row in drivers.RANGES]
    assert families == ["Kepler or older", "Maxwell, Pascal or Volta", "Turing or newer"]


def test_a_chip_is_driven_from_the_first_release_that_lists_it_or_its_toolkit_on() -> None:
    first_listed: dict[str, str] = {}
    for fact in table("gpus"):
        if fact["first_driver"]:
            known = first_listed.setdefault(fact["capability"], fact["first_driver"])
            first_listed[fact["capability"]] = min(known, fact["first_driver"], key=number)
    first_toolkit: dict[str, str] = {}
    for fact in table("toolkits"):
        for capability in capabilities(fact["sm"]).split():
            first_toolkit.setdefault(capability, fact["ga_driver"])
    first_toolkit_of_family = {
        fact["cuda"].split(".")[0]: fact["ga_driver"] for fact in reversed(table("toolkits"))
    }
    found = {row.capability: row.driver for row in drivers.FIRST_DRIVERS}
    assert len(found) == len(drivers.FIRST_DRIVERS)
    assert found == {
        "8.9": "520.56.06",  # of the branch of the first toolkit with its code
        "9.0": first_toolkit_of_family["12"],
        **{name: first_toolkit[name] for name in ("10.0", "11.0", "10.7")},
        **{name: first_listed[name] for name in ("12.0", "10.3", "12.1")},
    }


def test_chips_that_take_the_open_module_alone_are_of_these_architectures() -> None:
    only = {row["architecture"] for row in table("gpus") if row["module"] == "open-only"}
    assert set(drivers.OPEN_ONLY) <= only | {"Rubin"}
    assert drivers.OPEN_ONLY == ("Blackwell", "Rubin")
    assert drivers.FIRST_OPEN_BRANCH == "560"


def test_every_header_of_nvenc_needs_the_driver_of_its_readme_and_is_pinned() -> None:
    recorded = {row["tag"]: row["driver"] for row in table("nvenc_headers")}
    assert {row.tag: row.minimum_driver for row in ffmpeg.HEADERS}.items() <= recorded.items()
    for row in ffmpeg.HEADERS:
        assert row.commit == PINNED["nv-codec-headers", row.tag]
        assert row.sha256 == PINNED.get(("nv-codec-headers-archive", row.tag), "")
    drivers_of = [number(row.minimum_driver) for row in ffmpeg.HEADERS]
    assert drivers_of == sorted(drivers_of, reverse=True)


def test_every_ffmpeg_is_pinned_and_needs_the_driver_of_its_headers() -> None:
    recorded = {row["tag"]: row["driver"] for row in table("nvenc_headers")}
    release = ffmpeg.RELEASE
    assert release.sha256 == PINNED["ffmpeg", release.version]
    assert release.oldest_header == ffmpeg.HEADERS[-1].tag == "n11.0.10.3"
    found = [tuple(row)[:6] for row in ffmpeg.PACKAGES]
    # Debian 12 has n11.1.5.2, whose README is that of n11.1.5.3.
    assert found == [
        ("debian", "12", "x86_64", "5.1.9", "n11.1.5.2", recorded["n11.1.5.3"]),
        ("debian", "13", "x86_64", "7.1.5", "n12.1.14.0", recorded["n12.1.14.0"]),
    ]
    (static,) = ffmpeg.STATIC
    name, _, version = static.requirement.partition("==")
    assert static.sha256 == PINNED[name, version]
    assert (static.machine, static.version) == ("x86_64", "9.0.2")
    assert static.minimum_driver == recorded["n13.0.19.0"]


def test_every_source_tree_and_upload_is_pinned() -> None:
    for tree in sources.TREES:
        assert tree.commit == PINNED[tree.name, tree.url]
    for upload in sources.UPLOADS:
        name, _, version = upload.requirement.partition("==")
        assert upload.sha256 == PINNED[name, version]
        assert upload.filename == f"{name}-{version}.tar.gz"
    assert [upload.name for upload in sources.UPLOADS] == ["detectron2", "slowfast"]


def test_every_installer_of_miniforge_is_pinned() -> None:
    for row in miniforge.INSTALLERS:
        assert row.sha256 == PINNED[f"miniforge-{row.machine}", row.version]
        match = miniforge.INSTALLER_NAME.search(row.url)
        assert match
        assert match[1] == row.version
        assert row.url.startswith("https://github.com/conda-forge/miniforge/releases/download/26.3")
    assert {row.machine for row in miniforge.INSTALLERS} == {"x86_64", "aarch64"}
    assert miniforge.CHANNEL_URL.endswith(f"/{miniforge.CHANNEL}")


def test_system_packages_are_names_of_the_archives() -> None:
    assert {
        (family, need): names
        for family, needs in distributions.SYSTEM_PACKAGES.items()
        for need, names in needs.items()
    } == {
        (fact["family"], fact["need"]): tuple(fact["packages"].split())
        for fact in table("system_packages")
        if fact["need"] in distributions.SYSTEM_PACKAGES[fact["family"]]
    }


def test_rebuilds_and_codenames_are_those_of_os_release() -> None:
    assert dict.fromkeys(("rocky", "almalinux", "centos", "ol"), "rhel") == distributions.SAME_AS
    assert {
        (row["id"], row["version"]): row["codename"]
        for row in table("distributions")
        if row["codename"]
    } == distributions.CODENAMES
