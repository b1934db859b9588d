"""Symptoms of builds: GCC, nvcc, ld, ninja, and the build scripts and headers of PyTorch."""

from __future__ import annotations

from .row import Symptom

_GCC = "g++ 12.2 and nvcc 13.0, reproduced on 2026-12-01"
_TORCH = "torch/utils/cpp_extension.py"
_OTHER_COMPILER = "`slowfast-stack up` installs one that fits."
_TOOLKIT = "Install the planned toolkit."
_UP = "slowfast-stack up --yes"
OUT_OF_MEMORY = "build.out-of-memory"
_EXPLAIN = "slowfast-stack plan --explain"

SYMPTOMS = (
    Symptom(
        OUT_OF_MEMORY,
        "gcc, nvcc, ld",
        (
            "{}fatal error: Killed signal terminated program {}",
            "{}internal compiler error: Killed (program {})",
            "virtual memory exhausted: Cannot allocate memory",
            "{}: out of memory allocating {} bytes after a total of {} bytes",
            "nvcc error   : '{}' died due to signal 9 (Kill signal)",
            "{}: catastrophic error: out of memory",
            "{}fatal error: ld terminated with signal 9 [Killed]",
            "{}: memory exhausted",
            "cc1plus: fatal error: {}Cannot allocate memory",
            "terminate called after throwing an instance of 'std::bad_alloc'",
        ),
        "The compiler ran out of memory.",
        "free -h; nproc",
        _GCC,
        "Lower the jobs, for example `detectron2_jobs: 1` in the inventory, end other programs, or add memory or swap.",
    ),
    Symptom(
        "process.out-of-memory",
        "kernel, shell",
        (
            "Killed",
            "{}Out of memory: Killed process {} ({}) {}",
            "{}: line {}: {} Killed {}",
            "{}Memory cgroup out of memory: Killed process {} ({}) {}",
            "slurmstepd: error: Detected {} oom{}",
        ),
        "The system ended a program because memory was exhausted.",
        "free -h; sudo dmesg | grep -i 'out of memory'",
        "Linux mm/oom_kill.c; bash",
        "Use fewer jobs or loaders, end other programs, or add memory or swap.",
    ),
    Symptom(
        "build.gcc-too-new",
        "nvcc",
        (
            "{}#error -- unsupported GNU version! gcc versions later than {limit:number} are not supported!{}",
        ),
        "The compiler is too new for the CUDA toolkit, which supports GCC up to {limit}.",
        _EXPLAIN,
        _GCC,
        _OTHER_COMPILER,
    ),
    Symptom(
        "build.compiler-too-new",
        "torch",
        (
            "{}is greater than the maximum required version by CUDA {cuda}. {}",
            "{}is greater than the maximum required version by CUDA {cuda} ({}).",
        ),
        "The compiler is too new for CUDA {cuda}.",
        _EXPLAIN,
        _TORCH,
        _OTHER_COMPILER,
    ),
    Symptom(
        "build.compiler-too-old",
        "torch",
        (
            "{}is less than the minimum required version by CUDA {cuda}. {}",
            "{}is less than the minimum required version by CUDA {cuda} ({}).",
        ),
        "The compiler is too old for CUDA {cuda}.",
        _EXPLAIN,
        _TORCH,
        _OTHER_COMPILER,
    ),
    Symptom(
        "build.old-standard",
        "gcc, torch",
        (
            "{}#error You need {standard} to compile PyTorch{}",
            "{}#error {standard} or later compatible compiler is required to use PyTorch.",
            "{}: error: unrecognized command line option '-std={standard}'{}",
            "{}: error: unrecognized command-line option '-std={standard}'{}",
        ),
        "The compiler is too old for the headers of PyTorch ({standard}).",
        _EXPLAIN,
        _GCC,
        _OTHER_COMPILER,
    ),
    Symptom(
        "build.other-cuda",
        "torch",
        (
            "{}The detected CUDA version ({cuda}) mismatches the version that was used to compile{}",
            "{}The detected CUDA version ({cuda}) mismatches the version",
        ),
        "The toolkit is CUDA {cuda}, and PyTorch is a build for another major version.",
        _UP,
        _TORCH,
        _TOOLKIT,
    ),
    Symptom(
        "build.unknown-architecture",
        "nvcc",
        ("nvcc fatal   : Unsupported gpu architecture '{architecture}'",),
        "The toolkit makes no code for {architecture}.",
        _UP,
        _GCC,
        _TOOLKIT,
    ),
    Symptom(
        "build.no-python-headers",
        "gcc",
        (
            "{}fatal error: Python.h: No such file or directory{}",
            "{}fatal error: pyconfig.h: No such file or directory{}",
        ),
        "The headers of Python are missing (Python.h).",
        "sudo apt-get install python3-dev || sudo dnf install python3-devel",
        _GCC,
        "Install the development package of this Python.",
    ),
    Symptom(
        "build.no-cuda-header",
        "gcc, nvcc",
        (
            "{}fatal error: cusparse.h: No such file or directory{}",
            "{}fatal error: cublas_v2.h: No such file or directory{}",
            "{}fatal error: cusolverDn.h: No such file or directory{}",
            "{}fatal error: cuda_runtime.h: No such file or directory{}",
            "{}fatal error: cuda_runtime_api.h: No such file or directory{}",
            "{}fatal error: cuda.h: No such file or directory{}",
            "{}fatal error: curand.h: No such file or directory{}",
            "{}fatal error: cufft.h: No such file or directory{}",
            "{}fatal error: thrust/{}: No such file or directory{}",
        ),
        "The CUDA toolkit is incomplete: one of its headers is missing.",
        _UP,
        f"{_GCC}; breakages of 2026-11-22",
        _TOOLKIT,
    ),
    Symptom(
        "build.no-ffmpeg-header",
        "gcc",
        ("{}fatal error: ffnvcodec/{}: No such file or directory{}",),
        "The headers of NVIDIA's codecs (nv-codec-headers) are missing.",
        _UP,
        "FFmpeg",
    ),
    Symptom(
        "build.ffmpeg-without-codecs",
        "ffmpeg configure",
        (
            "ERROR: {} requested, but not all dependencies are satisfied: ffnvcodec",
            "ERROR: nvenc requested but not found",
        ),
        "FFmpeg's build finds no headers of NVIDIA's codecs (nv-codec-headers).",
        _UP,
        "FFmpeg, configure",
    ),
    Symptom(
        "build.no-compiler",
        "gcc, nvcc, setuptools",
        (
            "nvcc fatal   : Failed to preprocess host compiler properties.",
            "error: command '{}g++' failed: No such file or directory",
            "error: command '{}gcc' failed: No such file or directory",
            "unable to execute '{}gcc': No such file or directory",
            "unable to execute '{}g++': No such file or directory",
            "{}fatal error: cannot execute 'cc1plus': execvp: No such file or directory",
        ),
        "There is no C++ compiler, or the host compiler of nvcc cannot be started.",
        "sudo apt-get install g++ || sudo dnf install gcc-c++",
        _GCC,
    ),
    Symptom(
        "build.no-nvcc",
        "torch, setuptools",
        (
            "{}CUDA_HOME environment variable is not set. Please set it to your CUDA install root.",
            "error: command '{}nvcc' failed: No such file or directory",
            "unable to execute '{}nvcc': No such file or directory",
            "{}nvcc: not found",
            "{}nvcc: command not found",
        ),
        "The CUDA toolkit is not installed, or CUDA_HOME does not name it.",
        _UP,
        _TORCH,
        _TOOLKIT,
    ),
    Symptom(
        "build.no-architecture",
        "torch",
        ("arch_list[-1] += '+PTX'",),
        "No GPU is visible and TORCH_CUDA_ARCH_LIST is not set, so the build has no architecture to compile for.",
        _UP,
        "torch 2.11, run on 2026-11-22",
        "By hand, set TORCH_CUDA_ARCH_LIST, such as 9.0 for an H100.",
    ),
    Symptom(
        "build.no-library",
        "ld",
        (
            "{}ld: cannot find -l{library:word}",
            "{}ld: cannot find -l{library:word}: No such file or directory",
        ),
        "The linker does not find the library {library}.",
        "ldconfig -p | grep {library}",
        _GCC,
        "Install the development package that has it.",
    ),
    Symptom(
        "build.missing-source",
        "ninja",
        (
            "ninja: error: '{source:word}', needed by '{target:word}', missing and no known rule to make it",
        ),
        "The source file {source} is missing: the package has no sources to compile, or the tree is incomplete.",
        "ls {source}",
        "ninja 1.11.1, reproduced on 2026-12-01",
    ),
    Symptom(
        "build.no-ninja",
        "torch",
        ("{}Ninja is required to load C++ extensions{}",),
        "ninja, which compiles the extension, is not in the environment.",
        "uv pip install ninja",
        _TORCH,
    ),
)
