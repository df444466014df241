"""A graph -> the bytes of an ONNX file, the same ones on every machine.

An ONNX file is a protocol buffer (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto), of which
a graph of ours needs few kinds of fields. Written here they need no further package and their
SHA-256 depends on the weights alone.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

FLOAT, INT64 = 1, 7
CONTRIB = "com.microsoft"  # onnxruntime's own operators
_TYPES = {"float32": FLOAT, "int8": 3, "int64": INT64}
_IR_VERSION, _OPSET = 8, 17
_SMALL_BYTES = 1024

Attribute = float | int | Sequence[int]


class Graph:
    """Operators and constants, in the order in which they were added.

    Args:
        outside: large constants are only named in the file, and their values lent to the runtime:
            a float32 model is then neither copied nor written.
    """

    def __init__(self, *, outside: bool = False) -> None:
        self.constants: dict[str, NDArray[Any]] = {}
        self._outside = outside
        self._nodes: list[bytes] = []
        self._inputs: list[bytes] = []
        self._outputs: list[bytes] = []

    def constant(self, name: str, value: NDArray[Any]) -> str:
        """Add a constant and return its name."""
        import numpy as np

        self.constants[name] = np.ascontiguousarray(value).reshape(value.shape)
        return name

    def add(
        self, operator: str, inputs: Sequence[str], *outputs: str, of: str = "", **known: Attribute
    ) -> str:
        """Add an operator and return the name of its first output.

        Args:
            operator: its type.
            inputs: names of what it takes, "" for one left out.
            outputs: names of what it gives.
            of: the domain it is from, ONNX's own where not given.
            known: its attributes.
        """
        self._nodes.append(
            b"".join(_part(1, name) for name in inputs)
            + b"".join(_part(2, name) for name in outputs)
            + _part(3, outputs[0])
            + _part(4, operator)
            + b"".join(_part(5, _attribute(name, known[name])) for name in sorted(known))
            + (_part(7, of) if of else b"")
        )
        return outputs[0]

    def lent(self) -> dict[str, NDArray[Any]]:
        """Return the constants that are not in the file."""
        return {name: value for name, value in self.constants.items() if self._is_lent(value)}

    def _is_lent(self, value: NDArray[Any]) -> bool:
        # What a slice or a gather goes by must be seen when the graph is loaded.
        return self._outside and value.nbytes >= _SMALL_BYTES

    def takes(self, name: str, kind: int, shape: Sequence[int | str]) -> str:
        """Name an input of the graph."""
        self._inputs.append(_value(name, kind, shape))
        return name

    def gives(self, name: str, kind: int, shape: Sequence[int | str]) -> None:
        """Name an output of the graph."""
        self._outputs.append(_value(name, kind, shape))

    def dump(self) -> bytes:
        """Return the file."""
        tensors = (
            _tensor(name, value, lent=self._is_lent(value))
            for name, value in self.constants.items()
        )
        graph = (
            b"".join(_part(1, node) for node in self._nodes)
            + _part(2, "embedder")
            + b"".join(_part(5, tensor) for tensor in tensors)
            + b"".join(_part(11, value) for value in self._inputs)
            + b"".join(_part(12, value) for value in self._outputs)
        )
        versions = (("", _OPSET), (CONTRIB, 1))
        return (
            _number(1, _IR_VERSION)
            + _part(7, graph)
            + b"".join(_part(8, _part(1, domain) + _number(2, n)) for domain, n in versions)
        )


def _varint(value: int) -> bytes:
    value &= (1 << 64) - 1  # negative numbers are written as two's complement
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _part(field: int, value: bytes | str) -> bytes:
    content = value.encode() if isinstance(value, str) else value
    return _varint(field << 3 | 2) + _varint(len(content)) + content


def _attribute(name: str, value: Attribute) -> bytes:
    if isinstance(value, float):
        return _part(1, name) + _varint(2 << 3 | 5) + struct.pack("<f", value) + _number(20, 1)
    if isinstance(value, int):
        return _part(1, name) + _number(3, value) + _number(20, 2)
    return _part(1, name) + b"".join(_number(8, each) for each in value) + _number(20, 7)


def _tensor(name: str, value: NDArray[Any], *, lent: bool) -> bytes:
    head = b"".join(_number(1, size) for size in value.shape)
    head += _number(2, _TYPES[value.dtype.name]) + _part(8, name)
    if lent:
        return head + _part(13, _part(1, "location") + _part(2, "memory")) + _number(14, 1)
    return head + _part(9, value.astype(value.dtype.newbyteorder("<"), copy=False).tobytes())


def _value(name: str, kind: int, shape: Sequence[int | str]) -> bytes:
    sizes = (_number(1, size) if isinstance(size, int) else _part(2, size) for size in shape)
    tensor = _number(1, kind) + _part(2, b"".join(_part(1, size) for size in sizes))
    return _part(1, name) + _part(2, _part(1, tensor))
