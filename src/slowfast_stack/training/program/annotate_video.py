"""Run upstream's demo so that every frame of the video comes out, in bounded memory.

    ENV/bin/python annotate_video.py TREE/tools/run_net.py --cfg FILE --opts ...

Upstream (facebookresearch/SlowFast at 287ec00) drops the frames that do not fill a last clip,
reads on while frames wait to be drawn, and writes MPEG-4, which browsers do not play. The classes
here take the places of its reader and its drawing queue; everything else is upstream's.
"""

from __future__ import annotations

import json
import queue
import runpy
import sys
import time
from fractions import Fraction
from pathlib import Path

import av
import torch
from slowfast.visualization import async_predictor, demo_loader

WAITING = 4  # clips between the model and the file
PATIENCE_S, GLANCE_S = 0.5, 0.02


class FilledCapture:
    """Frames of a video, the last one repeated until the last clip is complete."""

    def __init__(self, capture, length: int, overlap: int) -> None:
        """Fill up to clips of ``length`` frames that share ``overlap`` with the one before."""
        self._capture, self._length, self._step = capture, length, length - overlap
        self._last, self._given, self.real = None, 0, 0

    def read(self):
        """Return whether there is a frame, and the frame: uint8, shape (height, width, 3), BGR."""
        found, frame = self._capture.read()
        if found:
            self.real, self._last = self.real + 1, frame
        elif self._last is None:
            raise OSError("The video has no frame that can be decoded.")
        elif self._given >= self._length and (self._given - self._length) % self._step == 0:
            return False, None
        else:
            frame = self._last.copy()
        self._given += 1
        return True, frame

    def get(self, prop: int) -> float:
        """Return a property as OpenCV does."""
        return self._capture.get(prop)

    def release(self) -> None:
        """Close the video."""
        self._capture.release()


class H264File:
    """A video file that browsers play; an odd last row or column is cut off."""

    def __init__(self, path: str, fps: float) -> None:
        """Open a file for this many frames per second."""
        self._container = av.open(path, "w", options={"movflags": "faststart"})
        rate = Fraction(fps if fps > 0 else 30).limit_denominator(1001)
        self._stream = self._container.add_stream(_encoder(), rate=rate)
        self._stream.pix_fmt = "yuv420p"
        self._shape = None

    def write(self, frame) -> None:
        """Add a frame: uint8, shape (height, width, 3), BGR."""
        if self._shape is None:
            self._shape = tuple(side - side % 2 for side in frame.shape[:2])
            self._stream.height, self._stream.width = self._shape
        height, width = self._shape
        picture = av.VideoFrame.from_ndarray(frame[:height, :width].copy(), format="bgr24")
        self._container.mux(self._stream.encode(picture))

    def release(self) -> None:
        """Write what is left and close."""
        if self._shape is not None:
            self._container.mux(self._stream.encode())
        self._container.close()


def _encoder() -> str:
    return "libx264" if "libx264" in av.codecs_available else "mpeg4"


class CompleteVideo(demo_loader.VideoManager):
    """Upstream's reader and writer, with every frame, and a word about each clip."""

    def __init__(self, cfg) -> None:
        """Open the video and the file to write."""
        super().__init__(cfg)
        total = self.cap.get(demo_loader.cv2.CAP_PROP_FRAME_COUNT)
        self.total = int(total) if total > 0 else 0
        self.cap = FilledCapture(self.cap, self.seq_length, self.buffer_size)
        self.written = self.clips = self.persons = 0
        self.began = time.monotonic()

    def get_output_file(self, path: str, fps: float = 30) -> H264File:
        """Return the file to write."""
        return H264File(path, fps)

    def display(self, task) -> None:
        """Write the frames of a clip that are not yet written, and of the video."""
        new = task.frames[task.num_buffer_frames :][: self.cap.real - self.written]
        for frame in new:
            self.output_file.write(frame)
        self.written += len(new)
        self.clips += 1
        self.persons += 0 if task.bboxes is None else len(task.bboxes)
        self._report("demo_iter", iter=f"{self.written}/{self.total or ''}", eta=self._left())

    def _left(self) -> str:
        spent = time.monotonic() - self.began
        left = spent / self.written * max(0, self.total - self.written) if self.written else 0
        return time.strftime("%H:%M:%S", time.gmtime(left))

    def clean(self) -> None:
        """Close both files and print the counts."""
        super().clean()
        self._report("demo_final", frames=self.written, clips=self.clips, persons=self.persons)

    def _report(self, kind: str, **figures: object) -> None:
        print("json_stats:", json.dumps({"_type": kind, **figures}), flush=True)


class BoundedVis(async_predictor.AsyncVis):
    """Upstream's drawing processes; the model waits for them, and notices when one has died."""

    def put(self, task) -> None:
        """Hand on a clip; return when few enough are under way."""
        super().put(task)
        while len(self.get_indices_ls) > WAITING:
            if self._collect(PATIENCE_S):
                return

    def get(self):
        """Return the next clip in order. Raises IndexError while it is being drawn."""
        if not self.get_indices_ls or not self._collect(GLANCE_S):
            raise IndexError
        return self.result_data.pop(self.get_indices_ls.pop(0))

    def _collect(self, seconds: float) -> bool:
        """Take in a drawn clip; return whether the next in order is there."""
        if self.get_indices_ls[0] in self.result_data:
            return True
        try:
            done = self.result_queue.get(timeout=seconds)
        except queue.Empty:
            if not all(process.is_alive() for process in self.procs):
                raise RuntimeError("A process that draws has died.") from None
            return False
        self.result_data[done.id] = done
        return self.get_indices_ls[0] in self.result_data


def main() -> None:
    """Put the classes in place and run upstream's program."""
    program = Path(sys.argv[1])
    sys.argv = sys.argv[1:]
    sys.path[0] = str(program.parent)
    torch.set_grad_enabled(False)
    demo_loader.VideoManager, async_predictor.AsyncVis = CompleteVideo, BoundedVis
    runpy.run_path(str(program), run_name="__main__")


if __name__ == "__main__":
    main()
