"""Small trees, written for these tests: each has the form that one patch patches."""

from __future__ import annotations

MARK = {
    "slowfast": "slowfast/datasets/decoder.py",
    "detectron2": "detectron2/layers/roi_align.py",
    "pytorchvideo": "pytorchvideo/data/encoded_video.py",
}

CHECKPOINT = """\
import pickle

import torch

logger = None


def load_checkpoint(path, model, optimizer=None, scaler=None, epoch_reset=False):
    ms = model
    with open(path, "rb") as f:
        checkpoint = torch.load(f, map_location="cpu")
    model_dict = ms.state_dict()
    fitting = {
        k: v
        for k, v in checkpoint["model_state"].items()
        if k in model_dict and v.size() == model_dict[k].size()
    }
    not_load_layers = [k for k in model_dict if k not in fitting]
    if not_load_layers:
        for k in not_load_layers:
            logger.info("Network weights {} not loaded.".format(k))
    ms.load_state_dict(fitting, strict=False)
    epoch = -1
    if "epoch" in checkpoint.keys() and not epoch_reset:
        epoch = checkpoint["epoch"]
        if optimizer:
            optimizer.load_state_dict(checkpoint["optimizer_state"])
        if scaler:
            scaler.load_state_dict(checkpoint["scaler_state"])
    return epoch
"""

GATHER = """\
import pickle


def receive(buffer):
    return pickle.loads(buffer)
"""

CAUGHT = CHECKPOINT.replace(
    """            optimizer.load_state_dict(checkpoint["optimizer_state"])
""",
    """            try:
                optimizer.load_state_dict(checkpoint["optimizer_state"])
            except ValueError as e:
                print(f"skipped: {e}")
""",
)

SET_LR = """\
import torch


def construct_optimizer(params, name):
    if name == "mt_adamw":
        return torch.optim._multi_tensor.AdamW(params, lr=0.1, eps=1e-08)
    return torch.optim.SGD(params, lr=0.1)


def set_lr(optimizer, new_lr):
    for param_group in optimizer.param_groups:
        param_group["lr"] = new_lr * param_group["layer_decay"]  # per layer
"""

LOADER = """\
import torch

from .build import build_dataset


def construct_loader(cfg, split):
    batch_size = int(cfg.TRAIN.BATCH_SIZE / cfg.NUM_GPUS)
    dataset = build_dataset(cfg, split)
    loader = torch.utils.data.DataLoader(dataset, batch_size=batch_size, drop_last=True)
    return loader
"""

CLIPS = """\
import torch


class PTVDatasetWrapper(torch.utils.data.IterableDataset):
    def __init__(self, num_videos, clips_per_video, dataset):
        self._clips_per_video = clips_per_video
        self._num_videos = num_videos
        self.dataset = dataset

    def __next__(self):
        return self.dataset.__next__()

    @property
    def sampler(self):
        return self.dataset.video_sampler

    def __len__(self):
        return len(self.sampler) * self._clips_per_video

    def __iter__(self):
        return self


class DictToTuple(torch.nn.Module):
    def __init__(self, num_clips):
        super().__init__()
        self._num_clips = num_clips

    def forward(self, x):
        index = x["video_index"] * self._num_clips + x["clip_index"]

        return x["video"], x["label"], index, {}
"""

COLLATE = f"""\
{LOADER}

def detection_collate(batch):
    inputs, labels, video_idx, time, extra_data = zip(*batch)
    return inputs, labels, video_idx, time, extra_data
"""

VISUALIZATION = """\
import tqdm


def run_visualization(vis_loader, model):
    for inputs, labels, _, meta in tqdm.tqdm(vis_loader):
        model(inputs, meta)


def perform_wrong_prediction_vis(vis_loader, model):
    for batch_idx, (inputs, labels, _, _) in tqdm.tqdm(enumerate(vis_loader)):
        model(inputs)
"""

ENCODED = """\
from pytorchvideo.data.decoder import DecoderType


def select_video_class(decoder):
    if DecoderType(decoder) == DecoderType.PYAV:
        from .encoded_video_pyav import EncodedVideoPyAV

        video_cls = EncodedVideoPyAV
    elif DecoderType(decoder) == DecoderType.TORCHVISION:
        from .encoded_video_torchvision import EncodedVideoTorchVision

        video_cls = EncodedVideoTorchVision
    else:
        raise NotImplementedError(f"Unknown decoder type {decoder}")
    return video_cls
"""

DECODER = """\
import math

import numpy as np
import torch
import torchvision.io as io


def get_start_end_idx(length, size, clip_idx, num_clips):
    return 0, size - 1, 0.0


def torchvision_decode(video_handle, num_frames, video_meta, max_spatial_scale=0):
    video_tensor = torch.from_numpy(np.frombuffer(video_handle, dtype=np.uint8))
    video_start_pts, video_end_pts = 0, -1
    if len(video_meta) == 0:
        meta = io._probe_video_from_memory(video_tensor)
        video_meta["video_fps"] = meta.video_fps
    v_frames, _ = io._read_video_from_memory(
        video_tensor,
        seek_frame_margin=1.0,
        video_min_dimension=max_spatial_scale,
        video_pts_range=(video_start_pts, video_end_pts),
    )
    return [v_frames], video_meta["video_fps"], True, None


def pyav_decode(container, sampling_rate, num_frames, clip_idx, num_clips):
    fps = float(container.streams.video[0].average_rate)
    frames_length = container.streams.video[0].frames
    duration = container.streams.video[0].duration
    if duration is None:
        decode_all_video = True
    else:
        decode_all_video = False
        clip_size = sampling_rate * (num_frames - 1) + 1
        start_idx, end_idx, fraction = get_start_end_idx(
            frames_length, clip_size, clip_idx, num_clips
        )
    frames = torch.as_tensor(np.stack(container.frames))
    return frames, fps, decode_all_video


def decode(container, sampling_rate, num_frames, clip_idx, num_clips, backend="pyav"):
    num_decode = len(num_frames)
    try:
        if backend == "pyav":
            frames_decoded, fps, decode_all_video = pyav_decode(
                container, sampling_rate, num_frames, clip_idx, num_clips
            )
        else:
            frames_decoded, fps, decode_all_video, start_end_delta_time = torchvision_decode(
                container, num_frames, {}
            )
    except Exception as e:
        print("Failed to decode by {} with exception: {}".format(backend, e))
        return None, None, None
    if frames_decoded is None or None in frames_decoded:
        return None, None, None
    if not isinstance(frames_decoded, list):
        frames_decoded = [frames_decoded]
    return frames_decoded, start_end_delta_time, fps
"""

UTILS = """\
from torch.utils.data.distributed import DistributedSampler
from torchvision import transforms


def create_sampler(dataset, shuffle, cfg):
    sampler = DistributedSampler(dataset) if cfg.NUM_GPUS > 1 else None
    return sampler
"""

GETITEM = """\
class Data:
    def __getitem__(self, index):
        short_cycle_idx = None
        # When short cycle is used, input index is a tuple.
        if isinstance(index, tuple):
            index, self._num_yielded = index
            if self.cfg.MULTIGRID.SHORT_CYCLE:
                index, short_cycle_idx = index
        return index, short_cycle_idx
"""

TRAIN = """\
import torch


def train_epoch(train_loader, step, cfg):
    for cur_iter, (inputs, labels) in enumerate(train_loader):
        with torch.cuda.amp.autocast(enabled=cfg.TRAIN.MIXED_PRECISION):
            step(cur_iter, inputs, labels)
        torch.cuda.synchronize()
    del inputs


def train(cfg, save=id):
    scaler = torch.cuda.amp.GradScaler(enabled=cfg.TRAIN.MIXED_PRECISION)
    save(scaler if cfg.TRAIN.MIXED_PRECISION else None)
    return scaler
"""

TEST = """\
def perform_test(test_loader, model, test_meter, cfg):
    test_meter.iter_tic()
    for inputs in test_loader:
        if cfg.DETECTION.ENABLE:
            preds = model(inputs)
            test_meter.iter_toc()
            test_meter.update_stats(preds)
        else:
            preds = model(inputs)
        test_meter.iter_toc()
        test_meter.update_stats(preds, "classes")
        test_meter.iter_tic()
    return test_meter
"""

NEAREST = """

def nearest(torch, cfg, classes):
    retrieval_one_hot = torch.zeros(classes).cuda()
    return retrieval_one_hot if cfg.NUM_GPUS else None
"""

PREDICTOR = """\
import torch


class Predictor:
    def __init__(self, cfg, gpu_id=None):
        if cfg.NUM_GPUS:
            self.gpu_id = torch.cuda.current_device() if gpu_id is None else gpu_id
        self.detector = (cfg, self.gpu_id)
"""

AVA = """\
import logging

from . import ava_helper
from .build import DATASET_REGISTRY

logger = logging.getLogger(__name__)


@DATASET_REGISTRY.register()
class Ava:
    def _load_data(self, cfg):
        self._image_paths, self._video_idx_to_name = ava_helper.load_image_lists(cfg)
        boxes_and_labels = ava_helper.load_boxes_and_labels(cfg)
        print ( len(boxes_and_labels) )
        print ( len(self._image_paths) )
        #assert len(boxes_and_labels) == len(self._image_paths)
        return [
            boxes_and_labels[self._video_idx_to_name[i]]
            for i in range(len(self._image_paths))
        ]
"""

METRICS = """\
import numpy as np


def average(values):
    if not values:
        return np.NAN
    return np.asarray(values, dtype=np.float).mean()
"""

BUILDER = """\
import torch


def build_model(cfg, make):
    model = make(cfg)
    # Determine the GPU used by the current process
    cur_device = torch.cuda.current_device()
    # Transfer the model to the current GPU device
    model = model.cuda(device=cur_device)
    return model
"""

STATISTICS = """\
def compute_and_update_bn_stats(model, data_loader):
    for ind, (inputs, _, _) in enumerate(data_loader):
        for i in range(len(inputs)):
            inputs[i] = inputs[i].float().cuda(non_blocking=True)
        model(inputs)
"""

LOSSES = """\
import torch
import torch.nn as nn


class ContrastiveLoss(nn.Module):
    def __init__(self, reduction="mean"):
        super().__init__()
        self.reduction = reduction

    def forward(self, inputs, dummy_labels=None):
        targets = torch.zeros(inputs.shape[0], dtype=torch.long).cuda()
        loss = nn.CrossEntropyLoss(reduction=self.reduction).cuda()(inputs, targets)
        return loss


_LOSSES = {"cross_entropy": nn.CrossEntropyLoss, "bce": nn.BCELoss}


def get_loss_func(loss_name):
    return _LOSSES[loss_name]
"""

ROI_HEAD = """\
import torch.nn as nn


class ResNetRoIHead(nn.Module):
    def __init__(self, dim_in, num_classes):
        super().__init__()
        self.projection = nn.Linear(dim_in, num_classes, bias=True)
        self.act = nn.Sigmoid()

    def forward(self, x):
        x = self.projection(x)
        x = self.act(x)
        return x
"""

CONTRASTIVE = """\
import torch
import torch.nn as nn


class ContrastiveModel(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        self.cfg = cfg
        self.num_gpus = cfg.NUM_GPUS
        self.softmax = nn.Softmax(dim=1).cuda()
        self.memory = Memory(4, cfg)

    def shuffled(self, x):
        world_size = self.cfg.NUM_GPUS * self.cfg.NUM_SHARDS
        return torch.randperm(x.shape[0]).cuda().view(world_size, -1)

    def forward(self, x):
        x = self.softmax(x)
        if self.num_gpus:
            x = x.cuda(non_blocking=True)
        return x / torch.ones(x.shape[1]).cuda(non_blocking=True)


class Memory(nn.Module):
    def __init__(self, length, cfg):
        super().__init__()
        self.num_gpus = cfg.NUM_GPUS
        self.resize(length)

    def resize(self, length):
        self.memory = (
            torch.rand(length)
            .mul_(2)
            .cuda()
        )
"""

IMAGES = """\
import torch
from . import transform


class Imagenet:
    def __init__(self, cfg, mode):
        self.cfg = cfg
        self.mode = mode

    def _prepare_im_res(self, im):
        train_size, test_size = (
            self.cfg.DATA.TRAIN_CROP_SIZE,
            self.cfg.DATA.TEST_CROP_SIZE,
        )
        if self.mode != "train":
            im, _ = transform.uniform_crop(
                im, test_size, spatial_idx=1, scale_size=train_size
            )
        return im

    def _prepare_im_tf(self, im):
        im = im.flip(-1)
        return im

    def __getitem__(self, im):
        return [self._prepare_im_res(im)], 0
"""

MULTIGRID = """\
class MultigridSchedule:
    def update_long_cycle(self, cfg, base_b):
        cfg.TRAIN.BATCH_SIZE = base_b * cfg.MULTIGRID.DEFAULT_B
        bs_factor = (
            float(cfg.TRAIN.BATCH_SIZE / cfg.NUM_GPUS) / cfg.MULTIGRID.BN_BASE_SIZE
        )
        if bs_factor < 1:
            cfg.BN.NORM_TYPE = "sync_batchnorm"
            cfg.BN.NUM_SYNC_DEVICES = int(1.0 / bs_factor)
        elif bs_factor > 1:
            cfg.BN.NORM_TYPE = "sub_batchnorm"
            cfg.BN.NUM_SPLITS = int(bs_factor)
        else:
            cfg.BN.NORM_TYPE = "batchnorm"
        return cfg
"""

PTV_MVIT = """\
class PTVMViT:
    def __init__(self, cfg):
        self._construct_network(cfg)

    def _construct_network(self, cfg):
        self.model = create_multiscale_vision_transformers(
            depth=cfg.MVIT.DEPTH,
            pool_kv_stride_size=cfg.MVIT.POOL_KV_STRIDE,
            pool_kv_stride_adaptive=cfg.MVIT.POOL_KV_STRIDE_ADAPTIVE,
        )
"""

MVIT = """\
class MViT:
    def __init__(self, cfg):
        self.enable_rev = cfg.MVIT.REV.ENABLE
        self.cls_embed_on = cfg.MVIT.CLS_EMBED_ON
        self.tokens = 8 + 1 if self.cls_embed_on else 8
        if self.enable_rev:
            # rev does not allow cls token
            assert not self.cls_embed_on
            self.blocks = [cfg.MVIT.CLS_EMBED_ON]
"""

MIXED_PRECISION = """\
_C = make()
_C.TRAIN.MIXED_PRECISION = False


def assert_and_infer_cfg(cfg):
    assert cfg.NUM_GPUS >= 0
    return cfg
"""

ACCUMULATION = """\
import torch


def train_epoch(train_loader, model, optimizer, scaler, cur_epoch, cfg, rates):
    data_size = len(train_loader)
    loss_fun = torch.nn.CrossEntropyLoss(reduction="mean")
    for cur_iter, (inputs, labels) in enumerate(train_loader):
        epoch_exact = cur_epoch + float(cur_iter) / data_size
        for group in optimizer.param_groups:
            group["lr"] = 0.1 / (1 + epoch_exact)
        optimizer.zero_grad()
        preds = model(inputs)
        loss = loss_fun(preds, labels)
        # Perform the backward pass.
        scaler.scale(loss).backward()
        scaler.unscale_(optimizer)
        # Clip gradients if necessary
        grad_norm = torch.nn.utils.clip_grad_norm_(
            model.parameters(), cfg.SOLVER.CLIP_GRAD_L2NORM
        )
        scaler.step(optimizer)
        scaler.update()
        rates.append((optimizer.param_groups[0]["lr"], loss.item(), grad_norm.item()))
"""

BUILD = """\
import torch

MODEL_REGISTRY = {}


def build_model(cfg):
    name = cfg.MODEL.MODEL_NAME
    model = MODEL_REGISTRY.get(name)(cfg)
    return model
"""

RESNET = """\
class ResNet:
    def _construct_network(self, cfg):
        s1, s2 = cfg.STAGES
        if cfg.MODEL.ACT_CHECKPOINT:
            validate_checkpoint_wrapper_import(checkpoint_wrapper)
            self.s1 = checkpoint_wrapper(s1)
            self.s2 = checkpoint_wrapper(s2)
        else:
            self.s1 = s1
            self.s2 = s2
"""

TRAIN_KEYS = """\
_C = make()
_C.TRAIN.BATCH_SIZE = 64


def _assert_and_infer_cfg(cfg):
    return cfg
"""

D2_SETUP = """\
from os import path

from setuptools import setup


def get_extensions():
    raise SystemExit("csrc is missing")


setup(name="detectron2", ext_modules=get_extensions())
"""

D2_SOURCES = """\
import glob
from os import path


def get_extensions():
    extensions_dir = path.join("detectron2", "layers", "csrc")
    main_source = path.join(extensions_dir, "vision.cpp")
    sources = glob.glob(path.join(extensions_dir, "**", "*.cpp"))
    return [main_source] + sources
"""

D2_CHECKPOINT = """\
import torch


class DetectionCheckpointer:
    def _load_file(self, filename):
        with open(filename, "rb") as f:
            data = torch.load(f)
        return data
"""

SAVE = """\
import os

import slowfast.utils.distributed as du
import torch


def load_checkpoint(path):
    return path


def save_checkpoint(path_to_job, model, epoch, cfg, pathmgr):
    if not du.is_master_proc(cfg.NUM_GPUS * cfg.NUM_SHARDS):
        return None
    state = model.module.state_dict() if cfg.NUM_GPUS > 1 else model.state_dict()
    checkpoint = {"epoch": epoch, "model_state": state}
    path_to_checkpoint = os.path.join(path_to_job, f"checkpoint_{epoch}.pyth")
    with pathmgr.open(path_to_checkpoint, "wb") as f:
        torch.save(checkpoint, f)
    return path_to_checkpoint
"""

LAUNCH = """\
import torch


def count(model, cfg):
    return model.module if cfg.NUM_GPUS > 1 else model


def launch_job(cfg, init_method, func, daemon=False):
    \"\"\"Run func on one or more GPUs.\"\"\"
    if cfg.NUM_GPUS > 1:
        torch.multiprocessing.spawn(func, nprocs=cfg.NUM_GPUS, args=(init_method,), daemon=daemon)
    else:
        func(cfg=cfg)
"""

PARSER = """\
import sys


def load_config(args, cfg):
    cfg.NUM_SHARDS = args.num_shards or len(sys.argv)
    return cfg
"""

PARALLEL = """\
import torch


def build_model(cfg, make):
    model = make(cfg)
    if cfg.NUM_GPUS:
        cur_device = torch.cuda.current_device()
        model = model.cuda(device=cur_device)
    if cfg.NUM_GPUS > 1:
        model = torch.nn.parallel.DistributedDataParallel(
            module=model, device_ids=[cur_device], output_device=cur_device
        )
    return model
"""

# id of a patch -> the files that it is made for
BROKEN: dict[str, dict[str, str]] = {
    "fork-lr-weight-decay": {
        "slowfast/models/optimizer.py": SET_LR.replace('"layer_decay"', '"weight_decay"')
    },
    "fork-pillow-image": {
        "slowfast/datasets/kinetics.py": "def image(tv, x):\n    return tv.ToPillowImage()(x)\n"
    },
    "fork-use-pillow": {
        "slowfast/datasets/transform.py": (
            "class GaussianBlurVideo:\n    def __init__(self, sigma=2.0, use_Pillow=False):\n"
            "        self.blur = sigma, use_Pillow\n"
        )
    },
    "fork-random-sampler": {
        "slowfast/datasets/utils.py": UTILS.replace("else None", "else RandomSampler(dataset)")
    },
    "fork-assert-print": {"slowfast/datasets/ava_dataset.py": AVA},
    "fork-short-cycle-guard": {
        "slowfast/datasets/ssv2.py": GETITEM.replace(
            "                index, short",
            "                if isinstance(index, tuple):\n                    index, short",
        )
    },
    "fork-label-map": {
        "slowfast/config/defaults.py": (
            '_C = make()\n_C.AVA.LABEL_MAP_FILE = "ava_action_list_v2.2.pbtxt"  # all\n'
            '_C.DEMO.COMMON_CLASS_NAMES = [\n    "walk",\n    "sit",\n    "extract",\n]\n'
        )
    },
    "fork-optimizer-try": {"slowfast/utils/checkpoint.py": CAUGHT},
    "company-imports": {
        "tools/run_net.py": "from vision.fair.slowfast.tools.test_net import test\n",
        "slowfast/utils/ava_eval_helper.py": (
            "from vision.fair.slowfast.ava_evaluation import (\n    standard_fields,  # names\n)\n"
        ),
    },
    "torch-six": {
        "slowfast/datasets/multigrid_helper.py": (
            'import torch\n\nTORCH_MAJOR = int(torch.__version__.split(".")[0])\n'
            'TORCH_MINOR = int(torch.__version__.split(".")[1])\n\n'
            "if TORCH_MAJOR >= 1 and TORCH_MINOR >= 8:\n    _int_classes = int\nelse:\n"
            "    from torch._six import int_classes as _int_classes\n"
        )
    },
    "setup-names": {
        "setup.py": 'setup(\n    install_requires=[\n        "PIL",\n        "sklearn"\n    ],\n)\n'
    },
    "numpy-nan-alias": {"ava_evaluation/metrics.py": METRICS},
    "dead-torchvision-decoder": {"slowfast/datasets/decoder.py": DECODER},
    "pyav-decoder": {"slowfast/datasets/decoder.py": DECODER},
    "short-cycle-sampler": {"slowfast/datasets/utils.py": UTILS},
    "short-cycle-index": {
        "slowfast/datasets/kinetics.py": GETITEM,
        "slowfast/datasets/ava_dataset.py": GETITEM.replace("index", "idx").replace(
            "short_cycle_index", "short_cycle_idx"
        ),
    },
    "clip-tuple": {
        "slowfast/datasets/ptv_datasets.py": CLIPS,
        "slowfast/datasets/loader.py": COLLATE,
    },
    "clip-iterator": {"slowfast/datasets/ptv_datasets.py": CLIPS},
    "visualization-batch": {
        "tools/visualization.py": VISUALIZATION,
        "slowfast/datasets/loader.py": COLLATE,
    },
    "empty-loader": {"slowfast/datasets/loader.py": LOADER, "tools/train_net.py": TRAIN},
    "checkpoint-weights-only": {
        "slowfast/utils/checkpoint.py": CHECKPOINT,
        "slowfast/utils/distributed.py": GATHER,
    },
    "optimizer-state": {"slowfast/utils/checkpoint.py": CHECKPOINT},
    "layer-decay-default": {"slowfast/models/optimizer.py": SET_LR},
    "scaler-state": {"slowfast/utils/checkpoint.py": CHECKPOINT},
    "weights-not-loaded": {"slowfast/utils/checkpoint.py": CHECKPOINT},
    "multi-tensor-adamw": {"slowfast/models/optimizer.py": SET_LR},
    "cuda-amp": {"tools/train_net.py": TRAIN},
    "mixed-precision-dtype": {
        "tools/train_net.py": TRAIN,
        "slowfast/config/defaults.py": MIXED_PRECISION,
    },
    "gradient-accumulation": {
        "tools/train_net.py": ACCUMULATION,
        "slowfast/config/defaults.py": TRAIN_KEYS,
    },
    "activation-checkpointing": {
        "slowfast/models/build.py": BUILD,
        "slowfast/models/video_model_builder.py": RESNET,
        "slowfast/config/defaults.py": f"{MIXED_PRECISION}\n\n_C.MODEL.ACT_CHECKPOINT = False\n",
    },
    "atomic-checkpoint": {"slowfast/utils/checkpoint.py": SAVE},
    "torchrun-launch": {
        "slowfast/utils/misc.py": LAUNCH,
        "slowfast/utils/parser.py": PARSER,
        "slowfast/utils/checkpoint.py": SAVE,
        "slowfast/models/build.py": PARALLEL,
        "slowfast/datasets/utils.py": UTILS,
    },
    "cpu-synchronize": {"tools/train_net.py": TRAIN},
    "cpu-multigrid": {"slowfast/utils/multigrid.py": MULTIGRID},
    "cpu-contrastive": {
        "slowfast/models/contrastive.py": CONTRASTIVE,
        "slowfast/models/losses.py": LOSSES,
        "tools/test_net.py": f"{TEST}{NEAREST}",
    },
    "image-time-axis": {
        "slowfast/datasets/imagenet.py": IMAGES,
        "slowfast/config/defaults.py": f"{MIXED_PRECISION}\n\n_C.MVIT.PATCH_2D = False\n",
    },
    "predictor-gpu-id": {"slowfast/visualization/predictor.py": PREDICTOR},
    "ava-test-timer": {"tools/test_net.py": TEST},
    "empty-kv-stride": {"slowfast/models/ptv_model_builder.py": PTV_MVIT},
    "reversible-class-token": {"slowfast/models/video_model_builder.py": MVIT},
    "ava-mixed-precision": {
        "slowfast/models/losses.py": LOSSES,
        "slowfast/models/head_helper.py": ROI_HEAD,
        "slowfast/config/defaults.py": MIXED_PRECISION,
    },
    "pypi-model-to-cpu": {"slowfast/models/model_builder.py": BUILDER},
    "pypi-loader-on-cpu": {"slowfast/datasets/loader.py": LOADER},
    "pypi-bn-statistics": {"slowfast/utils/bn_helper.py": STATISTICS},
    "missing-csrc": {"setup.py": D2_SETUP},
    "vision-first": {"setup.py": D2_SOURCES},
    "missing-extension": {
        "detectron2/layers/deform_conv.py": "from detectron2 import _C\n\nCALL = _C\n",
        "detectron2/evaluation/coco_evaluation.py": (
            "COCOeval = list\nfrom detectron2.evaluation.fast_eval_api import COCOeval_opt\n"
        ),
    },
    "pkg-resources": {
        "detectron2/model_zoo/model_zoo.py": (
            "import os\nimport pkg_resources\n\n\ndef get_config_file(config_path):\n"
            "    return pkg_resources.resource_filename(\n"
            '        "detectron2.model_zoo", os.path.join("configs", config_path)\n    )\n'
        )
    },
    "pil-linear": {
        "detectron2/data/transforms/transform.py": (
            "from PIL import Image\n\n\ndef extent(interp=Image.LINEAR):\n    return interp\n"
        )
    },
    "detectron2-numpy-aliases": {"detectron2/structures/masks.py": METRICS},
    "detectron2-weights-only": {"detectron2/checkpoint/detection_checkpoint.py": D2_CHECKPOINT},
    "functional-tensor": {
        "pytorchvideo/transforms/augmentations.py": (
            "import torchvision.transforms.functional_tensor as F_t\n\nAFFINE = F_t.affine\n"
        )
    },
    "hub-weights-only": {
        "pytorchvideo/models/hub/x3d.py": (
            "from torch.hub import load_state_dict_from_url\n\nLOAD = load_state_dict_from_url\n"
        )
    },
    "clip-decoder": {"pytorchvideo/data/encoded_video.py": ENCODED},
    "cat-all-gather": {
        "pytorchvideo/layers/distributed.py": (
            "import torch\n\n\ndef get_world_size() -> int:\n    return 1\n"
        )
    },
}


def files(patch: str, component: str) -> dict[str, bytes]:
    """Return the small tree of a patch."""
    written = {MARK[component]: "# marks the tree\n", **BROKEN[patch]}
    return {path: text.encode() for path, text in written.items()}


def combined(component: str, patches: list[str]) -> dict[str, bytes]:
    """Return one tree with the breakages of many patches; where they share a file, the first."""
    texts = {MARK[component]: "# marks the tree\n"}
    for patch in reversed(patches):
        texts.update(BROKEN[patch])
    return {path: text.encode() for path, text in texts.items()}
