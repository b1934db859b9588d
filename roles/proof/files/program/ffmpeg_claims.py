"""Claims: FFmpeg has every requested component, and decodes and encodes correct frames."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import clips
from claims import Claim

PATTERN = "testsrc2=size=640x360:rate=30:duration=2"
FRAMES = 60
# What NVENC reports on a GPU without an encoder, such as A100 and H100.
NO_UNIT = "unsupported device"
# Measured: another scaler of the same frame gives 43 dB, the frame two positions later 25 dB.
LOSSY_DB = SCALED_DB = 30.0
# The singular name of each kind of component, as `ffmpeg -h` expects and prints it.
KINDS = {"encoders": "encoder", "decoders": "decoder", "filters": "filter"}


def claims(plan: dict, folder: Path, out: Path) -> list[Claim]:
    """Return the claims about the FFmpeg in ``folder``; ``out`` takes its clips."""
    if plan["ffmpeg"] is None:
        return []
    made = FFmpeg(folder / "bin" / "ffmpeg", out)
    lossy = f"{FRAMES} frames at {LOSSY_DB:.0f} dB or better"
    return [
        Claim(
            "ffmpeg.build",
            f"every requested component; {lossy} through the CPU",
            lambda: made.built(plan["ffmpeg"]),
        ),
        Claim(
            "ffmpeg.nvdec",
            f"{clips.FRAMES} frames exactly as the CPU decodes them, and scaled within"
            f" {SCALED_DB:.0f} dB",
            made.decoded,
        ),
        Claim("ffmpeg.nvenc", f"{lossy} through NVENC and NVDEC", made.encoded),
    ]


@dataclass(frozen=True)
class FFmpeg:
    """One FFmpeg binary, run on synthetic video; frames are counted and compared by PSNR."""

    program: Path
    out: Path

    def run(self, *arguments: object) -> tuple[int, str]:
        """Return the exit status and the complete output."""
        done = subprocess.run(
            [self.program, "-hide_banner", "-nostdin", "-y", *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
        )
        return done.returncode, done.stdout

    def built(self, planned: dict) -> tuple[bool, str]:
        """Query every component by name, then encode and decode frames on the CPU."""
        version = self.run("-version")[1].partition("\n")[0]
        if planned["version"] and planned["version"] not in version:
            return False, f"{version}, planned {planned['version']}"
        missing = [name for name in planned["wanted"]["hwaccels"] if not self.accelerates(name)]
        for kind, one in KINDS.items():
            for name in planned["wanted"][kind]:
                output = self.run("-h", f"{one}={name}")[1]
                if not re.search(rf"^{one} {name}\b", output, re.IGNORECASE | re.MULTILINE):
                    missing.append(name)
        if missing:
            return False, f"{version} lacks {', '.join(missing)}"
        sample = self.folder() / "cpu.mp4"
        rc, output = self.run("-f", "lavfi", "-i", PATTERN, "-c:v", "mpeg4", "-q:v", 2, sample)
        if rc:
            return False, _last(output)
        ok, measured = self.compare(["-i", sample], ["-f", "lavfi", "-i", PATTERN], "", FRAMES)
        return ok, f"{version.partition(' Copyright')[0]}, {measured}"

    def accelerates(self, name: str) -> bool:
        """Return whether a method of hardware acceleration is listed."""
        return name in self.run("-hwaccels")[1].split()

    def decoded(self) -> tuple[bool, str]:
        """Decode H.264 on the GPU and on the CPU and compare; then repeat through scale_cuda."""
        sample = self.folder() / "sample.mp4"
        clips.write_clip(sample, 0, 1, codec="libx264")
        on_gpu = _on_the_gpu("h264_cuvid", sample)
        back = "hwdownload,format=nv12,format=yuv420p"
        exact, decoded = self.compare(
            on_gpu, ["-i", sample], f"[0:v]{back}[a];[1:v]format=yuv420p[b];[a][b]", clips.FRAMES
        )
        half = f"{clips.WIDTH // 2}:{clips.HEIGHT // 2}"
        graph = f"[0:v]scale_cuda={half},{back}[a];[1:v]scale={half},format=yuv420p[b];[a][b]"
        near, scaled = self.compare(on_gpu, ["-i", sample], graph, clips.FRAMES, SCALED_DB)
        return exact and near and "inf dB" in decoded, f"decoded {decoded};  scaled {scaled}"

    def encoded(self) -> tuple[bool | None, str]:
        """Encode on the GPU, decode on the GPU, compare with the source frames."""
        sample = self.folder() / "nvenc.mp4"
        rc, output = self.run(
            *("-f", "lavfi", "-i", PATTERN, "-pix_fmt", "yuv420p"),
            *("-c:v", "h264_nvenc", "-b:v", "8M", sample),
        )
        if rc and NO_UNIT in output:
            return None, "this GPU has no NVENC unit: NVENC reports an unsupported device"
        if rc:
            return False, _last(output)
        back = "[0:v]hwdownload,format=nv12,format=yuv420p[a];[1:v]format=yuv420p[b];[a][b]"
        source = ["-f", "lavfi", "-i", PATTERN]
        return self.compare(_on_the_gpu("h264_cuvid", sample), source, back, FRAMES)

    def compare(
        self, first: list, second: list, graph: str, frames: int, least: float = LOSSY_DB
    ) -> tuple[bool, str]:
        """Count the frames of two inputs and compare them; ``least`` in dB."""
        rc, output = self.run(*first, *second, "-lavfi", f"{graph}psnr", "-f", "null", "-")
        found = re.search(r"PSNR .*average:(\S+)", output)
        counted = re.findall(r"frame=\s*(\d+)", output)
        if rc or not found or not counted:
            return False, _last(output)
        level, count = float(found.group(1)), int(counted[-1])
        return count == frames and level >= least, f"{count} frames at {level:.1f} dB"

    def folder(self) -> Path:
        """Create and return the folder for clips."""
        self.out.mkdir(parents=True, exist_ok=True)
        return self.out


def _on_the_gpu(decoder: str, path: Path) -> list:
    return ["-hwaccel", "cuda", "-hwaccel_output_format", "cuda", "-c:v", decoder, "-i", path]


def _last(output: str) -> str:
    """Return the lines of the output that explain a failure."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    words = re.compile("error|cannot|fail|no capable|driver", re.IGNORECASE)
    relevant = [line for line in lines if words.search(line)]
    return " | ".join((relevant or lines)[:3])
