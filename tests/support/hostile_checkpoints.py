"""Checkpoints in every container that hide code, which makes the file ``ran`` in the working folder."""

from __future__ import annotations

import io
import pickle
import struct
import tarfile
import zipfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

CODE = b"cposix\nsystem\n(S'touch ran'\ntR."
SAFE = pickle.dumps({"model_state": {}}, protocol=2)
MAGIC = pickle.dumps(0x1950A86A20F9469CFC6C, protocol=2)
PLAIN = pickle.dumps(1001, protocol=2)
NESTED = "ctorch.storage\n_load_from_bytes\n"


def zipped(members: Mapping[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
        for folder in {name.partition("/")[0] for name in members}:
            archive.writestr(f"{folder}/version", "3\n")  # torch looks for it
    return file.getvalue()


def twice(first: bytes, second: bytes) -> bytes:
    """Return a zip with two members of one name."""
    return zipped({"archive/data.pkl": first, "archive/dataXpkl": second}).replace(
        b"dataXpkl", b"data.pkl"
    )


def tarred(members: Mapping[str, bytes], form: int = tarfile.USTAR_FORMAT) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=form) as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return file.getvalue()


def without_magic(tar: bytes) -> bytes:
    """Return a tar of 1979, which has no magic number, with its checksum."""
    header = bytearray(tar[:512])
    header[257:265] = b"\0" * 8
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header) + tar[512:]


def loading(data: bytes) -> bytes:
    """Return a pickle in which torch would load bytes again."""
    return b"\x80\x03" + NESTED.encode() + b"B" + struct.pack("<I", len(data)) + data + b"\x85R."


def as_text(data: bytes) -> bytes:
    """Return the same with the bytes as encoded text, as Python writes them before protocol 3."""
    text = data.decode("latin-1").encode()
    length = struct.pack("<I", len(text))
    call = b"c_codecs\nencode\nX" + length + text + b"X\x06\0\0\0latin1\x86R\x85R."
    return b"\x80\x02" + NESTED.encode() + call


LEGACY = MAGIC + PLAIN + PLAIN + SAFE
HIDDEN: dict[str, bytes] = {
    "zip": zipped({"archive/data.pkl": CODE}),
    "zip, deflated": zipped({"archive/data.pkl": CODE}, zipfile.ZIP_DEFLATED),
    "zip, decoy first": zipped({"decoy/data.pkl": SAFE, "archive/data.pkl": CODE}),
    "zip, decoy last": zipped({"archive/data.pkl": CODE, "decoy/data.pkl": SAFE}),
    "zip, duplicate first": twice(CODE, SAFE),
    "zip, duplicate last": twice(SAFE, CODE),
    "zip, upper case": zipped({"archive/data.pkl": SAFE, "archive/DATA.PKL": CODE}),
    "zip, at the root": zipped({"data.pkl": CODE}),
    "zip, in another folder": zipped({"archive/data.pkl": SAFE, "archive/data/data.pkl": CODE}),
    "zip, constants": zipped({"archive/data.pkl": SAFE, "archive/constants.pkl": CODE}),
    "zip, another name": zipped({"archive/data.pkl": SAFE, "archive/extra": CODE}),
    "zip, a program": zipped({"archive/data.pkl": SAFE, "archive/code/a.py": b""}),
    "zip, another after it": zipped({"a/data.pkl": SAFE}) + zipped({"a/data.pkl": CODE}),
    "zip, hidden in the comment": zipped({"a/data.pkl": SAFE})[:-2] + b"\x04\0PK\5\6",
    "legacy, magic": CODE,
    "legacy, protocol": MAGIC + CODE,
    "legacy, system": MAGIC + PLAIN + CODE,
    "legacy, value": MAGIC + PLAIN + PLAIN + CODE,
    "legacy, storages": LEGACY + CODE,
    "tar": tarred({"pickle": CODE}),
    "tar, tensors": tarred({"pickle": SAFE, "tensors": PLAIN + CODE}),
    "tar, storages": tarred({"storages": PLAIN + CODE, "pickle": SAFE}),
    "tar, without magic": without_magic(tarred({"pickle": CODE})),
    "tar, pax": tarred({"pickle": CODE}, tarfile.PAX_FORMAT),
    "tar that is a pickle": tarred({CODE.decode() + "#": SAFE}),
    "after the pickle": SAFE + CODE,
    "text beyond ASCII": b"(dS'blobs'\nS'\xe9\xff'\nscposix\nsystem\n(S'touch ran'\ntR.",
    "truncated after the call": CODE[:-1],
    "unknown opcode after the call": CODE[:-1] + b"\xff",
    "stack global": b"\x80\x04\x8c\x05posix\x8c\x06system\x93\x8c\x09touch ran\x85R.",
    "stack global by the memo": (
        b"\x80\x04\x8c\x06system\x94\x8c\x05posix\x94h\x01h\x00\x93\x8c\x09touch ran\x85R."
    ),
    "stack global, computed": b"\x80\x04]\x8c\x06system\x93.",
    "stack global of attributes": b"\x80\x04\x8c\x08builtins\x8c\x0dset.__class__\x93.",
    "long name": b"c" + b"a" * 5000 + b"\nb\n.",
    "inst": b"(S'touch ran'\niposix\nsystem\n.",
    "object": b"(cposix\nsystem\nS'touch ran'\no.",
    "extension": b"\x80\x02\x82\x01.",
    "wide extension": b"\x80\x02\x84\x01\0\0\0.",
    "new object": b"\x80\x02cposix\nsystem\n)\x81.",
    "new object with keywords": b"\x80\x04cposix\nsystem\n)}\x92.",
    "call of a result": b"cbuiltins\nset\n)R)R.",
    "call of a persistent object": b"\x80\x02K\x01Q)R.",
    "attributes of an import": b"ccollections\nOrderedDict\n(dS'a'\nI1\nsb.",
    "bytes that torch loads": loading(MAGIC + PLAIN + PLAIN + CODE),
    "bytes that torch loads as zip": loading(zipped({"archive/data.pkl": CODE})),
    "text that torch loads": as_text(MAGIC + PLAIN + PLAIN + CODE),
    "bytes in bytes": loading(MAGIC + PLAIN + PLAIN + loading(LEGACY + SAFE) + SAFE),
    "computed bytes": b"\x80\x02" + NESTED.encode() + b"cbuiltins\nbytearray\n)R\x85R.",
}
