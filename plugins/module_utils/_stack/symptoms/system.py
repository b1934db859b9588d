"""Symptoms of the operating system in any program: disks, memory for sharing, open files."""

from __future__ import annotations

from .row import Symptom

_ERRNO = "strerror(3) of the GNU C library; messages of Python, Rust, dpkg and GCC reproduced on 2026-12-01"
_RESUMES = "Then run the same command again; it resumes."

SYMPTOMS = (
    Symptom(
        "memory.shared-full",
        "torch, NCCL",
        (
            "{}DataLoader worker (pid {}) is killed by signal: Bus error.{}",
            "ERROR: Unexpected bus error encountered in worker. This might be caused by insufficient shared memory (shm).{}",
            "{}[Errno 28] No space left on device: '/dev/shm/{}'",
            "{}unable to write to file </torch_{}>: No space left on device (28)",
            "{}unable to allocate shared memory(shm) for file </torch_{}>: {}",
            "{}unable to open shared memory object </torch_{}> in read-write mode: No space left on device (28)",
            "{}NCCL WARN Error: failed to extend /dev/shm/{}",
            "{}NCCL WARN Error while creating shared memory segment {}",
            "{}NCCL WARN Call to posix_fallocate failed : No space left on device",
        ),
        "The shared memory of the machine is full.",
        "df -h /dev/shm; ls -la /dev/shm",
        "https://github.com/pytorch/pytorch/issues/5040 https://github.com/NVIDIA/nccl/issues/290",
        "Use fewer loaders (DATA_LOADER.NUM_WORKERS), or give the machine more shared memory (a container: `docker run --shm-size=16g`).",
    ),
    Symptom(
        "disk.full",
        "any",
        (
            "{}: No space left on device",
            "{}(No space left on device)",
            "{}'No space left on device'",
            "{}No space left on device (os error 28){}",
            "{}[Errno 28] No space left on device{}",
            "{}- write (28: No space left on device)",
            "E: You don't have enough free space in {}",
            "At least {} more space needed on the {} filesystem.",
            "{}installing package {} needs {} more space on the {} filesystem",
            "{}installing package {} needs {} inodes on the {} filesystem",
        ),
        "The disk is full: a file system of this host has no space or no inodes left.",
        "df -h; df -i",
        _ERRNO,
        f"Free disk space there; in /boot, remove old kernels. {_RESUMES}",
        "disk.full",
    ),
    Symptom(
        "disk.quota",
        "any",
        (
            "{}: Disk quota exceeded",
            "{}(Disk quota exceeded)",
            "{}Disk quota exceeded (os error 122){}",
            "{}[Errno 122] Disk quota exceeded{}",
        ),
        "The quota of this user on a disk is used up.",
        "quota -s",
        _ERRNO,
        f"Remove files, or use a folder on another disk. {_RESUMES}",
        "disk.full",
    ),
    Symptom(
        "disk.read-only",
        "any",
        (
            "{}: Read-only file system",
            "{}(30: Read-only file system)",
            "{}(Read-only file system)",
            "{}Read-only file system (os error 30){}",
            "{}[Errno 30] Read-only file system{}",
        ),
        "A file system that must be written is mounted read-only, as after an error of the disk.",
        "findmnt -O ro; sudo dmesg | grep -i 'remount'",
        _ERRNO,
        "Check the disk, mount it writable, or use another folder.",
        "system.refused",
    ),
    Symptom(
        "disk.error",
        "any",
        (
            "{}: Input/output error",
            "{}(Input/output error)",
            "{}Input/output error (os error 5){}",
            "{}[Errno 5] Input/output error{}",
        ),
        "A disk or a network file system reported an error.",
        "sudo dmesg | tail -n 50",
        _ERRNO,
        "The disk may be failing; copy its data.",
        "system.refused",
    ),
    Symptom(
        "system.open-files",
        "any",
        (
            "{}: Too many open files",
            "{}Too many open files (os error 24){}",
            "{}[Errno 24] Too many open files{}",
            "RuntimeError: received 0 items of ancdata",
            "{}unable to open shared memory object </torch_{}> in read-write mode: Too many open files (24)",
        ),
        "A process has more open files than this user may have.",
        "ulimit -n 65536",
        "strerror(3), EMFILE; torch.multiprocessing",
        "Use fewer loaders (DATA_LOADER.NUM_WORKERS), or raise the limit.",
    ),
    Symptom(
        "system.no-threads",
        "any",
        (
            "{}RuntimeError: can't start new thread",
            "{}: Resource temporarily unavailable (os error 11)",
            "{}fork: retry: Resource temporarily unavailable",
            "{}[Errno 11] Resource temporarily unavailable",
            "OpenBLAS blas_thread_init: pthread_create failed for thread {} of {}: Resource temporarily unavailable",
        ),
        "This user or container may not start more processes or threads.",
        "ulimit -u; cat /sys/fs/cgroup/pids.max",
        "pthread_create(3), EAGAIN",
        "Set OMP_NUM_THREADS=1, use fewer loaders, or raise the limit.",
    ),
)
