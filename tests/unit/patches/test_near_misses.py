"""Code that is almost what a patch edits: what its detector reports about each deviation.

A row replaces a text of the small tree of a patch and names the status of that file. A file that
lacks the code needs no patch; one that has it in another form must be refused, not edited by guess.
"""

from __future__ import annotations

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.patches.model import (
    AFFECTED,
    ALREADY_APPLIED,
    NOT_APPLICABLE,
    UNKNOWN,
    Finding,
    examine_file,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.patches.registry import (
    PATCHES,
    by_id,
)
from support import small_trees

TOP = "import torch\n"
OLD_TENSORS = "import torchvision.transforms.functional_tensor as F_t\n"
SYNC = "        torch.cuda.synchronize()\n"
STEPS = (
    "scaler.unscale_(optimizer)\n"
    "        # Clip gradients if necessary\n"
    "        grad_norm = torch.nn.utils.clip_grad_norm_(\n"
    "            model.parameters(), cfg.SOLVER.CLIP_GRAD_L2NORM\n"
    "        )\n"
    "        scaler.step(optimizer)\n"
    "        scaler.update()"
)
FOUR = 'return x["video"], x["label"], index, {}'
LOAD = 'optimizer.load_state_dict(checkpoint["optimizer_state"])'
SCALE = 'scaler.load_state_dict(checkpoint["scaler_state"])'
ITER = "    def __iter__(self):\n        return self\n"
TF = "        im = im.flip(-1)\n        return im\n"

# id -> (text of its small tree, text in place of it, status of that file)
NEAR_MISSES: dict[str, list[tuple[str, str, str]]] = {
    "fork-lr-weight-decay": [
        ("def set_lr(", "def other(", UNKNOWN),
        ('param_group["weight_decay"]', "1.0", NOT_APPLICABLE),
    ],
    "fork-use-pillow": [
        ("class GaussianBlurVideo", "class Other", NOT_APPLICABLE),
        ("use_Pillow=False", "use_PIL=False", NOT_APPLICABLE),
    ],
    "fork-pillow-image": [("ToPillowImage", "ToPILImage", NOT_APPLICABLE)],
    "fork-random-sampler": [
        ("def create_sampler(", "def other(", NOT_APPLICABLE),
        ("else RandomSampler(dataset)", "else None", NOT_APPLICABLE),
        ("DistributedSampler(dataset) if cfg.NUM_GPUS > 1 else ", "", NOT_APPLICABLE),
    ],
    "fork-assert-print": [
        ("class Ava", "class Other", UNKNOWN),
        ("print (", "count(", NOT_APPLICABLE),
        ("print ( len(boxes_and_labels) )", "print(cfg)", AFFECTED),
    ],
    "fork-short-cycle-guard": [
        (
            "if isinstance(index, tuple):\n                    index, short",
            "index, short",
            NOT_APPLICABLE,
        ),
        ("if self.cfg.MULTIGRID.SHORT_CYCLE:", "if self.cfg.OTHER:", NOT_APPLICABLE),
    ],
    "fork-label-map": [
        ("_C.AVA.LABEL_MAP_FILE", "_C.AVA.OTHER", NOT_APPLICABLE),
        ("_C = make()", "import make\n_C = make()", AFFECTED),
        ("ava_action_list_v2.2.pbtxt", "other.pbtxt", AFFECTED),
        ('"extract"', '"bend"', AFFECTED),
        ('"sit"', '"jump"', AFFECTED),
        ('= "ava_action_list_v2.2.pbtxt"', "= FILE", AFFECTED),
    ],
    "fork-optimizer-try": [
        ("def load_checkpoint(", "def other(", UNKNOWN),
        ("optimizer_state", "other", NOT_APPLICABLE),
    ],
    "company-imports": [
        ("vision.fair.slowfast.tools", "slowfast.tools", ALREADY_APPLIED),
        ("vision.fair.slowfast.tools.test_net", "vision.fair.slowfast", ALREADY_APPLIED),
        ("vision.fair.slowfast.tools", "vision.fair . slowfast.tools", UNKNOWN),
        (
            "from vision.fair.slowfast.tools",
            "from . import a\nfrom vision.fair.slowfast.tools",
            AFFECTED,
        ),
    ],
    "torch-six": [("from torch._six", "from torch.six", ALREADY_APPLIED)],
    "setup-names": [
        ("install_requires", "extras_require", NOT_APPLICABLE),
        ('"PIL"', '"Pillow"', AFFECTED),
    ],
    "numpy-nan-alias": [
        ("np.NAN", "np.nan", AFFECTED),
        ("np.float", "np.nan", AFFECTED),
    ],
    "dead-torchvision-decoder": [
        ("def torchvision_decode(", "def other(", NOT_APPLICABLE),
        ("_from_memory(video_tensor)", "_from_memory(data=video_tensor)", UNKNOWN),
        ("        video_tensor,\n        seek", "        seek", UNKNOWN),
        ("import torchvision.io as io", "from torchvision import io", UNKNOWN),
        ("def pyav_decode(", "io.other()\n\n\ndef pyav_decode(", UNKNOWN),
        ("v_frames, _ = io.", "frames, _ = io.", UNKNOWN),
        ("v_frames, _ = io.", "return io.", UNKNOWN),
        ("video_min_dimension=", "other=", UNKNOWN),
        ("        seek_frame_margin=1.0,\n", "", AFFECTED),
        ("io._probe_video_from_memory", "probe", AFFECTED),
        ("io._read_video_from_memory", "read", AFFECTED),
    ],
    "pyav-decoder": [
        ("def decode(", "def other(", UNKNOWN),
        ("def pyav_decode(", "def other(", UNKNOWN),
        ("start_end_delta_time", "spans", NOT_APPLICABLE),
        ("decode_all_video = pyav_decode(", "decode_all_video = other(", UNKNOWN),
        ("frames_decoded, fps, decode_all_video = pyav_decode(", "made = pyav_decode(", UNKNOWN),
        ("if duration is None:", "if not duration:", UNKNOWN),
        ("if duration is None:", "while duration is None:", UNKNOWN),
        (
            "    else:\n        decode_all_video = F",
            "    if fps:\n        decode_all_video = F",
            UNKNOWN,
        ),
        (
            "    return frames, fps",
            "    if fps:\n        return 1, 2\n    return frames, fps",
            UNKNOWN,
        ),
        (
            "    return frames, fps",
            "    if fps:\n        return None\n    return frames, fps",
            AFFECTED,
        ),
    ],
    "short-cycle-sampler": [
        ("def create_sampler(", "def other(", NOT_APPLICABLE),
        ("cfg.NUM_GPUS > 1", "cfg.NUM_GPUS > 2", UNKNOWN),
        ("= DistributedSampler(dataset) if", "= Other(dataset) if", UNKNOWN),
        (" if cfg.NUM_GPUS > 1 else None", "", UNKNOWN),
        ("else None", "else RandomSampler(dataset)", ALREADY_APPLIED),
        (
            "    return sampler",
            "    sampler = sampler if 1 else None\n    return sampler",
            AFFECTED,
        ),
    ],
    "short-cycle-index": [
        ("class Data:\n", "class First:\n    pass\n\n\nclass Data:\n", AFFECTED),
        ("def __getitem__(self, index)", "def get(self, index)", NOT_APPLICABLE),
        ("if isinstance(index, tuple)", "if isinstance(index, list)", NOT_APPLICABLE),
        ("index, self._num_yielded = index", "index, self.other = index", UNKNOWN),
        ("index, self._num_yielded = index", "index = index[0]", UNKNOWN),
        ("                index, short_cycle_idx =", "                index, other =", UNKNOWN),
        (
            "                index, short_cycle_idx",
            "                pass\n                index, short_cycle_idx",
            UNKNOWN,
        ),
        (
            "if self.cfg.MULTIGRID.SHORT_CYCLE:\n                index,",
            "if 1:\n                index,",
            UNKNOWN,
        ),
        (
            "            if self.cfg.MULTIGRID.SHORT_CYCLE:\n                index,",
            "            pass\n            if self.cfg.MULTIGRID.SHORT_CYCLE:\n                index,",
            UNKNOWN,
        ),
        (
            "            if self.cfg.MULTIGRID.SHORT_CYCLE:\n                index,",
            "            for _ in index:\n                index,",
            UNKNOWN,
        ),
    ],
    "clip-tuple": [
        ("class DictToTuple", "class Other", NOT_APPLICABLE),
        (FOUR, "return x", UNKNOWN),
        (FOUR, f"if x:\n            {FOUR}\n        {FOUR}", UNKNOWN),
        (FOUR, f"if x:\n            return\n        {FOUR}", AFFECTED),
        (FOUR, "return 1, 2, 3, 4, 5", ALREADY_APPLIED),
        (FOUR, "return 1, 2, 3, 4", UNKNOWN),
    ],
    "clip-iterator": [
        ("class PTVDatasetWrapper", "class Other", NOT_APPLICABLE),
        (ITER, ITER.replace("return", "self.n = 0\n        return"), UNKNOWN),
        (ITER, ITER.replace("return self", "return self.sampler"), UNKNOWN),
        (ITER, ITER.replace("return self", "self"), UNKNOWN),
        (ITER, ITER.replace("return", "self.dataset.__iter__()\n        return"), ALREADY_APPLIED),
    ],
    "visualization-batch": [
        ("vis_loader", "loader", NOT_APPLICABLE),
        ("tqdm.tqdm", "tqdm.trange", NOT_APPLICABLE),
        ("labels, _, meta", "labels, index, time, meta", AFFECTED),
        (", _, ", ", _, _, ", ALREADY_APPLIED),
        ("inputs, labels, _, meta in", "batch in", UNKNOWN),
        ("batch_idx, (inputs, labels, _, _) in", "batch_idx, batch in", UNKNOWN),
        ("batch_idx, (inputs, labels, _, _) in", "batch in", UNKNOWN),
        ("labels, _, meta", "labels, meta", UNKNOWN),
        ("labels, _, meta", "labels, *_, meta", UNKNOWN),
        ("vis_loader", "vis_loaders", NOT_APPLICABLE),
    ],
    "empty-loader": [
        ("def construct_loader(", "def other(", UNKNOWN),
        ("return loader", "return dataset", UNKNOWN),
        ("return loader", "loader", UNKNOWN),
        ("batch_size", "size", UNKNOWN),
        ("dataset", "data", UNKNOWN),
        ("def train_epoch(", "def other(", UNKNOWN),
        ("del inputs", "del cur_iter", NOT_APPLICABLE),
        ("del inputs", "del inputs, labels", NOT_APPLICABLE),
        ("del inputs", "del inputs\n    del inputs", UNKNOWN),
        ("(inputs, labels) in", "(clips, labels) in", UNKNOWN),
        ("    del inputs", "    for inputs in step:\n        pass\n    del inputs", UNKNOWN),
        ("    del inputs", "    for step in train_loader:\n        pass\n    del inputs", AFFECTED),
        ("    del inputs", "    if inputs is None:\n        pass\n    del inputs", ALREADY_APPLIED),
        ("    del inputs", "    if labels is None:\n        pass\n    del inputs", AFFECTED),
    ],
    "checkpoint-weights-only": [
        ("def load_checkpoint(", "def other(", UNKNOWN),
        ('(f, map_location="cpu")', '(f, map_location="cuda")', UNKNOWN),
        ('(f, map_location="cpu")', '(f, "cpu")', UNKNOWN),
        ('(f, map_location="cpu")', '(map_location="cpu")', UNKNOWN),
        ('(f, map_location="cpu")', "(f, mmap=True)", UNKNOWN),
        ('(f, map_location="cpu")', "(f, weights_only=False)", AFFECTED),
        ("import pickle\n\nimport torch\n", "", UNKNOWN),
        ("import pickle\n\nimport torch", "from __future__ import a", UNKNOWN),
        ('torch.load(f, map_location="cpu")', "read(f)", NOT_APPLICABLE),
        ("logger = None", "def load_trusted(f):\n    return f", ALREADY_APPLIED),
        ("pickle.loads(", "json.loads(", NOT_APPLICABLE),
        ("pickle.loads(", "pickle.load(", AFFECTED),
    ],
    "optimizer-state": [
        ("def load_checkpoint(", "def other(", UNKNOWN),
        (LOAD, "pass", NOT_APPLICABLE),
        (LOAD, 'optimizer.load_state_dict(checkpoint["other"])', UNKNOWN),
        (LOAD, f"{LOAD}\n            {LOAD}", UNKNOWN),
    ],
    "layer-decay-default": [
        ("def set_lr(", "def other(", UNKNOWN),
        ('param_group["layer_decay"]', "1.0", NOT_APPLICABLE),
        (
            'param_group["lr"] = new_lr * param_group["layer_decay"]',
            'param_group["layer_decay"] = new_lr',
            NOT_APPLICABLE,
        ),
    ],
    "scaler-state": [
        ("def load_checkpoint(", "def other(", UNKNOWN),
        (SCALE, "pass", NOT_APPLICABLE),
        (SCALE, 'scaler.load_state_dict(checkpoint["other"])', UNKNOWN),
        (SCALE, f"{SCALE}\n            {SCALE}", UNKNOWN),
        ("if scaler:", 'if scaler and "scaler_state" in checkpoint:', ALREADY_APPLIED),
    ],
    "weights-not-loaded": [
        ("def load_checkpoint(", "def other(", UNKNOWN),
        ("if not_load_layers:", "if epoch_reset:", NOT_APPLICABLE),
        ("if not_load_layers:", "if len(diff) > 0:", AFFECTED),
    ],
    "multi-tensor-adamw": [
        ("def construct_optimizer(", "def other(", UNKNOWN),
        ("_multi_tensor.AdamW(params, lr=0.1, eps=1e-08)", "_multi_tensor.AdamW(params)", UNKNOWN),
        ("torch.optim._multi_tensor.AdamW", "torch.optim.AdamW", NOT_APPLICABLE),
        (
            "torch.optim._multi_tensor.AdamW(params",
            "torch.optim.AdamW(params, foreach=True",
            ALREADY_APPLIED,
        ),
    ],
    "cuda-amp": [
        ("torch.cuda.amp.autocast", "torch.autocast", AFFECTED),
        ("torch.cuda.amp.GradScaler", "make", AFFECTED),
        ("torch.cuda.amp", "torch.amp", ALREADY_APPLIED),
        ("torch.cuda.amp", "other", NOT_APPLICABLE),
    ],
    "mixed-precision-dtype": [
        ("_C.TRAIN.MIXED_PRECISION = ", "_C.TRAIN.OTHER = ", NOT_APPLICABLE),
        ("def assert_and_infer_cfg(", "def other(", UNKNOWN),
        ("    return cfg", "    cfg", UNKNOWN),
        ("def train_epoch(", "def other(", UNKNOWN),
        ("def train(", "def other(", UNKNOWN),
        ("torch.cuda.amp.autocast", "other", NOT_APPLICABLE),
        ("torch.cuda.amp.autocast(", 'torch.autocast("cuda", ', AFFECTED),
        ("autocast(enabled", "autocast(dtype=1, enabled", ALREADY_APPLIED),
        ("autocast(enabled=cfg.TRAIN.MIXED_PRECISION)", "autocast(enabled=True)", UNKNOWN),
        ("autocast(enabled=cfg.TRAIN.MIXED_PRECISION)", "autocast(cache=True)", UNKNOWN),
        ("GradScaler(enabled=cfg.TRAIN.MIXED_PRECISION)", "GradScaler()", UNKNOWN),
        ("GradScaler(enabled", "GradScaler(growth=2, enabled", AFFECTED),
        ("    return scaler", "    save(enabled=cfg)\n    return scaler", AFFECTED),
    ],
    "gradient-accumulation": [
        ("_C.TRAIN.BATCH_SIZE", "_C.TRAIN.OTHER", NOT_APPLICABLE),
        ("def _assert_and_infer_cfg(", "def other(", UNKNOWN),
        ("def _assert_and_infer_cfg(", "def assert_and_infer_cfg(", AFFECTED),
        ("    return cfg", "    cfg", UNKNOWN),
        ("def train_epoch(", "def other(", NOT_APPLICABLE),
        ("optimizer.zero_grad()", "pass", NOT_APPLICABLE),
        ("optimizer.zero_grad()", "optimizer.zero_grad()\n        optimizer.zero_grad()", UNKNOWN),
        ("enumerate(train_loader)", "enumerate(loader)", UNKNOWN),
        (
            STEPS,
            "grad_norm = loss",
            UNKNOWN,
        ),
        ("float(cur_iter) / data_size", "cur_iter / data_size", UNKNOWN),
        ("scaler.scale(loss).backward()", "loss.backward(labels)", UNKNOWN),
        ("scaler.scale(loss).backward()", "scaler.scale(rates).backward()", UNKNOWN),
        (
            "scaler.scale(loss).backward()",
            "scaler.scale(loss).backward()\n        loss.backward()",
            UNKNOWN,
        ),
        ("scaler.u", "other.u", AFFECTED),
        # Its indentation would change.
        ("scaler.update()", 'scaler.update("""a\nb""")', UNKNOWN),
        ("scaler.update()", 'scaler.update(f"""a{cfg}\nb""")', UNKNOWN),
        ("scaler.step", "other.step", AFFECTED),
    ],
    "activation-checkpointing": [
        ("def build_model(", "def other(", NOT_APPLICABLE),
        ("MODEL_REGISTRY.get(name)(cfg)", "make(cfg)", UNKNOWN),
        (
            "    return model",
            "    model = MODEL_REGISTRY.get(name)(cfg)\n    return model",
            UNKNOWN,
        ),
        (TOP, "import torch as t\n", UNKNOWN),
        (TOP, "import os\n", UNKNOWN),
        (TOP, "from other import torch\n", UNKNOWN),
        ("class ResNet", "class Other", NOT_APPLICABLE),
        ("if cfg.MODEL.ACT_CHECKPOINT", "if cfg.MODEL.OTHER", NOT_APPLICABLE),
        (
            "        s1, s2",
            "        if cfg.MODEL.ACT_CHECKPOINT:\n            pass\n        s1, s2",
            UNKNOWN,
        ),
        ("self.s2 = s2", "self.s2 = s1", UNKNOWN),
        ("self.s2 = s2", "self.s2 = s2.half", UNKNOWN),
        ("self.s2 = s2", "self.s3 = self.s2 = s2", UNKNOWN),
        ("self.s2 = s2", "del s2", UNKNOWN),
    ],
    "cpu-synchronize": [
        ("def train_epoch(", "def other(", UNKNOWN),
        (SYNC, "", NOT_APPLICABLE),
        (SYNC, f"        if cfg.NUM_GPUS:\n    {SYNC}", ALREADY_APPLIED),
        (SYNC, f"        if torch.cuda.is_available():\n    {SYNC}", ALREADY_APPLIED),
        (SYNC, f"        if cfg.DEBUG:\n    {SYNC}", AFFECTED),
        (SYNC, f"{SYNC}        if cfg.NUM_GPUS:\n    {SYNC}", AFFECTED),
    ],
    "atomic-checkpoint": [
        ("def save_checkpoint", "def store", NOT_APPLICABLE),
        ("torch.save(checkpoint, f)", "f.write(checkpoint)", NOT_APPLICABLE),
        ("torch.save(checkpoint, f)", "torch.save(checkpoint, f, None)", UNKNOWN),
        ("torch.save(checkpoint, f)", "torch.save(checkpoint, other)", UNKNOWN),
        ('open(path_to_checkpoint, "wb")', 'open(path_to_job, "wb")', UNKNOWN),
        ('open(path_to_checkpoint, "wb")', 'open(path_to_checkpoint, "ab")', UNKNOWN),
        ("import os\n", "", AFFECTED),
        (
            '    with pathmgr.open(path_to_checkpoint, "wb") as f:\n        torch.save(checkpoint, f)',
            "    torch.save(checkpoint, path_to_checkpoint)",
            AFFECTED,
        ),
    ],
    "torchrun-launch": [
        ("def launch_job", "def start", NOT_APPLICABLE),
        (
            "    if cfg.NUM_GPUS > 1:\n        torch.multi",
            "    if cfg.NUM_GPUS:\n        torch.multi",
            UNKNOWN,
        ),
        ("init_method, func, daemon", "init_method, job, daemon", UNKNOWN),
        ("    return cfg\n", "    return args\n", UNKNOWN),
        ("def load_config", "def read_config", UNKNOWN),
        ("du.is_master_proc", "is_master", UNKNOWN),
        ("cfg.NUM_GPUS * cfg.NUM_SHARDS", "8", AFFECTED),
        ("import torch\n\n\ndef build", "import os\n\n\ndef build", AFFECTED),
    ],
    "cpu-multigrid": [
        ("class MultigridSchedule", "class Other", NOT_APPLICABLE),
        ("/ cfg.NUM_GPUS", "/ 2", UNKNOWN),
        ("/ cfg.NUM_GPUS", "/ max(1, cfg.NUM_GPUS)", UNKNOWN),
        ("bs_factor < 1:", "bs_factor < 2:", UNKNOWN),
        ("base_b * cfg.MULTIGRID.DEFAULT_B", "base_b / cfg.NUM_GPUS", UNKNOWN),
        ("base_b * cfg.MULTIGRID.DEFAULT_B", "base_b * cfg.NUM_GPUS", AFFECTED),
    ],
    "cpu-contrastive": [
        ("class ContrastiveModel", "class Other", NOT_APPLICABLE),
        (
            "        self.num_gpus = cfg.NUM_GPUS\n        self.resize",
            "        self.resize",
            UNKNOWN,
        ),
        ("class Memory(", "nn.Softmax().cuda()\n\n\nclass Memory(", UNKNOWN),
        ("self.cfg.NUM_GPUS * self.cfg.NUM_SHARDS", "2", AFFECTED),
        ("class ContrastiveLoss", "class Other", NOT_APPLICABLE),
        ("forward(self, inputs, dummy", "forward(self, x, dummy", UNKNOWN),
        ("retrieval_one_hot = ", "other = ", NOT_APPLICABLE),
        ("torch.zeros(classes).cuda()", "torch.zeros(classes)", ALREADY_APPLIED),
    ],
    "predictor-gpu-id": [
        ("gpu_id", "device", NOT_APPLICABLE),
        ("def __init__(", "def other(", UNKNOWN),
        ("self.gpu_id = ", "self.device = ", ALREADY_APPLIED),
        ("if cfg.NUM_GPUS:", "for _ in cfg:", UNKNOWN),
        (
            "        self.detector",
            "        if cfg:\n            self.gpu_id = 1\n        self.detector",
            UNKNOWN,
        ),
        (
            "        self.detector",
            "        if cfg:\n            pass\n        self.detector",
            AFFECTED,
        ),
    ],
    "ava-test-timer": [
        ("def perform_test(", "def other(", UNKNOWN),
        ("if cfg.DETECTION.ENABLE:", "if cfg.OTHER:", NOT_APPLICABLE),
        ("if cfg.DETECTION.ENABLE:", "if cfg.DETECTION.OTHER:", UNKNOWN),
        ("for inputs in test_loader:", "while test_loader:", UNKNOWN),
        ("        if cfg", "        inputs = 0\n        if cfg", AFFECTED),
        ("        if cfg", "        if inputs:\n            pass\n        if cfg", AFFECTED),
        ("        test_meter.iter_toc()\n        test", "        test", ALREADY_APPLIED),
    ],
    "ava-mixed-precision": [
        ("_LOSSES = {", "TABLE = {", NOT_APPLICABLE),
        ("_LOSSES = {", "_LOSSES = _OTHER = {", NOT_APPLICABLE),
        ('_LOSSES = {"cross', '_LOSSES = make or {"cross', NOT_APPLICABLE),
        ('"bce": nn', '"other": nn', NOT_APPLICABLE),
        ('"bce": nn.BCELoss', '"bce": nn.BCELoss, "bce": nn.BCELoss', UNKNOWN),
        ('"bce": nn.BCELoss', '"bce": nn.MSELoss', UNKNOWN),
        (
            "import torch\nimport torch.nn as nn\n\n\nclass Con",
            "import torch.nn as nn\n\n\nclass Con",
            UNKNOWN,
        ),
        ("class ResNetRoIHead", "class Other", NOT_APPLICABLE),
        ("x = self.act(x)", "pass", UNKNOWN),
        ("x = self.act(x)", "x = self.act(self.act(x))", UNKNOWN),
        ("x = self.act(x)", "x = self.act(x, 1)", UNKNOWN),
        ("x = self.act(x)", "x = self.act(x)\n        x = self.act(x.float())", UNKNOWN),
    ],
    "empty-kv-stride": [
        ("class PTVMViT", "class Other", NOT_APPLICABLE),
        ("pool_kv_stride_size=cfg.MVIT.POOL_KV_STRIDE", "pool_kv_stride_size=2", UNKNOWN),
        ("            pool_kv_stride_size=cfg.MVIT.POOL_KV_STRIDE,\n", "", UNKNOWN),
        (
            "self.model = ",
            "create_multiscale_vision_transformers(pool_kv_stride_size=2)\n        self.model = ",
            UNKNOWN,
        ),
    ],
    "image-time-axis": [
        ("class Imagenet", "class Other", NOT_APPLICABLE),
        ("[self._prepare_im_res(im)]", "[im.unsqueeze(1)]", NOT_APPLICABLE),
        ("def __getitem__(", "def other(", AFFECTED),
        ("def _prepare_im_tf(", "def other(", UNKNOWN),
        (TF, "        return im.flip(-1)\n", UNKNOWN),
        (TF, "        im.flip(-1)\n", UNKNOWN),
        (TF, "        return\n", UNKNOWN),
        (TF, "        return im if self.cfg.MVIT.PATCH_2D else im.unsqueeze(1)\n", UNKNOWN),
        ("        return im\n", "        print(im)\n", UNKNOWN),
    ],
    "reversible-class-token": [
        ("class MViT", "class Other", NOT_APPLICABLE),
        ("assert not self.cls_embed_on", "assert self.cls_embed_on", NOT_APPLICABLE),
        ("self.cls_embed_on = cfg.MVIT.CLS_EMBED_ON", "self.cls_embed_on = True", UNKNOWN),
        ("self.cls_embed_on = cfg", "self.other = self.cls_embed_on = cfg", UNKNOWN),
        (
            "        self.tokens",
            "        self.cls_embed_on = cfg.MVIT.CLS_EMBED_ON\n        self.tokens",
            UNKNOWN,
        ),
    ],
    "pypi-model-to-cpu": [
        ("def build_model(", "def other(", NOT_APPLICABLE),
        ("torch.cuda.current_device()", "0", UNKNOWN),
        ("model.cuda(device=cur_device)", "model", UNKNOWN),
        (
            "    cur_device = ",
            "    other = torch.cuda.current_device()\n    cur_device = ",
            UNKNOWN,
        ),
        (
            "    return model",
            "    model = model.cuda(device=cur_device)\n    return model",
            UNKNOWN,
        ),
    ],
    "pypi-loader-on-cpu": [
        ("def construct_loader(", "def other(", UNKNOWN),
        ("/ cfg.NUM_GPUS", "/ cfg.NUM_SHARDS", ALREADY_APPLIED),
        ("/ cfg.NUM_GPUS", "* cfg.NUM_GPUS", ALREADY_APPLIED),
    ],
    "pypi-bn-statistics": [
        ("def compute_and_update_bn_stats(", "def other(", NOT_APPLICABLE),
        ("(inputs, _, _)", "(inputs, *_)", AFFECTED),
        (".cuda(non_blocking=True)", "", AFFECTED),
    ],
    "missing-csrc": [
        ("ext_modules=", "modules=", NOT_APPLICABLE),
        ("ext_modules=get_extensions()", "ext_modules=[]", UNKNOWN),
        ("def get_extensions(", "def other(", UNKNOWN),
    ],
    "vision-first": [
        ("main_source =", "first =", NOT_APPLICABLE),
        ('"vision.cpp"', '"main.cpp"', NOT_APPLICABLE),
        ('"vision.cpp"', '".", "vision.cpp"', ALREADY_APPLIED),
        ("    sources = glob", "    main_source = None\n    sources = glob", NOT_APPLICABLE),
    ],
    "missing-extension": [
        ("import _C\n", "import layers\n", NOT_APPLICABLE),
        ("import _C\n", "import _C, layers\n", NOT_APPLICABLE),
        ("from detectron2 import _C\n", "if 1:\n    from detectron2 import _C\n", ALREADY_APPLIED),
        ("fast_eval_api", "other", NOT_APPLICABLE),
    ],
    "pkg-resources": [
        ("pkg_resources", "resources", ALREADY_APPLIED),
        ("import pkg_resources", "import sys, pkg_resources", UNKNOWN),
        ("import pkg_resources", "import pkg_resources\nimport pkg_resources", UNKNOWN),
        ("resource_filename", "resource_string", UNKNOWN),
        ('"detectron2.model_zoo"', '"detectron2"', UNKNOWN),
        (', os.path.join("configs", config_path)', "", UNKNOWN),
    ],
    "pil-linear": [
        ("Image.LINEAR", "Image.BILINEAR", ALREADY_APPLIED),
        ("Image.LINEAR", "Image.CUBIC", NOT_APPLICABLE),
    ],
    "detectron2-weights-only": [
        ("_load_file(self", "_load(self", UNKNOWN),
        ("torch.load(f)", "read(f)", NOT_APPLICABLE),
        ("torch.load(f)", "super()._load_file(f)", AFFECTED),
        ("torch.load(f)", "super()._read(f)", NOT_APPLICABLE),
        ("torch.load(f)", "make()._load_file(f)", NOT_APPLICABLE),
        ("torch.load(f)", "self._load_file(f)", NOT_APPLICABLE),
    ],
    "functional-tensor": [
        ("functional_tensor as", "_functional_tensor as", ALREADY_APPLIED),
        # An edit is repeated until nothing is found, but not without end.
        (OLD_TENSORS, OLD_TENSORS * 4, AFFECTED),
        (OLD_TENSORS, OLD_TENSORS * 5, UNKNOWN),
    ],
    "cat-all-gather": [
        ("def get_world_size(", "def other(", UNKNOWN),
        (TOP, "import numpy\n", UNKNOWN),
    ],
    "clip-decoder": [
        ("def select_video_class(", "def other(", NOT_APPLICABLE),
        ("DecoderType.TORCHVISION", "DecoderType.OTHER", NOT_APPLICABLE),
        ("video_cls = EncodedVideoTorchVision", "video_cls = other", UNKNOWN),
        ("video_cls = EncodedVideoTorchVision", "return EncodedVideoTorchVision", UNKNOWN),
        ("import EncodedVideoTorchVision\n", "import EncodedVideoTorchVision as other\n", UNKNOWN),
        ("from .encoded_video_torch", "from ..encoded_video_torch", UNKNOWN),
        ("from .encoded_video_torchvision", "from .other", UNKNOWN),
        ("        from .encoded_video_torchvision import EncodedVideoTorchVision\n", "", UNKNOWN),
        (
            "        from .encoded_video_torch",
            "        other = 1\n        from .encoded_video_torch",
            UNKNOWN,
        ),
    ],
    "hub-weights-only": [
        ("load_state_dict_from_url", "other", NOT_APPLICABLE),
        ("from torch.hub", "from other", UNKNOWN),
        ("import load_state", "import other, load_state", UNKNOWN),
        ("url\n\n", "url as other\n\n", UNKNOWN),
        ("from torch.hub", "from torch import nn\nfrom torch.hub", AFFECTED),
    ],
}
ROWS = [
    pytest.param(name, *row, id=f"{name}-{number}")
    for name, rows in NEAR_MISSES.items()
    for number, row in enumerate(rows)
]


def examined(name: str, *edits: tuple[str, str]) -> tuple[Finding, str]:
    """Return what a patch finds in the file of its small tree that has these texts, and its result."""
    patch = by_id(name)
    old = edits[0][0]
    path = next(path for path, text in small_trees.BROKEN[name].items() if old in text)
    text = small_trees.BROKEN[name][path]
    for old, new in edits:
        assert old in text
        text = text.replace(old, new) if old else text
    site = next(site for site in patch.sites if site.path == path)
    finding, after = examine_file(site, path, text.encode())
    assert finding.status == AFFECTED or after == text.encode()
    return finding, after.decode()


@pytest.mark.parametrize(("name", "old", "new", "status"), ROWS)
def test_a_near_miss(name: str, old: str, new: str, status: str) -> None:
    finding, _after = examined(name, (old, new))
    assert finding.status == status
    assert finding.because or status != UNKNOWN


# id, the edits of its small tree -> how often each text is then in the patched file
FORMS: list[tuple[str, list[tuple[str, str]], dict[str, int]]] = [
    ("fork-lr-weight-decay", [], {'new_lr * param_group.get("layer_decay", 1.0)  # per': 1}),
    ("fork-use-pillow", [], {"sigma=2.0, use_PIL=False": 1, "= sigma, use_PIL": 1}),
    ("fork-pillow-image", [], {"return tv.ToPILImage()(x)": 1}),
    ("fork-random-sampler", [], {"RandomSampler(dataset) if shuffle else None": 1}),
    (
        "fork-assert-print",
        [],
        {"print": 0, "ava_helper.load_boxes_and_labels(cfg)\n        self._im": 1},
    ),
    (
        "fork-assert-print",
        [("@DATASET", "class First:\n    pass\n\n\n@DATASET")],
        {"    pass\n\n\ndef _in_both_lists(": 1, "\n\n\n@DATASET": 1},
    ),
    ("fork-short-cycle-guard", [], {"index, short_cycle_idx = index\n        return": 1}),
    (
        "fork-label-map",
        [],
        {
            '_2019.pbtxt"  # all': 1,
            '"sit",\n    "lie/sleep",\n    "bend/bow (at the waist)",\n]': 1,
        },
    ),
    ("fork-label-map", [('"walk"', "WALK")], {'WALK,\n    "sit",\n    "lie/sleep"': 1}),
    ("fork-label-map", [('"extract"', '"bend"')], {"_2019": 1, '"sit",\n    "bend",\n]': 1}),
    ("fork-label-map", [('"sit"', '"jump"')], {"_2019": 1, '"jump",\n    "extract",\n]': 1}),
    ("fork-label-map", [("v2.2.pb", "v2.1.pb")], {'v2.1.pbtxt"': 1, '"lie/sleep"': 1}),
    ("fork-label-map", [("NAMES = [", "NAMES = OTHER + [")], {"lie/sleep": 0}),
    (
        "fork-optimizer-try",
        [],
        {f"        if optimizer:\n            {LOAD}\n        if scaler": 1},
    ),
    ("company-imports", [], {"from test_net import test\n": 1}),
    (
        "company-imports",
        [("tools.test_net", "models.build")],
        {"from models.build import test\n": 1},
    ),
    (
        "torch-six",
        [],
        {"TORCH_MAJOR": 0, "TORCH_MINOR": 0, "import torch\n\n\n_int_classes = int\n": 1},
    ),
    (
        "torch-six",
        [("import torch\n", "import torch\n\nOTHER = torch.other = [1]\n")],
        {"OTHER = torch.other = [1]": 1, "TORCH_MAJOR": 0},
    ),
    (
        "torch-six",
        [("import torch\n", "import torch\n\n\ndef major():\n    return TORCH_MAJOR\n")],
        {"TORCH_MAJOR = int(": 1, "TORCH_MINOR = int(": 1},
    ),
    ("setup-names", [], {'        "Pillow",\n        "scikit-learn"\n': 1}),
    ("numpy-nan-alias", [], {"return np.nan": 1, "dtype=float": 1}),
    (
        "dead-torchvision-decoder",
        [],
        {
            "meta = _probe_video(video_tensor)": 1,
            "_read_video(\n        video_tensor, (video_start_pts, video_end_pts), max_spatial_scale\n": 1,
            "import io\nimport math\n": 1,
            "import torchvision.io": 0,
            "import av\n": 1,
        },
    ),
    (
        "pyav-decoder",
        [],
        {
            '    if backend == "pyav" and num_decode > 1:\n': 1,
            "container, sampling_rate[0], num_frames[0], clip_idx, num_clips": 1,
            "fps, decode_all_video, start_end_delta_time = pyav": 1,
            "    if frames_decoded is None or (\n        isinstance(frames_decoded, list)\n"
            "        and any(frames is None for frames in frames_decoded)\n    ):\n": 1,
            "if not duration or not frames_length:": 1,
            "decode_all_video = True\n        start_end_delta_time = None\n": 1,
            "        )\n        start_end_delta_time = np.array([[start_idx, end_idx, 0.0]])\n": 1,
            "return frames, fps, decode_all_video, start_end_delta_time\n": 1,
        },
    ),
    (
        "short-cycle-sampler",
        [],
        {
            "distributed import DistributedSampler\nfrom torch.utils.data.sampler import Random": 1,
            "        sampler = RandomSampler(dataset) if shuffle else None\n    return sampler": 1,
        },
    ),
    (
        "short-cycle-index",
        [],
        {
            "if isinstance(index, tuple):\n            index, short_cycle_idx = index\n        return": 1
        },
    ),
    ("visualization-batch", [], {"labels, _, _, meta in": 1, "labels, _, _, _) in": 1}),
    ("clip-tuple", [], {'return x["video"], x["label"], index, 0, {}': 1}),
    ("clip-iterator", [], {"        iter(self.dataset)\n        return self\n": 1}),
    (
        "empty-loader",
        [],
        {
            '    if split in ["train"]:\n        _require_a_batch(loader, dataset, batch_size, cfg)\n': 1
        },
    ),
    (
        "empty-loader",
        [("train_loader", "train_loader")],
        {"    inputs = None\n    for cur_iter": 1, "    if inputs is None:\n        raise": 1},
    ),
    (
        "checkpoint-weights-only",
        [("import pickle", "from __future__ import annotations\nimport pickle")],
        {
            "annotations\nfrom slowfast.utils import trusted_load\nimport pickle": 1,
            "checkpoint = trusted_load.load_trusted(f)": 1,
        },
    ),
    (
        "checkpoint-weights-only",
        [("logger = None", "logger = pickle.load(1)")],
        {"logger = trusted_load.load_pickle(1)": 1, "trusted_load.load_trusted(f)": 1},
    ),
    (
        "checkpoint-weights-only",
        [("pickle.loads(", "pickle.loads(")],
        {"return trusted_load.loads(": 1},
    ),
    (
        "optimizer-state",
        [],
        {
            f"if difference is None:\n                {LOAD}": 1,
            "                scaler = None\n": 1,
        },
    ),
    ("optimizer-state", [("optimizer=None, scaler=None", "optimizer=None")], {"scaler = None": 0}),
    ("layer-decay-default", [], {'new_lr * param_group.get("layer_decay", 1.0)': 1}),
    ("scaler-state", [], {f'if "scaler_state" in checkpoint:\n                {SCALE}': 1}),
    ("weights-not-loaded", [], {"require_loaded(ms, not_load_layers, training=optimizer": 1}),
    (
        "weights-not-loaded",
        [("if not_load_layers:", "if len(diff) > 0:")],
        {"require_loaded(ms, diff, training=optimizer is not None)": 1},
    ),
    ("multi-tensor-adamw", [], {"torch.optim.AdamW(params, foreach=True, lr=0.1, eps=1e-08)": 1}),
    (
        "cuda-amp",
        [],
        {
            'torch.autocast("cuda", enabled=cfg.TRAIN.MIXED_PRECISION)': 1,
            'getattr(torch.amp, "GradScaler", torch.cuda.amp.GradScaler)(enabled': 1,
        },
    ),
    (
        "cuda-amp",
        [("autocast(enabled=cfg.TRAIN.MIXED_PRECISION)", "autocast()")],
        {'autocast("cuda"):': 1},
    ),
    (
        "cuda-amp",
        [("autocast(enabled=cfg.TRAIN.MIXED_PRECISION)", "autocast(cfg.ON, cache_enabled=False)")],
        {'torch.autocast("cuda", enabled=cfg.ON, cache_enabled=False)': 1},
    ),
    (
        "mixed-precision-dtype",
        [("torch.cuda.amp.autocast", "torch.cuda.amp.autocast")],
        {
            "PRECISION, dtype=getattr(torch, cfg.TRAIN.MIXED_PRECISION_DTYPE)": 1,
            'MIXED_PRECISION and cfg.TRAIN.MIXED_PRECISION_DTYPE == "float16")': 1,
            "save(scaler if scaler.is_enabled() else None)": 1,
        },
    ),
    (
        "mixed-precision-dtype",
        [("_C.TRAIN.MIXED_PRECISION = ", "_C.TRAIN.MIXED_PRECISION = ")],
        {'_C.TRAIN.MIXED_PRECISION_DTYPE = "float16"\n': 1, '"bfloat16"], (': 1},
    ),
    (
        "gradient-accumulation",
        [("import torch", "import torch")],
        {
            "import contextlib\nimport torch\n": 1,
            "    accumulation = _Accumulation(cfg, model)\n    grad_norm = 0.0\n    for cur_iter": 1,
            "in enumerate(accumulation.batches(train_loader)):": 1,
            "float(cur_iter - cur_iter % cfg.TRAIN.ACCUMULATION_STEPS) / data_size": 1,
            "        if accumulation.begins:\n            optimizer.zero_grad()\n": 1,
            "scaler.scale(accumulation.share(loss, preds)).backward()": 1,
            "        if accumulation.ends:\n            scaler.unscale_(optimizer)\n": 1,
            "            scaler.update()\n        else:\n            grad_norm = torch.as_tensor(": 1,
            "        rates.append(": 1,
        },
    ),
    (
        "gradient-accumulation",
        [("grad_norm", "norm")],
        {"_Accumulation(cfg, model)\n    for cur_iter": 1, "scaler.update()\n        rates": 1},
    ),
    (
        "gradient-accumulation",
        [("scaler.scale(loss).backward()", "loss.backward()")],
        {"accumulation.share(loss, preds).backward()": 1},
    ),
    ("gradient-accumulation", [(TOP, f"import contextlib\n{TOP}")], {"import contextlib\n": 1}),
    (
        "gradient-accumulation",
        [(TOP, f"from __future__ import annotations\n{TOP}")],
        {"annotations\nimport contextlib\nimport torch\n": 1},
    ),
    ("gradient-accumulation", [(TOP, "import contextlib as c\n")], {"import contextlib\n": 1}),
    (
        "activation-checkpointing",
        [("import torch", "import os\nimport torch")],
        {
            "contextlib\nimport functools\nimport os\nimport torch\nimport torch.utils.checkpoint\n": 1,
            "(cfg)\n    if cfg.MODEL.ACT_CHECKPOINT:\n        _checkpoint_blocks(model)\n    return": 1,
        },
    ),
    (
        "activation-checkpointing",
        [("class ResNet", "class ResNet")],
        {"s1, s2 = cfg.STAGES\n        self.s1 = s1\n        self.s2 = s2\n": 1},
    ),
    (
        "cpu-synchronize",
        [(SYNC, f"{SYNC}        if cfg.NUM_GPUS:\n    {SYNC}")],
        {f"        if cfg.NUM_GPUS:\n    {SYNC}": 2, "torch.cuda.synchronize": 2},
    ),
    (
        "atomic-checkpoint",
        [],
        {
            'open(path_of_partial, "wb") as f:\n        torch.save(checkpoint, f)\n        f.flush()\n': 1,
            "    os.replace(path_of_partial, path_to_checkpoint)\n    return": 1,
        },
    ),
    (
        "torchrun-launch",
        [],
        {
            "    if torchrun.place() is not None:\n        return torchrun.run(cfg, func)\n    if cfg.NUM": 1,
            "cfg.NUM_GPUS > 1": 1,
        },
    ),
    (
        "torchrun-launch",
        [("save_checkpoint", "save_checkpoint")],
        {"torchrun.saves(du.is_master_proc(max(1, cfg.NUM_GPUS) * cfg.NUM_SHARDS))": 1},
    ),
    (
        "torchrun-launch",
        [("cur_device", "cur_device")],
        {"device_ids=[cur_device] if cfg.NUM_GPUS else None, output_device=cur_device if": 1},
    ),
    (
        "torchrun-launch",
        [("load_config", "load_config")],
        {"    torchrun.set_shards(cfg)\n    return cfg\n": 1},
    ),
    (
        "cpu-multigrid",
        [],
        {"TCH_SIZE / max(1, cfg.NUM_GPUS))": 1, "if bs_factor < 1 and cfg.NUM_GPUS > 1:": 1},
    ),
    (
        "cpu-contrastive",
        [],
        {
            'nn.Softmax(dim=1).to("cuda" if self.num_gpus else "cpu")': 1,
            "x = x.cuda(non_blocking=True)": 1,
            'torch.ones(x.shape[1]).to("cuda" if self.num_gpus else "cpu", non_blocking=True)': 1,
            "world_size = max(1, self.cfg.NUM_GPUS * self.cfg.NUM_SHARDS)": 1,
        },
    ),
    ("cpu-contrastive", [("if self.num_gpus:", "if cfg.NUM_GPUS:")], {"x = x.cuda(": 1}),
    ("cpu-contrastive", [("if self.num_gpus:", "if self.training:")], {"x = x.cuda(": 0}),
    (
        "cpu-contrastive",
        [("(non_blocking=True)", "()"), (".cuda()", "")],
        {"max(1, self.cfg.NUM_GPUS * self.cfg.NUM_SHARDS)": 1},
    ),
    (
        "cpu-contrastive",
        [
            (
                "self.cfg.NUM_GPUS * self.cfg.NUM_SHARDS",
                "max(1, self.cfg.NUM_GPUS * self.cfg.NUM_SHARDS)",
            )
        ],
        {" max(": 1, "cuda(": 1},
    ),
    ("cpu-contrastive", [("ContrastiveLoss", "ContrastiveLoss")], {".to(inputs.device)": 2}),
    (
        "cpu-contrastive",
        [("retrieval", "retrieval")],
        {'(classes).to("cuda" if cfg.NUM_GPUS else "cpu")': 1},
    ),
    ("predictor-gpu-id", [], {"        self.gpu_id = gpu_id\n        if cfg.NUM_GPUS:\n": 1}),
    (
        "ava-test-timer",
        [],
        {
            "update_stats(preds)\n            test_meter.iter_tic()\n            continue\n        else": 1
        },
    ),
    ("ava-mixed-precision", [("_LOSSES = {", "_LOSSES = {")], {'"bce": BCELossInFloat32}': 1}),
    ("ava-mixed-precision", [("class ResNet", "class ResNet")], {"x = self.act(x.float())": 1}),
    ("empty-kv-stride", [], {"pool_kv_stride_size=cfg.MVIT.POOL_KV_STRIDE or None,": 1}),
    (
        "image-time-axis",
        [],
        {
            "return im if self.cfg.MVIT.PATCH_2D else im.unsqueeze(1)\n": 2,
            "im, min(train_size, test_size), spatial_idx=1, scale_size=max(train_size, test_size)": 1,
        },
    ),
    ("image-time-axis", [("spatial_idx=1", "spatial_idx=2")], {"im, test_size, spatial_idx=2": 1}),
    (
        "reversible-class-token",
        [],
        {
            "        if cfg.MVIT.REV.ENABLE and cfg.MVIT.CLS_EMBED_ON:\n": 1,
            "            cfg.MVIT.CLS_EMBED_ON = False\n        self.cls_embed_on = ": 1,
        },
    ),
    (
        "pypi-model-to-cpu",
        [],
        {
            "    cur_device = torch": 1,
            "    if cfg.NUM_GPUS:\n        cur_device = torch.cuda.cur": 1,
        },
    ),
    ("pypi-loader-on-cpu", [], {"TRAIN.BATCH_SIZE / max(1, cfg.NUM_GPUS))": 1}),
    (
        "pypi-bn-statistics",
        [],
        {
            "ind, (inputs, *_) in": 1,
            "float().to(next(model.parameters()).device, non_blocking=True)": 1,
        },
    ),
    (
        "missing-csrc",
        [],
        {'ext_modules=get_extensions() if path.isdir(path.join("detectron2", ': 1},
    ),
    ("vision-first", [], {'path.join(extensions_dir, ".", "vision.cpp")': 1}),
    ("missing-extension", [], {"try:\n    from detectron2 import _C\nexcept ImportError:\n": 1}),
    (
        "missing-extension",
        [("fast_eval_api", "fast_eval_api")],
        {"import COCOeval_opt\nexcept ImportError:\n    COCOeval_opt = COCOeval\n": 1},
    ),
    (
        "pkg-resources",
        [],
        {"pkg_resources": 0, 'os.path.dirname(__file__), os.path.join("configs", config_path))': 1},
    ),
    ("pil-linear", [], {"interp=Image.BILINEAR": 1}),
    (
        "detectron2-weights-only",
        [("torch.load(f)", "super()._load_file(f)")],
        {"trusted_load.load_trusted(f)": 1, "super()": 0},
    ),
    (
        "detectron2-weights-only",
        [("class D", "class Other(str):\n    x = super()._load_file(1)\n\n\nclass D")],
        {"trusted_load.load_trusted(f)": 1, "super()._load_file(1)": 1},
    ),
    (
        "functional-tensor",
        [],
        {"try:\n    import torchvision.transforms._functional_tensor as F_t\n": 1},
    ),
    ("cat-all-gather", [], {"    return 1\n_LOCAL_GROUP = None\n": 1}),
    (
        "clip-decoder",
        [],
        {"video_cls = EncodedVideoPyAV\n": 2, "TorchVision": 0, "import EncodedVideoPyAV\n": 2},
    ),
    (
        "clip-decoder",
        [
            ("        from .encoded_video_torchvision import EncodedVideoTorchVision\n\n", ""),
            ("from pytorch", "from .encoded_video_pyav import EncodedVideoPyAV\nfrom pytorch"),
        ],
        {"video_cls = EncodedVideoPyAV\n": 2, "TorchVision": 0},
    ),
    (
        "clip-decoder",
        [("from pytorch", "from .encoded_video_pyav import EncodedVideoPyAV\nfrom pytorch")],
        {"video_cls = EncodedVideoPyAV\n": 2, "TorchVision": 0},
    ),
    (
        "hub-weights-only",
        [],
        {"from pytorchvideo.models.hub.trusted_load import load_state_dict": 1},
    ),
]


@pytest.mark.parametrize(
    ("name", "edits", "expected"), FORMS, ids=[f"{row[0]}-{n}" for n, row in enumerate(FORMS)]
)
def test_the_code_after_a_patch(
    name: str, edits: list[tuple[str, str]], expected: dict[str, int]
) -> None:
    finding, after = examined(name, *(edits or [("", "")]))
    assert finding.status == AFFECTED
    assert {text: after.count(text) for text in expected} == expected


def test_every_patch_has_a_near_miss() -> None:
    assert {patch.id for patch in PATCHES} - {"detectron2-numpy-aliases"} == set(NEAR_MISSES)
