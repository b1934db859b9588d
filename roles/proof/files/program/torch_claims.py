"""Claims: PyTorch is the planned build and computes correctly on the planned device."""

from __future__ import annotations

from claims import Claim


def claims(plan: dict) -> list[Claim]:
    """Return the claims about PyTorch, for the plan of this host."""
    made = [
        Claim(
            "torch.variant",
            f"a build of variant {plan['torch']['variant']}",
            lambda: _variant(plan),
        ),
        Claim("torch.matmul", "within 1e-3 of float64 on the CPU", lambda: _matmul(plan)),
        Claim("torch.solve", "within 1e-2 of float64 on the CPU", lambda: _solve(plan)),
    ]
    if plan["profile"] == "cuda":
        made.append(Claim("torch.cuda", "torch.rand(3, 3).cuda() on every GPU", _cuda))
        made.append(Claim("torch.architectures", "compiled code covers every GPU", _architectures))
    return made


def device(plan: dict) -> str:
    """Return the device on which this plan's claims are made."""
    return "cuda" if plan["profile"] == "cuda" else "cpu"


def _variant(plan: dict) -> tuple[bool, str]:
    import torch

    planned, found = plan["torch_wheels"]["cuda"], torch.version.cuda
    return found == planned, f"torch {torch.__version__}, built for CUDA {found}"


def _matmul(plan: dict) -> tuple[bool, str]:
    import torch

    generator = torch.Generator().manual_seed(0)
    left, right = (torch.rand(256, 256, generator=generator) for _side in range(2))
    where = device(plan)
    torch.backends.cuda.matmul.allow_tf32 = False
    found = (left.to(where) @ right.to(where)).cpu().double()
    error = (found - left.double() @ right.double()).abs().max().item()
    return error < 1e-3, f"largest difference {error:.1e} on {where}"


def _solve(plan: dict) -> tuple[bool, str]:
    import torch

    generator = torch.Generator().manual_seed(0)
    matrix = torch.rand(64, 64, generator=generator) + 64 * torch.eye(64)
    vector = torch.rand(64, 1, generator=generator)
    where = device(plan)
    found = torch.linalg.solve(matrix.to(where), vector.to(where)).cpu().double()
    error = (found - torch.linalg.solve(matrix.double(), vector.double())).abs().max().item()
    return error < 1e-2, f"largest difference {error:.1e} on {where}"


def _cuda() -> tuple[bool, str]:
    import torch

    names = []
    for index in range(torch.cuda.device_count()):
        torch.rand(3, 3).cuda(index)
        names.append(torch.cuda.get_device_name(index))
    return bool(names), ", ".join(names) or "no GPU is visible to PyTorch"


def _architectures() -> tuple[bool, str]:
    import torch

    compiled = torch.cuda.get_arch_list()
    missing = []
    for index in range(torch.cuda.device_count()):
        major, minor = torch.cuda.get_device_capability(index)
        if not any(covers(code, major, minor) for code in compiled):
            missing.append(f"{torch.cuda.get_device_name(index)} ({major}.{minor})")
    found = f"compiled for {' '.join(compiled)}"
    return not missing, f"{found}; not covered: {', '.join(missing)}" if missing else found


def covers(code: str, major: int, minor: int) -> bool:
    """Return whether ``sm_XY`` or ``compute_XY`` code runs on capability ``major.minor``."""
    kind, _underscore, digits = code.partition("_")
    digits = digits.rstrip("af")
    built = (int(digits[:-1]), int(digits[-1]))
    if kind == "compute":
        return built <= (major, minor)
    return built[0] == major and built[1] <= minor
