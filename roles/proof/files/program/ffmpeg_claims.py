"""FFmpeg has what was asked for, and what it decodes and encodes is the picture it was given."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import clips
from claims import Claim

PATTERN = "testsrc2=size=640x360:rate=30:duration=2"
FRAMES = 60
# What NVENC of a card without an encoder says, as A100, H100 and their kin are.
NO_UNIT = "unsupported device"
# Another scaler of the same picture gave 43 dB, the picture two frames later 25.
LOSSY_DB = SCALED_DB = 30.0
# The name of a part in the singular, as -h wants it and repeats it.
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
            f"every part that was asked for; {lossy} through the CPU",
            lambda: made.whole(plan["ffmpeg"]),
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
    """One program, run on synthetic pictures; frames are counted and compared by PSNR."""

    program: Path
    out: Path

    def run(self, *arguments: object) -> tuple[int, str]:
        """Return exit status and all that was said."""
        done = subprocess.run(
            [self.program, "-hide_banner", "-nostdin", "-y", *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
        )
        return done.returncode, done.stdout

    def whole(self, planned: dict) -> tuple[bool, str]:
        """Ask for every part by its name, and send pictures through the CPU."""
        version = self.run("-version")[1].partition("\n")[0]
        if planned["version"] and planned["version"] not in version:
            return False, f"{version}, planned {planned['version']}"
        missing = [name for name in planned["wanted"]["hwaccels"] if not self.accelerates(name)]
        for kind, one in KINDS.items():
            for name in planned["wanted"][kind]:
                said = self.run("-h", f"{one}={name}")[1]
                if not re.search(rf"^{one} {name}\b", said, re.IGNORECASE | re.MULTILINE):
                    missing.append(name)
        if missing:
            return False, f"{version} lacks {', '.join(missing)}"
        sample = self.folder() / "cpu.mp4"
        rc, said = self.run("-f", "lavfi", "-i", PATTERN, "-c:v", "mpeg4", "-q:v", 2, sample)
        if rc:
            return False, _last(said)
        ok, measured = self.compare(["-i", sample], ["-f", "lavfi", "-i", PATTERN], "", FRAMES)
        return ok, f"{version.partition(' Copyright')[0]}, {measured}"

    def accelerates(self, name: str) -> bool:
        """Tell whether a way of hardware acceleration is listed."""
        return name in self.run("-hwaccels")[1].split()

    def decoded(self) -> tuple[bool, str]:
        """Decode H.264 on the card and on the CPU; then the same through scale_cuda."""
        sample = self.folder() / "sample.mp4"
        clips.write_clip(sample, 0, 1, codec="libx264")
        card = _on_the_card("h264_cuvid", sample)
        back = "hwdownload,format=nv12,format=yuv420p"
        exact, whole = self.compare(
            card, ["-i", sample], f"[0:v]{back}[a];[1:v]format=yuv420p[b];[a][b]", clips.FRAMES
        )
        half = f"{clips.WIDTH // 2}:{clips.HEIGHT // 2}"
        graph = f"[0:v]scale_cuda={half},{back}[a];[1:v]scale={half},format=yuv420p[b];[a][b]"
        near, scaled = self.compare(card, ["-i", sample], graph, clips.FRAMES, SCALED_DB)
        return exact and near and "inf dB" in whole, f"decoded {whole}; scaled {scaled}"

    def encoded(self) -> tuple[bool | None, str]:
        """Encode on the card, decode on the card, compare with what was encoded."""
        sample = self.folder() / "nvenc.mp4"
        rc, said = self.run(
            *("-f", "lavfi", "-i", PATTERN, "-pix_fmt", "yuv420p"),
            *("-c:v", "h264_nvenc", "-b:v", "8M", sample),
        )
        if rc and NO_UNIT in said:
            return None, "this card has no NVENC unit: it says that the device is unsupported"
        if rc:
            return False, _last(said)
        back = "[0:v]hwdownload,format=nv12,format=yuv420p[a];[1:v]format=yuv420p[b];[a][b]"
        source = ["-f", "lavfi", "-i", PATTERN]
        return self.compare(_on_the_card("h264_cuvid", sample), source, back, FRAMES)

    def compare(
        self, first: list, second: list, graph: str, frames: int, least: float = LOSSY_DB
    ) -> tuple[bool, str]:
        """Count the frames of two inputs and compare them; ``least`` in dB."""
        rc, said = self.run(*first, *second, "-lavfi", f"{graph}psnr", "-f", "null", "-")
        found = re.search(r"PSNR .*average:(\S+)", said)
        counted = re.findall(r"frame=\s*(\d+)", said)
        if rc or not found or not counted:
            return False, _last(said)
        level, count = float(found.group(1)), int(counted[-1])
        return count == frames and level >= least, f"{count} frames at {level:.1f} dB"

    def folder(self) -> Path:
        """Return the folder for clips, which is there."""
        self.out.mkdir(parents=True, exist_ok=True)
        return self.out


def _on_the_card(decoder: str, path: Path) -> list:
    return ["-hwaccel", "cuda", "-hwaccel_output_format", "cuda", "-c:v", decoder, "-i", path]


def _last(said: str) -> str:
    """Return the lines in which a failed run says why."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    words = re.compile("error|cannot|fail|no capable|driver", re.IGNORECASE)
    telling = [line for line in lines if words.search(line)]
    return " | ".join((telling or lines)[:3])
